"""How many X-Ray datagrams arrive while the receiving process computes: `python -m benchmarks.datagrams`.

One process sends small segments (`--count`), at three speeds. They are received by a thread of a process in
which another thread computes, or by a process of its own, as the daemon does it. Both have the receive buffer
that Linux gives by default, which the daemon enlarges where it may.
"""

from __future__ import annotations

import argparse
import contextlib
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table

from embedded_aws.xray.intake.datagrams import Datagrams

BUFFER_BYTES = 212_992
"""Linux's `net.core.rmem_default`; to ask for half of it gives it."""
PAUSES = {"without a pause": 0, "at most 20,000/s": 50, "at most 5,000/s": 200}
"""Microseconds after each datagram."""
DATAGRAM = b'{"format":"json","version":1}\n{"id":"%016x"' + b" " * 600 + b"}"
SENDER = """
import socket, sys, time
port, count, pause, datagram = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4].encode()
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for number in range(count):
    sender.sendto(datagram % number, ("127.0.0.1", port))
    until = time.perf_counter() + pause / 1e6
    while time.perf_counter() < until:
        pass
"""
QUIET_SECONDS = 1.0


class Thread:
    """Receives as a thread of this process."""

    def __init__(self, udp: socket.socket) -> None:
        self._udp = udp
        self._udp.settimeout(QUIET_SECONDS)
        self.received = 0
        self._thread = threading.Thread(target=self._receive)
        self._thread.start()

    def _receive(self) -> None:
        with contextlib.suppress(TimeoutError):
            while self._udp.recv(65_535):
                self.received += 1

    def close(self) -> None:
        self._thread.join()
        self._udp.close()


class Process:
    """Receives in a process of its own, whose batches a thread of this one takes."""

    def __init__(self, udp: socket.socket) -> None:
        self._datagrams = Datagrams(udp)  # enlarges the buffer
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES // 2)
        self.received = 0
        self._thread = threading.Thread(target=self._receive)
        self._thread.start()
        self._datagrams.flush(10)  # the process has started

    def _receive(self) -> None:
        for batch in self._datagrams:
            self.received += len(batch)

    def close(self) -> None:
        self._datagrams.flush(30)
        self._datagrams.end()
        self._thread.join()
        self._datagrams.close()


@contextmanager
def computing() -> Iterator[None]:
    """Let another thread compute, as a filter over many traces or a deployment does."""
    over = threading.Event()

    def compute() -> None:
        while not over.is_set():
            sum(range(1000))

    thread = threading.Thread(target=compute)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def arrived(receiver: Callable[[socket.socket], Thread | Process], count: int, pause: int) -> int:
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES // 2)
    port = udp.getsockname()[1]
    receiving = receiver(udp)
    with computing():
        given = (str(port), str(count), str(pause), DATAGRAM.decode())
        subprocess.run([sys.executable, "-I", "-S", "-c", SENDER, *given], check=True)
        receiving.close()
    return receiving.received


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=10_000, help="how many (default: 10000)")
    given = parser.parse_args()
    table = Table(f"of {given.count:,} received by", *PAUSES)
    for name, receiver in (("a thread", Thread), ("a process of its own", Process)):
        table.add_row(name, *(f"{arrived(receiver, given.count, pause):,}" for pause in PAUSES.values()))
    Console().print(table)


if __name__ == "__main__":
    main()
