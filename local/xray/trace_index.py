"""Finds the traces that a filter expression selects, or that are in a group.

What expressions ask is held in memory, table by table, from the first question about a trace until it
changes. Traces are known by the store's number.
"""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING

from local.xray.filters.evaluator import Evaluator
from local.xray.filters.tables import Stored, Tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from local.xray.filters.evaluator import Rows, Test
    from local.xray.filters.syntax import Expression
    from local.xray.filters.tables import Table
    from local.xray.groups import Group, Groups
    from local.xray.store import Digest, Row

LOADED_AT_ONCE = 500
"""Traces whose digests are in memory while a table is filled."""
_SPARE_ROWS = 10_000


class TraceIndex:
    """Thread-safe; `load` returns the traces with these numbers, `first` is the lowest number there is."""

    def __init__(
        self, load: Callable[[Sequence[int]], Iterable[tuple[Row, Digest]]], groups: Groups, first: int
    ) -> None:
        self._load = load
        self._groups = groups
        self._first = first
        self._lock = threading.RLock()
        self._tables = Tables()
        self._revisions: list[int] = []
        self._evaluator = Evaluator(self._filled, self._in_groups)
        self._changed_lock = threading.Lock()
        self._changed: dict[int, int] = {}
        self.loaded = 0
        """How many traces have been read into a table; it only grows."""

    def changed(self, traces: Iterable[tuple[int, int]]) -> None:
        """Take note of the new revisions of traces. Never waits for a query."""
        with self._changed_lock:
            for number, revision in traces:
                self._changed[number] = max(revision, self._changed.get(number, 0))

    def select(self, expression: Expression, numbers: Iterable[int]) -> list[int]:
        """Return those of the traces for which the expression holds, in their order."""
        with self._lock:
            rows = self._rows(numbers)
            return [row + self._first for row in self._evaluator.traces(expression, rows)]

    def in_group(self, group: Group, numbers: Iterable[int]) -> list[int]:
        """Return those of the traces that are in the group, in their order."""
        with self._lock:
            return [row + self._first for row in self._members(group, self._rows(numbers))]

    def _rows(self, numbers: Iterable[int]) -> Rows:
        first = self._first
        return [number - first for number in numbers]

    def _in_groups(self, keyword: str, test: Test, rows: Rows) -> Rows:
        found: set[int] = set()
        for group in self._groups.all():
            if test(group.name if keyword == "group.name" else group.arn):
                found.update(self._members(group, rows))
        return [row for row in rows if row in found]

    def _members(self, group: Group, rows: Rows) -> Rows:
        if not group.versions:
            return rows
        updated = self._filled("trace", rows).columns["updated"]
        found: set[int] = set()
        untils = [version.since for version in group.versions[1:]] + [math.inf]
        for version, until in zip(group.versions, untils, strict=True):
            stored = [row for row in rows if version.since <= updated[row] < until]
            found.update(self._evaluator.traces(version.expression, stored) if version.expression else stored)
        return [row for row in rows if row in found]

    def _filled(self, name: str, rows: Rows) -> Table:
        table = self._tables.named(name)
        if name != "trace" and table.size > 2 * table.live_rows + _SPARE_ROWS:
            self._tables.drop(name)
            table = self._tables.named(name)
        wanted = self._current(max(rows, default=-1) + 1)
        held = table.revisions(len(wanted))
        for part in _parts([row for row in rows if held[row] < wanted[row]]):
            for row, digest in self._load([row + self._first for row in part]):
                stored = Stored(digest.facts, digest.summary, row.updated)
                table.put(row.number - self._first, row.revision, stored)
            self.loaded += len(part)
        return table

    def _current(self, size: int) -> list[int]:
        """Return the revisions that tables must hold at least."""
        with self._changed_lock:
            changed, self._changed = self._changed, {}
        size = max(size, max(changed, default=0) - self._first + 1)
        self._revisions += [0] * (size - len(self._revisions))
        for number, revision in changed.items():
            row = number - self._first
            self._revisions[row] = max(revision, self._revisions[row])
        return self._revisions


def _parts(rows: Rows) -> Iterator[Rows]:
    for start in range(0, len(rows), LOADED_AT_ONCE):
        yield rows[start : start + LOADED_AT_ONCE]
