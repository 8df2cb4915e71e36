"""What functions write, kept per log group: a tail in memory and a file in the work directory."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import BinaryIO, cast

_TAIL_BYTES = 4096
"""Bytes of the log that Invoke returns with `LogType=Tail`."""

_KEPT_CHUNKS = 5_000
_FILE_BYTES = 10 * 1024 * 1024


class LogGroup:
    """The log of one function; the file starts anew beyond 10 MB, the previous one is kept as `*.1`."""

    def __init__(self, name: str, directory: Path) -> None:
        self.name = name
        self._path = directory / (name.strip("/").replace("/", "_") + ".log")
        self._chunks: deque[bytes] = deque(maxlen=_KEPT_CHUNKS)
        self._file: BinaryIO | None = None

    def write(self, chunk: bytes) -> None:
        """Append output; the runtime client ends the lines of one error with a carriage return."""
        chunk = chunk.replace(b"\r", b"\n")
        self._chunks.append(chunk)
        file = self._open()
        file.write(chunk)
        if file.tell() > _FILE_BYTES:
            self.close()
            self._path.replace(self._path.with_suffix(".log.1"))

    def close(self) -> None:
        """Close the file; what is in memory stays."""
        if self._file:
            self._file.close()
            self._file = None

    def _open(self) -> BinaryIO:
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = cast("BinaryIO", self._path.open("ab", buffering=0))
        return self._file

    def text(self) -> str:
        """Return what is kept in memory, oldest first."""
        return b"".join(self._chunks).decode(errors="replace")


class InvocationLog:
    """The lines of one invocation, which also go to its log group."""

    def __init__(self, group: LogGroup) -> None:
        self._group = group
        self._tail = b""

    def write(self, chunk: bytes) -> None:
        self._group.write(chunk)
        self._tail = (self._tail + chunk.replace(b"\r", b"\n"))[-_TAIL_BYTES:]

    def start(self, request_id: str, version: str) -> None:
        self.write(f"START RequestId: {request_id} Version: {version}\n".encode())

    def tail(self) -> bytes:
        """Return the last 4 KB."""
        return self._tail


def report(
    request_id: str,
    duration: float,
    memory: int,
    *,
    peak: int | None,
    init: float | None,
    status: str | None,
    trace: tuple[str, str] | None,
) -> bytes:
    """Return the lines `END` and `REPORT`; times in seconds, memory in MB, `trace` = (root, segment id).

    https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
    """
    billed = -(-int((duration + (init or 0.0)) * 1_000_000) // 1000)
    fields = [
        f"REPORT RequestId: {request_id}",
        f"Duration: {duration * 1000:.2f} ms",
        f"Billed Duration: {billed} ms",
        f"Memory Size: {memory} MB",
    ]
    if peak is not None:
        fields.append(f"Max Memory Used: {peak} MB")
    if init is not None:
        fields.append(f"Init Duration: {init * 1000:.2f} ms")
    if status:
        fields.append(f"Status: {status}")
    lines = [f"END RequestId: {request_id}", "\t".join(fields) + "\t"]
    if trace:
        lines.append(f"XRAY TraceId: {trace[0]}\tSegmentId: {trace[1]}\tSampled: true\t")
    return ("\n".join(lines) + "\n").encode()
