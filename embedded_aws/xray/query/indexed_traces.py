"""Traces as filter expressions are asked of them: in memory, or where they are packed."""

from __future__ import annotations

import math
from array import array
from functools import cache, partial
from typing import TYPE_CHECKING

from embedded_aws.xray.query import packs
from embedded_aws.xray.query.filters import packed_tables
from embedded_aws.xray.query.filters.evaluator import Evaluator
from embedded_aws.xray.query.filters.packed_tables import DamagedError, PackedTable
from embedded_aws.xray.query.filters.tables import StoredTrace, Tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from embedded_aws.xray.query.digests import Digest
    from embedded_aws.xray.query.filters.evaluator import FilledTable, Rows, Test
    from embedded_aws.xray.query.filters.syntax import Expression
    from embedded_aws.xray.query.filters.tables import Table
    from embedded_aws.xray.query.groups import Group, Groups
    from embedded_aws.xray.query.rows import Row
    from embedded_aws.xray.query.store import Store

    Choose = Callable[["Traces", Rows], Rows]
    Load = Callable[[Sequence[int]], Iterable[tuple[Row, Digest]]]

LOADED_AT_ONCE = 500
"""Traces whose digests are in memory while a table is filled."""
_ANSWERS = 8
"""Questions whose answers are kept for each part that is packed."""


class Traces:
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


class PackedPart(Traces):
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


class Shard(Traces):
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
