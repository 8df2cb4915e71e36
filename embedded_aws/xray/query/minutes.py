"""The service graph of a time range, summed from periods that are worked out once.

An hour of a busy test run has 100,000 traces. Summing them anew takes seconds, and the map is asked for
again and again while requests come in; but only the latest minute changes then. A range rarely begins and
ends with a minute: what is left at its ends is summed from shorter periods.
"""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING

from embedded_aws.xray.query import packs
from embedded_aws.xray.query.graph import Graph
from embedded_aws.xray.query.packed_graph import PackedGraph

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from embedded_aws.xray.query.rows import PeriodState, Row
    from embedded_aws.xray.query.store import Store

MINUTE = 60
PERIODS = (600, MINUTE, 5, 1)
"""Seconds, longest first. Those of more than a minute are summed from minutes."""
MAX_PERIODS = 24 * 60
"""Periods that are kept in memory, of a minute and more: one day of minutes."""
MOST_COUNTS = 4_000_000
"""Counts that they have in all: some 50 MB. An hour of 100,000 traces has 700,000, and is asked for as a
whole: if it did not fit, nothing of it would be found ready."""
_SHORT_PERIODS = 24
"""Periods of less than a minute that are kept, of each length: a range has few, another one has others."""
_SUMS = 4
"""Sums of neighbouring periods that are kept: those of ten minutes, and of the minutes before and after."""
SETTLED = 10.0
"""Seconds after which nothing is added to a period that was quiet: what it then loses, it loses for good."""


class MinuteGraphs:
    """Sums graphs by period; `graph_of` sums the traces of some rows.

    With `uses_packed` all traces count, and packed ones are summed by minute already.
    """

    def __init__(
        self, store: Store, graph_of: Callable[[Iterable[Row]], Graph], *, uses_packed: bool = False
    ) -> None:
        self._store = store
        self._uses_packed = uses_packed
        self._graph_of = graph_of
        self._lock = threading.Lock()
        self._kept: dict[int, dict[int, tuple[PeriodState, PackedGraph]]] = {length: {} for length in PERIODS}
        self._sums: dict[tuple[int, int, int], tuple[list[PeriodState], PackedGraph]] = {}
        self._counts = 0
        self._newest = -math.inf

    def between(self, start: float, end: float) -> Graph:
        """Sum the traces that began in [start, end)."""
        total = Graph()
        self._add(total, start, end, PERIODS)
        return total

    def _add(self, total: Graph, start: float, end: float, periods: tuple[int, ...]) -> None:
        if start >= end:
            return
        if not periods:
            total.merge(self._sum(start, end))
            return
        length, *shorter = periods
        first, last = math.ceil(start / length), math.floor(end / length)
        if first >= last:
            self._add(total, start, end, tuple(shorter))
            return
        # The most at first: what is added to nothing is copied.
        self._together(length, first, last).add_to(total)
        self._add(total, start, first * length, tuple(shorter))
        self._add(total, last * length, end, tuple(shorter))

    def _together(self, length: int, first: int, last: int) -> PackedGraph:
        """Sum neighbouring periods; the same ones as lately only if one of them has changed."""
        states = self._store.periods(length, first, last)
        self._forget_gone(length, range(first, last), {state.period for state in states})
        key = length, first, last
        with self._lock:
            kept = self._sums.pop(key, None)
        if kept is None or not self._are_still_true(kept[0], states):
            total = Graph()
            for state in states:
                self._period(length, state).add_to(total)
            kept = states, PackedGraph.of(total)
        if length >= MINUTE:
            with self._lock:
                self._sums[key] = kept
                while len(self._sums) > _SUMS:
                    del self._sums[next(iter(self._sums))]
        return kept[1]

    def _period(self, length: int, state: PeriodState) -> PackedGraph:
        self._newest = max(self._newest, state.updated)
        kept = self._kept[length].get(state.period)
        if kept is None or not self._is_still_true(kept[0], state):
            # Rows that are newer than `state` do no harm: the next look at the period sees another state.
            start = state.period * length
            kept = state, PackedGraph.of(self._summed(start, length))
        with self._lock:
            self._drop(length, state.period)
            self._kept[length][state.period] = kept
            self._counts += kept[1].size
            self._drop_oldest(length)
        return kept[1]

    def _drop_oldest(self, length: int) -> None:
        """Drop what was asked for longest ago; for want of room the longest periods first.

        Minutes are summed soonest from what is packed; of a sum of many, the sum itself is kept.
        """
        periods = self._kept[length]
        while len(periods) > (MAX_PERIODS if length >= MINUTE else _SHORT_PERIODS):
            self._drop(length, next(iter(periods)))
        for each, kept in self._kept.items():
            while self._counts > MOST_COUNTS and len(kept) > 1:
                self._drop(each, next(iter(kept)))

    def _forget_gone(self, length: int, asked: range, there: set[int]) -> None:
        """Drop the periods that were asked for and have no trace any more."""
        with self._lock:
            for period in [each for each in self._kept[length] if each in asked and each not in there]:
                self._drop(length, period)

    def _summed(self, start: int, length: int) -> Graph:
        if length > MINUTE:
            total = Graph()
            self._add(total, start, start + length, PERIODS[PERIODS.index(length) + 1 :])
            return total
        if length == MINUTE and self._uses_packed:
            return self._minute(start)
        return self._sum(start, start + length)

    def _minute(self, start: int) -> Graph:
        """Sum the parts that are packed and as they were then, and each trace of the others."""
        packed = Graph()
        done = []
        for part, *sums in self._store.parts_between(start, start + MINUTE):
            blob = self._store.packed_facts(part, packs.MINUTES)
            if blob and (graph := packs.minute(blob, start // MINUTE, *sums)):
                packed.merge(graph)
                done.append(part)
        total = self._sum(start, start + MINUTE, done)
        total.merge(packed)
        return total

    def _sum(self, start: float, end: float, without: Collection[int] = ()) -> Graph:
        total = Graph()
        for rows in self._store.batches(start, end, without):
            total.merge(self._graph_of(rows))
        return total

    def _are_still_true(self, kept: Sequence[PeriodState], states: Sequence[PeriodState]) -> bool:
        return len(kept) == len(states) and all(map(self._is_still_true, kept, states))

    def _is_still_true(self, kept: PeriodState, state: PeriodState) -> bool:
        """Tell whether a period is what it was when it was summed, or has only lost traces since.

        A full store lets go of its oldest traces all the time. To sum what is left of their minute each time
        would take seconds, and what was summed is no less true.
        """
        if kept == state:
            return True
        is_settled = kept.period == state.period and state.updated < self._newest - SETTLED
        return is_settled and state.traces < kept.traces and state.updated <= kept.updated

    def _drop(self, length: int, period: int) -> None:
        if dropped := self._kept[length].pop(period, None):
            self._counts -= dropped[1].size
