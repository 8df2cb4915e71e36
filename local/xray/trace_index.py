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
from local.xray.trace_order import TraceOrder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from local.xray.filters.evaluator import Rows, Test
    from local.xray.filters.syntax import Expression
    from local.xray.filters.tables import Table
    from local.xray.groups import Group, Groups
    from local.xray.store import Change, Digest, Row, Store

LOADED_AT_ONCE = 500
"""Traces whose digests are in memory while a table is filled."""


class TraceIndex:
    """Thread-safe; `load` returns the traces with these numbers."""

    def __init__(
        self, store: Store, load: Callable[[Sequence[int]], Iterable[tuple[Row, Digest]]], groups: Groups
    ) -> None:
        self._store = store
        self._load = load
        self._groups = groups
        self._first = store.first_number()
        self._lock = threading.RLock()
        self._tables = Tables()
        self._order: TraceOrder | None = None
        self._revisions: dict[int, int] = {}
        self._evaluator = Evaluator(self._filled, self._in_groups)
        self._changes_lock = threading.Lock()
        self._changes: dict[int, Change] = {}
        self.loaded = 0
        """How many traces have been read into a table; it only grows."""

    def changed(self, changes: Iterable[Change]) -> None:
        """Take note of the new revisions of traces. Never waits for a query."""
        with self._changes_lock:
            for change in changes:
                known = self._changes.get(change.number, change)
                self._changes[change.number] = max(known, change)

    def newest(self, start: float, end: float, before: tuple[float, int] | None, limit: int) -> list[int]:
        """List at most `limit` traces that began in [start, end), before (time, number), newest first."""
        with self._lock:
            if self._order is None:
                self._order = TraceOrder(self._store.times())
            self._note_changes()
            return self._order.newest(start, end, before, limit)

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
        self._note_changes()
        first = self._first
        rows = [number - first for number in numbers]
        self._tables.grow(max(rows, default=-1) + 1)
        return rows

    def _note_changes(self) -> None:
        with self._changes_lock:
            changes, self._changes = self._changes, {}
        for number, revision, time in changes.values():
            row = number - self._first
            self._tables.grow(row + 1)
            self._tables.outdate(row)
            self._revisions[row] = max(revision, self._revisions.get(row, 0))
            if self._order is not None:
                self._order.put(number, time)

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
        missing = table.missing
        for part in _parts([row for row in rows if row in missing] if missing else []):
            for found, digest in self._load([row + self._first for row in part]):
                row = found.number - self._first
                table.put(row, Stored(digest.facts, digest.summary, found.updated))
                # A document that came meanwhile will be noted, and outdate what was read here.
                if found.revision >= self._revisions.get(row, 0):
                    missing.discard(row)
            self.loaded += len(part)
        return table


def _parts(rows: Rows) -> Iterator[Rows]:
    for start in range(0, len(rows), LOADED_AT_ONCE):
        yield rows[start : start + LOADED_AT_ONCE]
