from __future__ import annotations

import select
import signal
import socket
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from embedded_aws.xray.intake.datagrams import Datagrams, _split
from embedded_aws.xray.intake.pump import MARK, pump

if TYPE_CHECKING:
    from collections.abc import Iterator


def framed(*datagrams: bytes) -> bytes:
    return b"".join(len(datagram).to_bytes(4, "big") + datagram for datagram in datagrams)


@pytest.fixture
def udp() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound


def send(udp: socket.socket, *datagrams: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for datagram in datagrams:
            sender.sendto(datagram, udp.getsockname())


def test_frames_are_split_wherever_the_stream_is_cut() -> None:
    """Byte by byte gives the same datagrams and marks as all at once."""
    stream = framed(b"one", b"", b"\xff\xff\xff\xff") + MARK + framed(b"two")
    buffer = bytearray()
    found: list[bytes] = []
    marks = 0
    for byte in stream:
        buffer.append(byte)
        batch, more = _split(buffer)
        found += batch
        marks += more
    assert (found, marks, bytes(buffer)) == ([b"one", b"", b"\xff\xff\xff\xff", b"two"], 1, b"")
    assert _split(bytearray(stream)) == (found, 1)


def run_pump(udp: socket.socket) -> tuple[threading.Thread, socket.socket]:
    ours, theirs = socket.socketpair()

    def run() -> None:
        with theirs:
            pump(udp, theirs)

    thread = threading.Thread(target=run)
    thread.start()
    ours.settimeout(5)
    return thread, ours


def test_the_pump_forwards_all_before_a_mark_and_before_it_ends(udp: socket.socket) -> None:
    """A mark follows what had arrived; when the reader is done, the rest comes and the pump ends."""
    thread, ours = run_pump(udp)
    with ours, ours.makefile("rb") as stream:
        send(udp, b"a", b"")
        ours.sendall(b"??")
        expected = framed(b"a", b"") + MARK + MARK
        assert stream.read(len(expected)) == expected
        send(udp, b"b")
        ours.shutdown(socket.SHUT_WR)
        assert stream.read() == framed(b"b")
    thread.join(5)
    assert not thread.is_alive()


def test_the_pump_ends_when_its_reader_is_gone(udp: socket.socket) -> None:
    """It does not outlive a process that was killed."""
    thread, ours = run_pump(udp)
    ours.close()
    thread.join(5)
    assert not thread.is_alive()


def test_the_pump_keeps_what_a_slow_reader_has_not_taken(udp: socket.socket) -> None:
    """More than any socket's buffer holds."""
    thread, ours = run_pump(udp)
    bodies = [bytes([number]) * 60_000 for number in range(100)]
    with ours, ours.makefile("rb") as stream:
        for body in bodies:
            send(udp, body)
            ours.sendall(b"?")
            while select.select([udp], [], [], 0)[0]:
                assert thread.is_alive()
        ours.shutdown(socket.SHUT_WR)
        received, marks = _split(bytearray(stream.read()))
    thread.join(5)
    assert (received, marks) == (bodies, len(bodies))


def test_the_process_ends_with_its_reader(udp: socket.socket) -> None:
    """Iteration yields what has come, then ends; the process has exited by itself."""
    datagrams = Datagrams(udp)
    send(udp, b"a", b"b")
    datagrams.end()
    assert [one for batch in datagrams for one in batch] == [b"a", b"b"]
    datagrams.close()
    assert datagrams._process.returncode == 0


def test_a_flush_after_the_end_is_not_done(udp: socket.socket) -> None:
    """It neither blocks nor raises."""
    datagrams = Datagrams(udp)
    datagrams.end()
    assert list(datagrams) == []
    datagrams.close()
    assert not datagrams.flush(0.1)


def test_a_process_that_dies_at_once_is_told(udp: socket.socket, caplog: pytest.LogCaptureFixture) -> None:
    """Iteration ends and the log says what that means."""
    datagrams = Datagrams(udp)
    datagrams._process.kill()
    assert list(datagrams) == []
    datagrams.close()
    assert "ended with status -9; nothing that is sent by UDP arrives any more" in caplog.text


def test_a_process_that_cannot_be_replaced_is_told(
    udp: socket.socket, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Iteration ends, and nobody waits for a flush any more."""
    datagrams = Datagrams(udp)
    batches = iter(datagrams)
    send(udp, b"before")
    assert next(batches) == [b"before"]
    monkeypatch.setattr(sys, "executable", "/no/python")
    datagrams._process.kill()
    assert list(batches) == []
    assert not datagrams.flush(30)
    datagrams.close()
    assert "nothing that is sent by UDP arrives any more until a restart" in caplog.text


def test_a_process_that_is_killed_is_replaced(udp: socket.socket, caplog: pytest.LogCaptureFixture) -> None:
    """What is sent before and after is there, and whoever waits for a flush meanwhile goes on."""
    datagrams = Datagrams(udp)
    batches = iter(datagrams)
    send(udp, b"before")
    assert next(batches) == [b"before"]
    first = datagrams._process
    first.send_signal(signal.SIGSTOP)  # so that it cannot answer the flush
    flushed: list[bool] = []
    waiting = threading.Thread(target=lambda: flushed.append(datagrams.flush(30)))
    waiting.start()
    while not datagrams._flushes:
        time.sleep(0.001)
    first.kill()
    first.wait()
    send(udp, b"after")
    assert next(batches) == [b"after"]

    def end() -> None:
        waiting.join()
        datagrams.end()

    ending = threading.Thread(target=end)
    ending.start()
    assert list(batches) == []
    ending.join()
    datagrams.close()
    assert flushed == [True]
    assert "another one receives from now on" in caplog.text
