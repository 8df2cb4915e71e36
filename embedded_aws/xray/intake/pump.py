"""A process of its own that empties the daemon's UDP socket, so that no datagram is lost.

Run as a script with the numbers of two inherited descriptors: the bound UDP socket and one end of a
stream socket pair. It needs nothing but the standard library and starts without site-packages.

Why a process: a datagram that finds the socket's buffer full is lost without a trace. A thread that
receives has to get Python's interpreter lock for every datagram; while another thread of the embedded
AWS computes it gets that lock about 200 times a second, and a burst of 10,000 segments is gone.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import sys

LENGTH_BYTES = 4
MARK = b"\xff" * LENGTH_BYTES
"""Sent back for each byte that the reader sends, after all that had arrived before it."""

_MOST_PENDING = 256 * 1024 * 1024
"""Bytes kept in memory for a reader that is slower than the senders; then the socket's buffer fills."""

_MOST_DATAGRAM = 65_535


def pump(udp: socket.socket, reader: socket.socket) -> None:
    """Forward datagrams, each after its length, until the reader closes its sending side or is gone."""
    udp.setblocking(False)
    reader.setblocking(False)
    pending = bytearray()
    with selectors.DefaultSelector() as selector, contextlib.suppress(BrokenPipeError, ConnectionResetError):
        selector.register(udp, selectors.EVENT_READ)
        selector.register(reader, selectors.EVENT_READ)
        while True:
            ready = {key.fileobj: mask for key, mask in selector.select()}
            _drain(udp, pending)
            if ready.get(reader, 0) & selectors.EVENT_READ:
                requests = reader.recv(4096)
                _drain(udp, pending)
                if not requests:
                    break
                pending += MARK * len(requests)
            _send(reader, pending)
            _watch(selector, udp, reader, pending)
        reader.setblocking(True)
        reader.sendall(pending)


def _drain(udp: socket.socket, pending: bytearray) -> None:
    with contextlib.suppress(BlockingIOError):
        while len(pending) < _MOST_PENDING:
            datagram = udp.recv(_MOST_DATAGRAM)
            pending += len(datagram).to_bytes(LENGTH_BYTES, "big")
            pending += datagram


def _send(reader: socket.socket, pending: bytearray) -> None:
    if pending:
        with contextlib.suppress(BlockingIOError):
            del pending[: reader.send(pending)]


def _watch(
    selector: selectors.BaseSelector, udp: socket.socket, reader: socket.socket, pending: bytearray
) -> None:
    """Wait for what can be done: room in memory for more datagrams, something to send."""
    writing = selectors.EVENT_WRITE if pending else 0
    selector.modify(reader, selectors.EVENT_READ | writing)
    full = len(pending) >= _MOST_PENDING
    if full and udp in selector.get_map():
        selector.unregister(udp)
    elif not full and udp not in selector.get_map():
        selector.register(udp, selectors.EVENT_READ)


if __name__ == "__main__":
    pump(socket.socket(fileno=int(sys.argv[1])), socket.socket(fileno=int(sys.argv[2])))
