"""Finds the traces that a filter expression selects, or that are in a group.

What expressions ask is held in memory, table by table, from the first question about a trace until it
changes. Traces are known by the store's number, and those of neighbouring numbers make a shard: numbers grow
with the time of arrival, so whole shards become empty as the store lets go of its oldest traces.
"""

from __future__ import annotations

import math
import sys
import threading
from array import array
from collections import defaultdict
from functools import cache, partial
from typing import TYPE_CHECKING, Protocol

from embedded_aws.xray.query import packs
from embedded_aws.xray.query.filters import packed_tables
from embedded_aws.xray.query.filters.evaluator import Evaluator
from embedded_aws.xray.query.filters.packed_tables import DamagedError, PackedTable
from embedded_aws.xray.query.filters.tables import StoredTrace, Tables
from embedded_aws.xray.query.trace_order import TraceOrder

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from embedded_aws.xray.query.digests import Digest
    from embedded_aws.xray.query.filters.evaluator import FilledTable, Rows, Test
    from embedded_aws.xray.query.filters.syntax import Expression
    from embedded_aws.xray.query.filters.tables import Table
    from embedded_aws.xray.query.groups import Group, Groups
    from embedded_aws.xray.query.rows import Change, Row
    from embedded_aws.xray.query.store import Store

    Choose = Callable[["_Traces", Rows], Rows]
    Load = Callable[[Sequence[int]], Iterable[tuple[Row, Digest]]]

