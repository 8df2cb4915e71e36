"""Finds the traces that a filter expression selects, or that are in a group.

What expressions ask is held in memory, table by table, from the first question about a trace until it
changes. Traces are known by the store's number, and those of neighbouring numbers make a shard: numbers grow
with the time of arrival, so whole shards become empty as the store lets go of its oldest traces.
"""

from __future__ import annotations

import math
import threading
from collections import defaultdict
from typing import TYPE_CHECKING, Protocol

from embedded_aws.xray.query.filters.evaluator import Evaluator
from embedded_aws.xray.query.filters.tables import StoredTrace, Tables
from embedded_aws.xray.query.trace_order import TraceOrder

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from embedded_aws.xray.query.digests import Digest
    from embedded_aws.xray.query.filters.evaluator import Rows, Test
    from embedded_aws.xray.query.filters.syntax import Expression
    from embedded_aws.xray.query.filters.tables import Table
    from embedded_aws.xray.query.groups import Group, Groups
    from embedded_aws.xray.query.packs import PackedDigest
    from embedded_aws.xray.query.store import Change, Row, Store

    Load = Callable[[Sequence[int]], Iterable[tuple[Row, Digest | PackedDigest]]]

LOADED_AT_ONCE = 500
"""Traces whose digests are in memory while a table is filled."""
SHARD = 1_024
"""Traces in a shard, some 4 MB. It is dropped when no more than an eighth of them is left."""
MOST_CHANGES = 50_000
"""Changed traces that are noted between two questions; after more than these all is read anew."""


class Follower(Protocol):
    """Holds something of traces by their number; called while the index is locked."""

    def outdate(self, numbers: Collection[int]) -> None:
        """These traces have changed."""

    def forget_gone(self) -> None:
        """Some traces are gone."""

    def forget_all(self) -> None:
        """Nobody knows which traces have changed."""


