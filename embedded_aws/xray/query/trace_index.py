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
from typing import TYPE_CHECKING, Protocol

from embedded_aws.xray.query import packs
from embedded_aws.xray.query.indexed_traces import PackedPart, Shard
from embedded_aws.xray.query.trace_order import TraceOrder

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from embedded_aws.xray.query.digests import Digest
    from embedded_aws.xray.query.filters.evaluator import Rows
    from embedded_aws.xray.query.filters.syntax import Expression
    from embedded_aws.xray.query.groups import Group, Groups
    from embedded_aws.xray.query.indexed_traces import Choose, Load, Traces
    from embedded_aws.xray.query.rows import Change, Row
    from embedded_aws.xray.query.store import Store


SHARD = 1_024
"""Traces in a shard, some 4 MB. It is dropped when no more than an eighth of them is left."""
_MOST_GONE = 64
"""What part of the traces may be gone before all are read anew: a full store lets go all the time."""
_SPARE = 100
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
        self._shards: dict[int, Shard] = {}
        self._packed: dict[int, PackedPart] = {}
        self._order: TraceOrder | None = None
        self._gone = 0
        self._changes_lock = threading.Lock()
        self._changes: dict[int, Change] | None = None
        self._now_packed: set[int] = set()
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

    def packed(self, number: int) -> None:
        """Take note that the part of a trace has been packed. Never waits for a query."""
        with self._changes_lock:
            if self._changes is not None:
                self._now_packed.add(number // SHARD)

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

        def choose(traces: Traces, rows: Rows) -> Rows:
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
            self._shards = {
                place: shard
                for place, shard in self._shards.items()
                if self._store.count(range(place * SHARD, (place + 1) * SHARD)) > SHARD // 8
            }
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

    def _packed_part(self, number: int) -> PackedPart | None:
        serial = self._store.packed_as(number)
        if serial is None:
            return None
        part = self._packed.get(serial)
        if part is None:
            part = self._packed[serial] = PackedPart(number, self._store, self._groups)
        return part

    def _drop_packed_shard(self, place: int) -> None:
        """Hold no traces in memory that are all read from where they are packed."""
        parts = range(place * SHARD // packs.PART, (place + 1) * SHARD // packs.PART)
        if all(self._store.packed_as(part) is not None for part in parts):
            self._shards.pop(place, None)

    def _shard(self, part: int, rows: Rows) -> Shard:
        shard = self._shards.get(part)
        if shard is None:
            shard = self._shards[part] = Shard(part * SHARD, self._counted, self._groups)
        shard.tables.grow(max(rows) + 1)
        return shard

    def _counted(self, numbers: Sequence[int]) -> Iterable[tuple[Row, Digest]]:
        self.loaded += len(numbers)
        return self._load(numbers)

    def _note_changes(self) -> None:
        with self._changes_lock:
            changes, self._changes = self._changes, {}
            packed, self._now_packed = self._now_packed, set()
        if changes is None:  # from here on they are noted
            self._shards, self._packed, self._order = {}, {}, None
            for follower in self._followers:
                follower.forget_all()
            return
        for place in packed:
            self._drop_packed_shard(place)
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
        if self._store.gone - self._gone >= max(SHARD, len(self._order or ()) // _MOST_GONE):
            self.forget_gone()
