"""The daemon's UDP socket, emptied by a process of its own (see `pump`)."""

from __future__ import annotations

import contextlib
import logging
import socket
import struct
import subprocess
import sys
import threading
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

from embedded_aws.xray.intake import pump

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger(__name__)

_BUFFER_BYTES = 16 * 1024 * 1024
_CHUNK_BYTES = 1024 * 1024
_STOP_SECONDS = 2.0

# Linux only, so Python's socket module does not name them.
_SO_RCVBUFFORCE = 33
_SO_MEMINFO = 55
_MEMINFO = struct.Struct("9I")


class Datagrams:
    """All datagrams that reach `udp`, a bound socket, in batches of whatever has arrived.

    One thread iterates; `flush` and `close` may be called from others.
    """

    def __init__(self, udp: socket.socket) -> None:
        _enlarge_buffer(udp)
        self._udp = udp
        self._flushes: deque[threading.Event] = deque()
        self._turn = threading.Lock()
        self._ended = False
        self._process, self._stream = _start_pump(udp)

    def __iter__(self) -> Iterator[list[bytes]]:
        """Yield batches until `close`; the events of a flush are set when the next batch is asked for.

        A process that ends by itself, as one that the system kills for want of memory, is replaced if it can
        be. One of which nothing has come is not: the next would end as well.
        """
        while True:
            came = False
            for batch, marks in self._received():
                came = True
                if batch:
                    yield batch
                for _ in range(marks):
                    self._flushes.popleft().set()
            if self._ended:
                return
            status = self._process.wait()
            if not (came and self._replace()):
                self._ended = True
                logger.error(
                    "The process that receives X-Ray's datagrams ended with status %s;"
                    " nothing that is sent by UDP arrives any more until a restart",
                    status,
                )
                return
            logger.warning(
                "The process that receives X-Ray's datagrams ended with status %s; what it held is lost, and"
                " another one receives from now on",
                status,
            )

    def _received(self) -> Iterator[tuple[list[bytes], int]]:
        buffer = bytearray()
        with contextlib.suppress(ConnectionResetError):  # it was killed before it read what was asked of it
            while chunk := self._stream.recv(_CHUNK_BYTES):
                buffer += chunk
                yield _split(buffer)

    def _replace(self) -> bool:
        """Start another process, unless the end was asked for; tell whether that went well."""
        with self._turn:
            if self._ended:
                return True
            self._stream.close()
            try:
                self._process, self._stream = _start_pump(self._udp)
                self._stream.sendall(b"?" * len(self._flushes))
            except OSError:  # there is no room for one, or it has ended already
                return False
            return True

    def flush(self, timeout: float) -> bool:
        """Wait until all that was sent before this call has been handled; false if that took longer."""
        done = threading.Event()
        with self._turn:
            if self._ended:
                return False
            self._flushes.append(done)
            with contextlib.suppress(OSError):  # the process is gone; what replaces it will be asked
                self._stream.sendall(b"?")
        return done.wait(timeout)

    def lost(self) -> int:
        """How many datagrams the kernel dropped for want of room; 0 where it does not say."""
        if sys.platform != "linux":
            return 0
        with contextlib.suppress(OSError):
            return int(
                _MEMINFO.unpack(self._udp.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size))[8]
            )
        return 0

    def end(self) -> None:
        """Ask the pump to send what it has and to end; iteration ends with it."""
        with self._turn, contextlib.suppress(OSError):
            self._ended = True
            self._stream.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Release the process and the sockets, once iteration has ended."""
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._stream.close()
        self._udp.close()


def _start_pump(udp: socket.socket) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """Start the process; return it with our end of the stream that it sends to. Raises `OSError`."""
    ours, theirs = socket.socketpair()
    with theirs, contextlib.ExitStack() as unless_started:
        unless_started.callback(ours.close)
        # -I and -S: nothing of the user's environment, and a start of some 10 ms.
        command = [sys.executable, "-I", "-S", str(Path(pump.__file__))]
        process = subprocess.Popen(
            [*command, str(udp.fileno()), str(theirs.fileno())],
            pass_fds=(udp.fileno(), theirs.fileno()),
            # Ctrl-C ends the embedded AWS in order; the pump ends when its reader does.
            start_new_session=True,
            stdin=subprocess.DEVNULL,
        )
        unless_started.pop_all()
    return process, ours


def _split(buffer: bytearray) -> tuple[list[bytes], int]:
    """Take the complete datagrams and the marks off the front of the buffer."""
    batch: list[bytes] = []
    marks = position = 0
    while len(buffer) - position >= pump.LENGTH_BYTES:
        body = position + pump.LENGTH_BYTES
        length = bytes(buffer[position:body])
        if length == pump.MARK:
            marks += 1
            position = body
            continue
        end = body + int.from_bytes(length, "big")
        if end > len(buffer):
            break
        batch.append(bytes(buffer[body:end]))
        position = end
    del buffer[:position]
    return batch, marks


def _enlarge_buffer(udp: socket.socket) -> None:
    """Take the largest receive buffer that the system grants; Linux caps it, macOS refuses too much."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            udp.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER_BYTES)
            return
    size = _BUFFER_BYTES
    while size >= 256 * 1024:
        with contextlib.suppress(OSError):
            udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
            return
        size //= 2