class TraceIndex:
    """Thread-safe; `load` returns those of the traces with these numbers that there are."""

    def __init__(self, store: Store, load: Load, groups: Groups) -> None:
        self._store = store
        self._load = load
        self._groups = groups
        self._lock = threading.RLock()
        self._shards: dict[int, _Shard] = {}
        self._order: TraceOrder | None = None
        self._gone = 0
        self._changes_lock = threading.Lock()
        self._changes: dict[int, Change] | None = None
        self._followers: list[Follower] = []
        self.loaded = 0
        """How many traces have been read into a table; it only grows."""

    def changed(self, changes: Iterable[Change]) -> None:
        """Take note of the new revisions of traces. Never waits for a query."""
        with self._changes_lock:
            if self._changes is None:
                return
            for change in changes:
                known = self._changes.get(change.number, change)
                self._changes[change.number] = max(known, change)
            if len(self._changes) > MOST_CHANGES:
                # Nobody has asked for long, or ever will: to note more would fill the memory.
                self._changes = None

    def follow(self, follower: Follower) -> None:
        """Let it know of changes before each answer."""
        self._followers.append(follower)

    def newest(self, start: float, end: float, before: tuple[float, int] | None, limit: int) -> list[int]:
        """List at most `limit` traces that began in [start, end), before (time, number), newest first.

        Some may be gone: those that the store let go of lately.
        """
        with self._lock:
            self._note_changes()
            if self._order is None:
                self._order = TraceOrder(self._store.times())
            return self._order.newest(start, end, before, limit)

    def select(self, expression: Expression, numbers: Sequence[int]) -> list[int]:
        """Return those of the traces for which the expression holds, in their order."""
        return self._chosen(numbers, lambda shard, rows: shard.evaluator.traces(expression, rows))

    def in_group(self, group: Group, numbers: Iterable[int]) -> list[int]:
        """Return those of the traces that are in the group, in their order."""
        return self._chosen(list(numbers), lambda shard, rows: shard.members(group, rows))

    def forget_gone(self) -> None:
        """Hold nothing more of traces that the store has let go of."""
        with self._lock:
            self._gone = self._store.gone
            left = self._store.count_by(SHARD)
            for part in [part for part in self._shards if left.get(part, 0) <= SHARD // 8]:
                del self._shards[part]
            self._order = None
            for follower in self._followers:
                follower.forget_gone()

    def _chosen(self, numbers: Sequence[int], choose: Callable[[_Shard, Rows], Rows]) -> list[int]:
        with self._lock:
            self._note_changes()
            parts: defaultdict[int, Rows] = defaultdict(list)
            for number in numbers:
                parts[number // SHARD].append(number % SHARD)
            found = [
                part * SHARD + row
                for part, rows in parts.items()
                for row in choose(self._shard(part, rows), rows)
            ]
        if len(parts) < 2 or not found:
            return found
        chosen = set(found)
        return [number for number in numbers if number in chosen]

    def _shard(self, part: int, rows: Rows) -> _Shard:
        shard = self._shards.get(part)
        if shard is None:
            shard = self._shards[part] = _Shard(part * SHARD, self._counted, self._groups)
        shard.tables.grow(max(rows) + 1)
        return shard

    def _counted(self, numbers: Sequence[int]) -> Iterable[tuple[Row, Digest | PackedDigest]]:
        self.loaded += len(numbers)
        return self._load(numbers)

    def _note_changes(self) -> None:
        with self._changes_lock:
            changes, self._changes = self._changes, {}
        if changes is None:  # from here on they are noted
            self._shards, self._order = {}, None
            for follower in self._followers:
                follower.forget_all()
            return
        for follower in self._followers:
            follower.outdate(changes)
        for number, revision, time in changes.values():
            if shard := self._shards.get(number // SHARD):
                shard.outdate(number % SHARD, revision)
            if self._order is not None:
                self._order.put(number, time)
        if self._store.gone - self._gone >= SHARD:
            self.forget_gone()


class _Shard:
    """Traces from the number `first` on; rows are counted from there."""

    def __init__(self, first: int, load: Load, groups: Groups) -> None:
        self._first = first
        self._load = load
        self._groups = groups
        self._revisions: dict[int, int] = {}
        self.tables = Tables()
        self.evaluator = Evaluator(self._filled, self._in_groups)

    def outdate(self, row: int, revision: int) -> None:
        """Take note of a trace's new revision."""
        self.tables.grow(row + 1)
        self.tables.outdate(row)
        self._revisions[row] = max(revision, self._revisions.get(row, 0))

    def members(self, group: Group, rows: Rows) -> Rows:
        """Return those of the traces that are in the group."""
        if not group.versions:
            return rows
        updated = self._filled("trace", rows).columns["updated"]
        found: set[int] = set()
        untils = [version.since for version in group.versions[1:]] + [math.inf]
        for version, until in zip(group.versions, untils, strict=True):
            # A trace that is gone was never read.
            stored = [row for row in rows if (at := updated[row]) is not None and version.since <= at < until]
            found.update(self.evaluator.traces(version.expression, stored) if version.expression else stored)
        return [row for row in rows if row in found]

    def _in_groups(self, keyword: str, test: Test, rows: Rows) -> Rows:
        found: set[int] = set()
        for group in self._groups.all():
            if test(group.name if keyword == "group.name" else group.arn):
                found.update(self.members(group, rows))
        return [row for row in rows if row in found]

    def _filled(self, name: str, rows: Rows) -> Table:
        table = self.tables.named(name)
        missing = table.missing
        for part in _parts([row for row in rows if row in missing] if missing else []):
            for found, digest in self._load([row + self._first for row in part]):
                row = found.number - self._first
                table.put(row, StoredTrace(digest.facts, digest.summary, found.updated))
                # A document that came meanwhile will be noted, and outdate what was read here.
                if found.revision >= self._revisions.get(row, 0):
                    missing.discard(row)
        return table


def _parts(rows: Rows) -> Iterator[Rows]:
    for start in range(0, len(rows), LOADED_AT_ONCE):
        yield rows[start : start + LOADED_AT_ONCE]
