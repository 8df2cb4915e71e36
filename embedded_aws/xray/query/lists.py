"""Lists of traces as a console shows them: sorted by a column, with figures over all of them.

X-Ray has no such operations: GetTraceSummaries has an order of its own, and a client that wants figures over
a hundred thousand traces would have to read a hundred thousand summaries.
"""

from __future__ import annotations

import math
import sys
import threading
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from embedded_aws.xray.query.columns import Column, Columns

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from embedded_aws.aws.ids import Clock
    from embedded_aws.xray.query.columns import Load
    from embedded_aws.xray.query.failures import Failure
    from embedded_aws.xray.query.filters.syntax import Expression
    from embedded_aws.xray.query.statistics import Outcome
    from embedded_aws.xray.query.trace_index import TraceIndex

Order = Literal["began", Column]
ORDERS: tuple[str, ...] = ("began", *get_args(Column))

PATIENCE = 0.15
"""Seconds after which a question is answered by what was read so far: the caller asks again for the rest."""
MOST_FAILURES = 50
_FEW = 20_000
"""So many traces are sorted for themselves; of more, the order of all is kept."""
_FIRST_LOOK = 1_000


@dataclass(frozen=True)
class Wanted:
    """Which traces: those that began in [start, end), for which `expression` holds and that failed alike.

    `failure` is the key of a `Failure`.
    """

    start: float
    end: float
    expression: Expression | None = None
    failure: str | None = None


@dataclass(frozen=True)
class Listed:
    """Numbers of traces in their order; after `last` it goes on.

    `unread` were not looked at for want of time.
    """

    numbers: list[int]
    last: int | None
    unread: int


@dataclass(frozen=True)
class FailedAlike:
    """How many traces failed in one way, and which of them began last."""

    failure: Failure
    count: int
    newest: int


@dataclass(frozen=True)
class Figures:
    """Counts of traces by their time in seconds, to three digits, and by outcome; and their failures."""

    total: int
    unread: int
    responses: dict[float, dict[Outcome, int]]
    failures: list[FailedAlike]
    other_failures: int


