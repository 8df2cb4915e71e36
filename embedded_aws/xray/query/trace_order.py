"""Traces in the order of their time, in memory: SQLite takes 25 ms to list a hundred thousand.

In arrays, 24 bytes for each: of millions, objects would take half a gigabyte.
"""

from __future__ import annotations

import heapq
import math
import sys
from array import array
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class TraceOrder:
    """Numbers of traces by (time, number); `traces` are such pairs, in this order.

    One that moves while they are read may come twice: where it was, and where it is.
    """

    def __init__(self, traces: Iterable[tuple[float, int]]) -> None:
        self._times = array("d")
        self._numbers = array("q")
        for time, number in traces:
            self._times.append(time)
            self._numbers.append(number)
        self._first = min(self._numbers, default=0)
        self._known = array("d", [math.nan]) * (max(self._numbers, default=-1) - self._first + 1)
        moved = []
        for time, number in zip(self._times, self._numbers, strict=True):
            known = self._known[number - self._first]
            if not math.isnan(known):
                moved.append((known, number))
            self._known[number - self._first] = time
        for known, number in moved:
            self._drop(known, number)

    def __len__(self) -> int:
        return len(self._numbers)

    @property
    def numbers(self) -> range:
        """All numbers of traces, and of some that are not there."""
        return range(self._first, self._first + len(self._known))

    def put(self, number: int, time: float) -> None:
        """Add a trace, or move it to another time."""
        self._make_room(number)
        known = self._known[number - self._first]
        if known == time:
            return
        if not math.isnan(known):
            self._drop(known, number)
        place = self._place(time, number)
        self._times.insert(place, time)
        self._numbers.insert(place, number)
        self._known[number - self._first] = time

    def time(self, number: int) -> float:
        """Return when a trace began; NaN for one that is not there."""
        return self._known[number - self._first] if number in self.numbers else math.nan

    def newest(self, start: float, end: float, before: tuple[float, int] | None, limit: int) -> array[int]:
        """List at most `limit` traces in [start, end) that are before (time, number), newest first."""
        first, last = self._places(start, end, before)
        return self._numbers[max(first, last - limit) : last][::-1]

    def count(self, start: float, end: float, before: tuple[float, int] | None) -> int:
        """Return how many traces `newest` would list."""
        first, last = self._places(start, end, before)
        return last - first

    def those(
        self,
        numbers: Iterable[int],
        start: float,
        end: float,
        before: tuple[float, int] | None,
        limit: int = sys.maxsize,
    ) -> list[int]:
        """Return those of the traces that `newest` would list without the others, newest first."""
        known, first, stop = self._known, self._first, self.numbers.stop
        found = [
            number for number in numbers if first <= number < stop and start <= known[number - first] < end
        ]
        if before:
            found = [number for number in found if (known[number - first], number) < before]
        if limit < len(found):
            return heapq.nlargest(limit, found, lambda number: (known[number - first], number))
        found.sort(reverse=True)
        found.sort(key=lambda number: known[number - first], reverse=True)
        return found

    def span(self, numbers: range) -> tuple[float, float]:
        """Return the first and the last time of these traces, which are neighbours."""
        known = self._known[max(0, numbers.start - self._first) : max(0, numbers.stop - self._first)]
        times = [time for time in known if not math.isnan(time)]
        return min(times, default=math.inf), max(times, default=-math.inf)

    def _drop(self, time: float, number: int) -> None:
        place = self._place(time, number)
        del self._times[place], self._numbers[place]

    def _make_room(self, number: int) -> None:
        if number < self._first:
            self._known = array("d", [math.nan]) * (self._first - number) + self._known
            self._first = number
        missing = number - self._first + 1 - len(self._known)
        if missing > 0:
            self._known.extend([math.nan] * missing)

    def _places(self, start: float, end: float, before: tuple[float, int] | None) -> tuple[int, int]:
        first, last = bisect_left(self._times, start), bisect_left(self._times, end)
        if before is not None:
            last = min(last, self._place(*before))
        return first, max(first, last)

    def _place(self, time: float, number: int) -> int:
        same = bisect_left(self._times, time)
        return bisect_left(self._numbers, number, same, bisect_right(self._times, time, lo=same))
