"""Ids that count, so that documents can be compared whole."""

from __future__ import annotations


class CountingIds:
    def __init__(self) -> None:
        self._last = 0

    def trace_id(self, now: float) -> str:
        return f"1-{int(now):08x}-{self._next():024x}"

    def segment_id(self) -> str:
        return f"{self._next():016x}"

    def request_id(self) -> str:
        return f"request-{self._next()}"

    def _next(self) -> int:
        self._last += 1
        return self._last
