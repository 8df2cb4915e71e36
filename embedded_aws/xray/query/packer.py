"""Packs traces in a process of its own: to work out a trace takes longer than to store it.

Whoever stores or reads meanwhile would wait for the interpreter that packs.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from multiprocessing.connection import Connection, Pipe
from typing import TYPE_CHECKING

from embedded_aws.xray.query import packs
from embedded_aws.xray.query.digests import digest_of
from embedded_aws.xray.query.packs import packed
from embedded_aws.xray.query.traces import assemble

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from embedded_aws.xray.query.packs import Loose, Packed

_LOG = logging.getLogger(__name__)

IDLE_SECONDS = 20.0
"""After so long without work the process ends: it takes some 25 MB."""
_START = "import sys; sys.path[:] = {!r}; from embedded_aws.xray.query.packer import serve; serve({})"


class Packer:
    """One thread packs; `close` may be called from others, and lets it return at once."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._worker: tuple[subprocess.Popen[bytes], Connection] | None = None
        self._used = 0.0
        self._is_closed = False

    def pack(self, traces: Sequence[Loose]) -> Packed | None:
        """Return the traces packed; `None` when the process ended before it was done.

        Raises `OSError` when none can be started.
        """
        with self._lock:
            if self._is_closed:
                return None
            self._worker = self._worker or _started()
            _, stream = self._worker
        try:
            # To write all of it in one go could take a tenth of a second, in which nobody else runs.
            for some in packs.steps(traces):
                stream.send(some)
            stream.send(traces[0].number // packs.PART * packs.PART)
            answer: Packed | str = stream.recv()
        except (OSError, EOFError):
            self._end()
            return None
        self._used = self._monotonic()
        if isinstance(answer, str):
            _LOG.warning("%d traces cannot be packed, and stay as they are: %s", len(traces), answer)
            return None
        return answer

    def rest(self) -> None:
        """End the process if nothing was packed for long."""
        if self._worker and self._monotonic() - self._used > IDLE_SECONDS:
            self._end()

    def close(self) -> None:
        """Let nothing be packed any more."""
        self._is_closed = True
        self._end()

    def _end(self) -> None:
        with self._lock:
            worker, self._worker = self._worker, None
        if worker:
            process, _ = worker
            process.kill()  # it holds nothing; who waits for its answer is told by the end of the stream
            process.wait()


def _started() -> tuple[subprocess.Popen[bytes], Connection]:
    ours, theirs = Pipe()
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-I", "-c", _START.format(sys.path, theirs.fileno())],
            pass_fds=(theirs.fileno(),),
            # Ctrl-C ends the embedded AWS in order; the packer ends when its reader does.
            start_new_session=True,
            stdin=subprocess.DEVNULL,
        )
    return process, ours


def serve(descriptor: int) -> None:
    """Pack what comes, until nobody is there any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(5)
    with Connection(descriptor) as stream:
        while True:
            try:
                stream.send(_received(stream))
            except (OSError, EOFError):
                return


def _received(stream: Connection) -> Packed | str:
    """Take traces, some at a time, then the first number of their part; return them packed, or why not."""
    traces: list[Loose] = []
    while isinstance(some := stream.recv(), list):
        traces += some
    try:
        return made(some, traces)
    except Exception as error:  # noqa: BLE001 - what some traces bring must not keep others from being packed
        return f"{type(error).__name__}: {error}"


def made(first: int, traces: Iterable[Loose]) -> Packed:
    """Pack the traces of the part that begins with the number `first`."""
    return packed(first, [_digested(trace) for trace in traces])


def _digested(loose: Loose) -> Loose:
    if loose.digest:
        return loose
    trace = assemble(loose.id, [document.body for document in loose.documents])
    if trace is None or trace.unreadable:
        return loose
    return loose._replace(digest=digest_of(trace, lambda _: {}))