LOADED_AT_ONCE = 500
"""Traces whose digests are in memory while a table is filled."""
SHARD = 1_024
"""Traces in a shard, some 4 MB. It is dropped when no more than an eighth of them is left."""
_ANSWERS = 8
"""Questions whose answers are kept for each part that is packed."""
_SPARE = 1_000
"""Traces that are found beside those that are wanted before the others are left out."""
MOST_MISSING = 1_000
"""Traces that are read into tables for one question."""
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
        self._packed: dict[int, _PackedPart] = {}
        self._order: TraceOrder | None = None
        self._gone = 0
        self._changes_lock = threading.Lock()
        self._changes: dict[int, Change] | None = None
        self._followers: list[Follower] = []
        self.loaded = 0
        """How many traces have been read into a table; it only grows."""

    def changed(self, changes: Iterable[Change]) -> None:
        """Take note of changes, in the order in which they were stored. Never waits for a query."""
        with self._changes_lock:
            if self._changes is None:
                return
            self._changes.update((change.number, change) for change in changes)
            if len(self._changes) > MOST_CHANGES:
                # Nobody has asked for long, or ever will: to note more would fill the memory.
                self._changes = None

    def follow(self, follower: Follower) -> None:
        """Let it know of changes before each answer."""
        self._followers.append(follower)

    def newest(self, start: float, end: float, before: tuple[float, int] | None, limit: int) -> array[int]:
        """List at most `limit` traces that began in [start, end), before (time, number), newest first.

        Some may be gone: those that the store let go of lately.
        """
        with self._lock:
            return self._ordered().newest(start, end, before, limit)

    def place(self, number: int) -> tuple[float, int] | None:
        """Return time and number of a trace that is there, after which `newest` goes on."""
        with self._lock:
            time = self._ordered().time(number)
            return None if math.isnan(time) else (time, number)

    def count(self, start: float, end: float, before: tuple[float, int] | None) -> int:
        """Return how many traces `newest` could list."""
        with self._lock:
            return self._ordered().count(start, end, before)

    def matching(
        self,
        expression: Expression,
        start: float,
        end: float,
        before: tuple[float, int] | None = None,
        *,
        has_time: Callable[[], bool] = lambda: True,
        limit: int = sys.maxsize,
    ) -> tuple[list[int], int] | None:
        """Return at most `limit` of the traces that `newest` would list which match, newest first.

        And how many could not be looked at in time. `None` while so many are not packed that they should be
        looked at one after another.
        """

        def choose(traces: _Traces, rows: Rows) -> Rows:
            return traces.select(expression, rows)

        question = repr(expression)
        found, loose, unread = list[int](), list[int](), 0
        end = math.nextafter(before[0], math.inf) if before and before[0] < end else end
        with self._lock:
            order = self._ordered()
            first, last = (number // packs.PART for number in (order.numbers.start, order.numbers.stop))
            for place in range(last, first - 1, -1):
                part = self._packed_part(place)
                if part is None:
                    numbers = range(place * packs.PART, (place + 1) * packs.PART)
                    oldest, newest = order.span(numbers)
                    loose += numbers if newest >= start and oldest < end else ()
                    continue
                part.span = part.span or order.span(part.numbers)
                if part.span[1] < start or part.span[0] >= end:
                    loose += part.loose
                elif part.has_answered(question) or has_time():
                    found += part.hits(question, choose)
                    loose += part.loose
                    if len(found) >= limit + _SPARE:
                        found = order.those(found, start, end, before, limit)
                        start = max(start, order.time(found[-1])) if len(found) == limit else start
                else:
                    unread += packs.PART
            loose = order.those(loose, start, end, before)
            if self._missing(loose) > MOST_MISSING:
                return None
            found += self._chosen_of_shards(loose, choose)
            return order.those(found, start, end, before, limit), unread

    def select(self, expression: Expression, numbers: Sequence[int]) -> list[int]:
        """Return those of the traces for which the expression holds, in their order."""
        # Not the expression itself: for Python, that with `true` equals the one with 1.
        return self._chosen(numbers, repr(expression), lambda traces, rows: traces.select(expression, rows))

    def in_group(self, group: Group, numbers: Iterable[int]) -> list[int]:
        """Return those of the traces that are in the group, in their order."""
        return self._chosen(list(numbers), repr(group), lambda traces, rows: traces.members(group, rows))

    def forget_gone(self) -> None:
        """Hold nothing more of traces that the store has let go of."""
        with self._lock:
            gone = self._store.gone
            left = self._store.count_by(SHARD)
            for part in [part for part in self._shards if left.get(part, 0) <= SHARD // 8]:
                del self._shards[part]
            self._packed = {
                serial: part
                for serial, part in self._packed.items()
                if self._store.packed_as(part.number) == serial
            }
            self._order = None
            for follower in self._followers:
                follower.forget_gone()
            self._gone = gone

    def _ordered(self) -> TraceOrder:
        self._note_changes()
        if self._order is None:
            self._order = TraceOrder(self._store.times())
        return self._order

    def _missing(self, numbers: Sequence[int]) -> int:
        """Return how many of the traces are in no table yet."""
        return sum(
            shard is None or shard.lacks(number % SHARD)
            for number in numbers
            for shard in (self._shards.get(number // SHARD),)
        )

    def _chosen(self, numbers: Sequence[int], question: str, choose: Choose) -> list[int]:
        with self._lock:
            self._note_changes()
            parts: defaultdict[int, list[int]] = defaultdict(list)
            for number in numbers:
                parts[number // packs.PART].append(number)
            found: set[int] = set()
            loose: list[int] = []
            for number, its in parts.items():
                part = self._packed_part(number)
                if part is None:
                    loose += its
                else:
                    found.update(part.hits(question, choose))
                    loose += part.loose.intersection(its) if part.loose else ()
            found.update(self._chosen_of_shards(loose, choose))
        return [number for number in numbers if number in found] if found else []

    def _chosen_of_shards(self, numbers: Sequence[int], choose: Choose) -> Iterator[int]:
        shards: defaultdict[int, Rows] = defaultdict(list)
        for number in numbers:
            shards[number // SHARD].append(number % SHARD)
        for place, rows in shards.items():
            for row in choose(self._shard(place, rows), rows):
                yield place * SHARD + row

    def _packed_part(self, number: int) -> _PackedPart | None:
        serial = self._store.packed_as(number)
        if serial is None:
            return None
        part = self._packed.get(serial)
        if part is None:
            part = self._packed[serial] = _PackedPart(number, self._store, self._groups)
            self._drop_packed_shard(number * packs.PART // SHARD)
        return part

    def _drop_packed_shard(self, place: int) -> None:
        """Hold no traces in memory that are all read from where they are packed."""
        parts = range(place * SHARD // packs.PART, (place + 1) * SHARD // packs.PART)
        if all(self._store.packed_as(part) is not None for part in parts):
            self._shards.pop(place, None)

    def _shard(self, part: int, rows: Rows) -> _Shard:
        shard = self._shards.get(part)
        if shard is None:
            shard = self._shards[part] = _Shard(part * SHARD, self._counted, self._groups)
        shard.tables.grow(max(rows) + 1)
        return shard

    def _counted(self, numbers: Sequence[int]) -> Iterable[tuple[Row, Digest]]:
        self.loaded += len(numbers)
        return self._load(numbers)

    def _note_changes(self) -> None:
        with self._changes_lock:
            changes, self._changes = self._changes, {}
        if changes is None:  # from here on they are noted
            self._shards, self._packed, self._order = {}, {}, None
            for follower in self._followers:
                follower.forget_all()
            return
        for follower in self._followers:
            follower.outdate(changes)
        for number, _, time in changes.values():
            serial = self._store.packed_as(number // packs.PART)
            if serial is not None and (part := self._packed.get(serial)):
                part.loose.add(number)
            if shard := self._shards.get(number // SHARD):
                shard.tables.outdate(number % SHARD)
            if self._order is not None:
                self._order.put(number, time)
        if self._store.gone - self._gone >= SHARD:
            self.forget_gone()


class _Traces:
    """Traces that some tables hold; rows are counted from the first one."""

    def __init__(self, filled: FilledTable, groups: Groups) -> None:
        self._filled = filled
        self._groups = groups
        self._evaluator = Evaluator(filled, self._in_groups)

    def select(self, expression: Expression, rows: Rows) -> Rows:
        """Return those of the traces for which the expression holds."""
        return self._evaluator.traces(expression, rows)

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
            found.update(self.select(version.expression, stored) if version.expression else stored)
        return [row for row in rows if row in found]

    def _in_groups(self, keyword: str, test: Test, rows: Rows) -> Rows:
        found: set[int] = set()
        for group in self._groups.all():
            if test(group.name if keyword == "group.name" else group.arn):
                found.update(self.members(group, rows))
        return [row for row in rows if row in found]


class _PackedPart(_Traces):
    """Traces that the store has packed: what was asked of them once is answered the same way again.

    `loose` are those that are not known here, or have changed since; `span` the first and the last time of
    the others, once that was asked for.
    """

    def __init__(self, number: int, store: Store, groups: Groups) -> None:
        super().__init__(self._table, groups)
        self.number = number
        self._first = number * packs.PART
        self._read = partial(store.packed_facts, number)
        try:
            self._rows: Rows = packed_tables.value(self._read(""))
        except DamagedError:  # or it has just gone
            self._rows = []
        if len(self._rows) == packs.PART:
            self._rows = _all_rows(packs.PART)
        self._tables: dict[str, PackedTable] = {}
        self._answers: dict[str, array[int]] = {}
        self.span: tuple[float, float] | None = None
        self.numbers = range(self._first, self._first + packs.PART)
        self.loose = set(self.numbers).difference(self._first + row for row in self._rows)
        self.loose.update(store.loose_in(number))

    def has_answered(self, question: str) -> bool:
        return question in self._answers

    def hits(self, question: str, choose: Choose) -> list[int]:
        """Return the traces that are chosen, by number."""
        found = self._answers.get(question)
        if found is None:
            try:
                found = array("H", choose(self, self._rows))
            except DamagedError:
                # Each of them is read by itself from now on.
                found, self._rows = array("H"), []
                self.loose.update(self.numbers)
            self._tables.clear()
            if "group." not in question:  # which may change
                while len(self._answers) >= _ANSWERS:
                    del self._answers[next(iter(self._answers))]
                self._answers[question] = found
        numbers = [self._first + row for row in found]
        return [number for number in numbers if number not in self.loose] if self.loose else numbers

    def _table(self, name: str, _rows: Rows) -> PackedTable:
        table = self._tables.get(name)
        if table is None:
            table = self._tables[name] = PackedTable(name, self._read)
        return table


class _Shard(_Traces):
    """Traces from the number `first` on, whose tables are in memory."""

    def __init__(self, first: int, load: Load, groups: Groups) -> None:
        super().__init__(self._fill, groups)
        self._first = first
        self._load = load
        self.tables = Tables()

    def lacks(self, row: int) -> bool:
        """Tell whether a trace is in no table yet."""
        trace = self.tables.trace
        return row >= len(trace.columns["updated"]) or row in trace.missing

    def _fill(self, name: str, rows: Rows) -> Table:
        table = self.tables.named(name)
        missing = table.missing
        for part in _parts([row for row in rows if row in missing] if missing else []):
            for found, digest in self._load([row + self._first for row in part]):
                row = found.number - self._first
                table.put(row, StoredTrace(digest.facts, digest.summary, found.updated))
                missing.discard(row)  # a document that comes meanwhile is noted, and outdates it again
        return table


@cache
def _all_rows(count: int) -> Rows:
    """Return the rows of a part of which nothing is gone: one list for all, of nearly all parts."""
    return list(range(count))


def _parts(rows: Rows) -> Iterator[Rows]:
    for start in range(0, len(rows), LOADED_AT_ONCE):
        yield rows[start : start + LOADED_AT_ONCE]