class Lists:
    """Usable from any thread; `load` returns those of the traces with these numbers that there are."""

    def __init__(self, index: TraceIndex, load: Load, monotonic: Clock) -> None:
        self._index = index
        self._columns = Columns(load)
        self._monotonic = monotonic
        self._lock = threading.Lock()
        index.follow(self._columns)

    def page(
        self, wanted: Wanted, order: Order, *, descending: bool, after: int | None, limit: int
    ) -> Listed:
        """List at most `limit` of the traces in this order, after the trace `after`."""
        with self._lock:
            if order == "began" and descending and wanted.failure is None:
                found, unread = self._newest(wanted, after, limit + 1)
            else:
                numbers, unread = self._chosen(wanted, needs_columns=order != "began")
                if order == "began":
                    found = _following(numbers if descending else numbers[::-1], after, limit + 1)
                else:
                    found = self._by_column(
                        numbers, order, descending=descending, after=after, limit=limit + 1
                    )
        page = list(found[:limit])
        return Listed(page, page[-1] if len(found) > limit else None, unread)

    def figures(self, wanted: Wanted) -> Figures:
        """Count all of the traces, as far as they could be read."""
        with self._lock:
            numbers, unread = self._chosen(wanted, needs_columns=True)
            kinds = self._columns.counted(numbers)
            responses: defaultdict[float, dict[Outcome, int]] = defaultdict(dict)
            failed: Counter[str] = Counter()
            for kind, count in kinds.items():
                row = responses[kind.seconds]
                row[kind.outcome] = row.get(kind.outcome, 0) + count
                if kind.failure is not None:
                    failed[kind.failure] += count
            return Figures(sum(kinds.values()), unread, dict(responses), *self._failures(numbers, failed))

    def _failures(self, numbers: Sequence[int], failed: Counter[str]) -> tuple[list[FailedAlike], int]:
        most = failed.most_common(MOST_FAILURES)
        newest = self._columns.newest_failed(numbers, {key for key, _ in most})
        found = [FailedAlike(self._columns.failures[key], count, newest[key]) for key, count in most]
        return found, failed.total() - sum(group.count for group in found)

    def _newest(self, wanted: Wanted, after: int | None, limit: int) -> tuple[Sequence[int], int]:
        """Return the newest traces after a trace, none if that is gone; what comes later is not looked at."""
        before = None if after is None else self._index.place(after)
        if after is not None and before is None:
            return [], 0
        return self._matching(wanted, self._has_time(), before, limit)

    def _chosen(self, wanted: Wanted, *, needs_columns: bool) -> tuple[Sequence[int], int]:
        """Return the traces, newest first, and how many could not be looked at in time."""
        has_time = self._has_time()
        numbers, unread = self._matching(wanted, has_time)
        self._columns.keep_up(lambda: self._index.newest(-math.inf, math.inf, None, sys.maxsize))
        if needs_columns or wanted.failure is not None:
            unread += self._columns.read(numbers, has_time)
        if wanted.failure is not None:
            numbers = self._columns.failed(numbers, wanted.failure)
        return numbers, unread

    def _has_time(self) -> Callable[[], bool]:
        end = self._monotonic() + PATIENCE
        return lambda: self._monotonic() < end

    def _matching(
        self,
        wanted: Wanted,
        has_time: Callable[[], bool],
        before: tuple[float, int] | None = None,
        limit: int = sys.maxsize,
    ) -> tuple[Sequence[int], int]:
        """Return the traces for which the expression holds, and how many could not be looked at in time."""
        if wanted.expression is None:
            return self._index.newest(wanted.start, wanted.end, before, limit), 0
        found = self._index.matching(
            wanted.expression, wanted.start, wanted.end, before, has_time=has_time, limit=limit
        )
        if found is None:
            numbers = self._index.newest(wanted.start, wanted.end, before, sys.maxsize)
            found = self._selected(wanted.expression, numbers, has_time, limit)
        return found

    def _selected(
        self, expression: Expression, numbers: Sequence[int], has_time: Callable[[], bool], limit: int
    ) -> tuple[list[int], int]:
        found: list[int] = []
        place, look = 0, _FIRST_LOOK
        while place < len(numbers) and (not place or has_time()):
            before = self._index.loaded
            found += self._index.select(expression, numbers[place : place + look])
            place += look
            look = _FIRST_LOOK if self._index.loaded > before else look * 8
            if len(found) >= limit:
                return found[:limit], 0
        return found, max(0, len(numbers) - place)

    def _by_column(
        self, numbers: Sequence[int], column: Column, *, descending: bool, after: int | None, limit: int
    ) -> list[int]:
        if len(numbers) <= _FEW:
            return _following(self._columns.sorted(numbers, column, descending=descending), after, limit)
        order = self._columns.order(column)
        if after is not None and not self._columns.is_here(after):
            return []
        place = None if after is None else self._place(order, column, after)
        steps = range(len(order))[:place][::-1] if descending else range(len(order))[_next(place) :]
        chosen = set(numbers)
        found = []
        for step in steps:
            if order[step] in chosen:
                found.append(order[step])
                if len(found) == limit:
                    break
        return found

    def _place(self, order: Sequence[int], column: Column, number: int) -> int:
        value_of = self._columns.value_of(column)
        value = value_of(number)
        first, last = bisect_left(order, value, key=value_of), bisect_right(order, value, key=value_of)
        return order.index(number, first, last)


def _next(place: int | None) -> int:
    return 0 if place is None else place + 1


def _following(ordered: Sequence[int], after: int | None, limit: int) -> list[int]:
    """Return what comes after a trace; nothing when that is gone."""
    if after is None:
        return list(ordered[:limit])
    try:
        place = ordered.index(after) + 1
    except ValueError:
        return []
    return list(ordered[place : place + limit])
