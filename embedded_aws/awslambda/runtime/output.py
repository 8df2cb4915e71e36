"""Cuts what a worker writes into log events.

On AWS the runtime client writes log records as frames to a descriptor of its own, so that a record of several
lines stays one event, and whatever else is written to stdout and stderr is cut into lines. Here both come
through one pipe, so that their order is kept.
"""

from __future__ import annotations

import re
from typing import NamedTuple

MAX_EVENT = 256 * 1024
"""Bytes of one event; what is longer goes on in the next one."""

# Type (level and format of the record), length, microseconds since the epoch; then the text.
_FRAME = re.compile(rb"\xa5\x5a\x00[\x02\x03\x0a\x0b\x0e\x0f\x12\x13\x16\x17\x1a\x1b]")
_HEADER_BYTES = 16
# Line feeds alone end a line: a carriage return keeps lines in one event.
_LINE = re.compile(rb"[^\n]*\n|[^\n]+")


class Piece(NamedTuple):
    """The text of one event; `time` in epoch seconds is there for records of the runtime client."""

    text: str
    time: float | None = None


class Output:
    """The output of one worker; what has not come to its end waits."""

    def __init__(self) -> None:
        self._waiting = b""
        self._left = 0
        self._time = 0.0

    def feed(self, chunk: bytes) -> list[Piece]:
        """Return the events that a further chunk completes."""
        self._waiting += chunk
        pieces: list[Piece] = []
        while self._waiting:
            size = len(self._waiting)
            (self._take_frame if self._left else self._take_lines)(pieces)
            if len(self._waiting) == size:
                break
        return pieces

    def rest(self) -> list[Piece]:
        """Return what waits for its end: it will not come."""
        text, self._waiting, self._left = self._waiting, b"", 0
        return [_piece(text)] if text else []

    def _take_frame(self, pieces: list[Piece]) -> None:
        size = min(self._left, MAX_EVENT)
        if len(self._waiting) >= size:
            pieces.append(_piece(self._waiting[:size], self._time))
            self._waiting = self._waiting[size:]
            self._left -= size

    def _take_lines(self, pieces: list[Piece]) -> None:
        frame = _FRAME.search(self._waiting)
        if frame and frame.start() == 0:
            self._begin_frame()
            return
        # A line without an end ends where a frame begins.
        end = frame.start() if frame else self._waiting.rfind(b"\n") + 1
        if not end and len(self._waiting) >= MAX_EVENT:
            end = MAX_EVENT
        lines, self._waiting = self._waiting[:end], self._waiting[end:]
        for line in _LINE.findall(lines):
            pieces.extend(_piece(line[at : at + MAX_EVENT]) for at in range(0, len(line), MAX_EVENT))

    def _begin_frame(self) -> None:
        header = self._waiting[:_HEADER_BYTES]
        if len(header) == _HEADER_BYTES:
            self._left = int.from_bytes(header[4:8], "big")
            self._time = int.from_bytes(header[8:], "big") / 1_000_000
            self._waiting = self._waiting[_HEADER_BYTES:]


def _piece(text: bytes, time: float | None = None) -> Piece:
    return Piece(text.decode("utf-8", "replace"), time)
