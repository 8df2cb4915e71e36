"""The service graph of a time range, summed from minutes that are worked out once.

An hour of a busy test run has 100,000 traces. Summing them anew takes seconds, and the map is asked for
again and again while requests come in; but only the latest minute changes then.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from local.xray.graph import Graph

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from local.xray.store import MinuteState, Row, Store

MINUTE = 60
MAX_MINUTES = 24 * 60
"""Minutes that are kept in memory: one day."""


class MinuteGraphs:
    """Sums graphs by minute; `graph_of` sums the traces of some rows."""

    def __init__(self, store: Store, graph_of: Callable[[Iterable[Row]], Graph]) -> None:
        self._store = store
        self._graph_of = graph_of
        self._kept: dict[int, tuple[MinuteState, Graph]] = {}

    def between(self, start: float, end: float) -> Graph:
        """Sum the traces that began in [start, end)."""
        first, last = math.ceil(start / MINUTE), math.floor(end / MINUTE)
        if first >= last:
            return self._graph_of(self._store.between(start, end))
        total = self._graph_of(self._store.between(start, first * MINUTE))
        for state in self._store.minutes(first, last):
            total.merge(self._minute(state))
        total.merge(self._graph_of(self._store.between(last * MINUTE, end)))
        return total

    def _minute(self, state: MinuteState) -> Graph:
        kept = self._kept.get(state.minute)
        if kept is None or kept[0] != state:
            # Rows that are newer than `state` do no harm: the next look at the minute sees another state.
            start = state.minute * MINUTE
            kept = state, self._graph_of(self._store.between(start, start + MINUTE))
            self._kept.pop(state.minute, None)
            self._kept[state.minute] = kept
            while len(self._kept) > MAX_MINUTES:
                self._kept.pop(next(iter(self._kept)), None)
        return kept[1]
