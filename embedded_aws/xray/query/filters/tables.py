"""Tables in memory that filter expressions are evaluated on, a column at a time.

A hundred thousand traces take as many steps of Python per keyword: lists of values, through which one list
comprehension goes, take a tenth of the time that objects with attributes would.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, get_args

from embedded_aws.aws.parsing import decode
from embedded_aws.xray.query.filters import facts
from embedded_aws.xray.query.filters.syntax import CauseKind, CauseList

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from embedded_aws.xray.query.filters.facts import Facts

_CAUSES: Mapping[CauseKind, str] = {
    "fault": "FaultRootCauses",
    "error": "ErrorRootCauses",
    "responsetime": "ResponseTimeRootCauses",
}
_LISTED = ("index", "first", "last")
_NOBODY = -1
_ROWS_PER_TRACE = 7
"""To look through all rows of a name is faster than through all rows of the traces, if they are fewer."""
_SPARE_ROWS = 10_000
"""A table is made anew when that many rows, and half of all, belong to no trace."""


@dataclass(frozen=True)
class StoredTrace:
    """What the store keeps of a trace for filters; `updated` in epoch seconds."""

    facts: Facts
    summary: str
    updated: float

    @cached_property
    def causes(self) -> dict[str, list[Any]]:
        """The root causes, by the member of the summary that has them."""
        summary = decode(self.summary)
        return {name: summary[name] for name in _CAUSES.values()}


class Annotation:
    """The values of one key: by row, and the rows by value."""

    def __init__(self) -> None:
        self.values: dict[int, Sequence[Any]] = {}
        self._rows: dict[tuple[Any, bool], set[int]] = {}

    @property
    def size(self) -> int:
        """How many different values there are."""
        return len(self._rows)

    def put(self, row: int, values: Sequence[Any]) -> None:
        self.values[row] = values
        for value in values:
            self._rows.setdefault(_told_apart(value), set()).add(row)

    def drop(self, row: int) -> None:
        for value in self.values.pop(row, ()):
            self._rows[_told_apart(value)].discard(row)

    def equal(self, value: Any) -> Collection[int]:
        """Return the rows that have this value."""
        return self._rows.get(_told_apart(value), ())

    def rows(self, test: Callable[[Any], bool]) -> Collection[int]:
        """Return the rows that have a value which passes the test."""
        return {row for (value, _), rows in self._rows.items() if test(value) for row in rows}


_NO_ANNOTATION = Annotation()


def _told_apart(value: Any) -> tuple[Any, bool]:
    """Return a key of the value: for Python, `True` is 1."""
    return value, isinstance(value, bool)


class Table:
    """Rows of one sort: a trace has any number of them, `of` finds them and `owners` the way back.

    Values that are not there are `None`, also in a column that holds lists of several. `missing` are the
    traces whose rows are not here yet, or no longer those of the latest revision. `read` returns the rows of
    a trace: a value for each column, and its annotations.
    """

    def __init__(
        self, columns: Sequence[str], read: Callable[[StoredTrace], Iterable[Sequence[Any]]]
    ) -> None:
        self.columns: dict[str, list[Any]] = {name: [] for name in columns}
        self._annotations: defaultdict[str, Annotation] = defaultdict(Annotation)
        self.owners: list[int] = []
        self.live_rows = 0
        """How many rows belong to a trace; those of earlier revisions belong to none."""
        self.missing: set[int] = set()
        self.read = read
        self._spans: list[range] = []
        self._named: dict[str, list[int]] = {}
        self._lists: dict[tuple[Any, ...], tuple[Any, ...]] = {}

    def grow(self, size: int) -> None:
        """Make room for the traces up to `size`."""
        known = len(self._spans)
        self.missing.update(range(known, size))
        self._spans += [range(0)] * (size - known)

    def of(self, traces: Sequence[int]) -> list[int]:
        """Return the rows of these traces."""
        spans = self._spans
        return [row for trace in traces for row in spans[trace]]

    def named(self, name: str, traces: Sequence[int]) -> list[int]:
        """Return the rows whose `name` is this: those of these traces, and maybe of others."""
        rows = self._named.get(name, [])
        if len(rows) <= _ROWS_PER_TRACE * len(traces):
            return rows
        names = self.columns["name"]
        return [row for row in self.of(traces) if names[row] == name]

    def annotation(self, key: str) -> Annotation:
        """Return the rows' values of an annotation."""
        return self._annotations.get(key, _NO_ANNOTATION)

    def put(self, trace: int, stored: StoredTrace) -> None:
        """Hold a trace's rows instead of those of an earlier revision."""
        for row in self._spans[trace]:
            self.owners[row] = _NOBODY
        first = len(self.owners)
        columns = list(self.columns.values())
        for *values, annotated in self.read(stored):
            row = len(self.owners)
            for column, value in zip(columns, values, strict=True):
                column.append(self._shared(value))
            for key, found in annotated.items():
                self._annotations[key].put(row, found)
            if names := self.columns.get("name"):
                self._named.setdefault(names[row], []).append(row)
            self.owners.append(trace)
        span = range(first, len(self.owners))
        self.live_rows += len(span) - len(self._spans[trace])
        self._spans[trace] = span

    @property
    def size(self) -> int:
        return len(self.owners)

    def _shared(self, value: Any) -> Any:
        """Return an equal value that exists once; most texts and lists are those of many traces."""
        if type(value) is str:
            return sys.intern(value)
        return self._lists.setdefault(tuple(value), tuple(value)) if type(value) is list else value


class TraceTable(Table):
    """The traces themselves: a trace's number is its row."""

    def __init__(self) -> None:
        super().__init__((*facts.TRACE_COLUMNS, "updated"), _trace_rows)

    def grow(self, size: int) -> None:
        super().grow(size)
        for column in self.columns.values():
            column.extend([None] * (size - len(column)))

    def put(self, trace: int, stored: StoredTrace) -> None:
        ((*values, annotated),) = self.read(stored)
        for column, value in zip(self.columns.values(), values, strict=True):
            column[trace] = self._shared(value)
        for held in self._annotations.values():
            held.drop(trace)
        for key, found in annotated.items():
            self._annotations[key].put(trace, found)


class Tables:
    """All tables, by name; each is filled when an expression asks for it."""

    def __init__(self) -> None:
        self.trace = TraceTable()
        self._tables: dict[str, Table] = {"trace": self.trace}
        self._size = 0

    def named(self, name: str) -> Table:
        table = self._tables.get(name)
        if table is None or table.size > 2 * table.live_rows + _SPARE_ROWS:
            table = self._tables[name] = _SORTS[name]()
            table.grow(self._size)
        return table

    def grow(self, size: int) -> None:
        """Make room for the traces up to `size`."""
        if size > self._size:
            self._size = size
            for table in self._tables.values():
                table.grow(size)

    def outdate(self, trace: int) -> None:
        """Take note that a trace has changed, or is new."""
        self.grow(trace + 1)
        for table in self._tables.values():
            table.missing.add(trace)


def _trace_rows(stored: StoredTrace) -> Iterator[list[Any]]:
    *values, annotations = decode(stored.facts[0])
    yield [*values, stored.updated, annotations]


def _service_rows(stored: StoredTrace) -> Any:
    return decode(stored.facts[1])


def _edge_rows(stored: StoredTrace) -> Any:
    return decode(stored.facts[2])


def _cause_rows(stored: StoredTrace) -> Iterator[list[Any]]:
    for causes in stored.causes.values():
        for cause in causes:
            yield [cause, {}]


def _causes(kind: CauseKind, of: CauseList) -> Table:
    columns, items = _LISTS[of]

    def rows(stored: StoredTrace) -> Iterator[list[Any]]:
        for cause in stored.causes[_CAUSES[kind]]:
            found = list(items(cause))
            for index, values in enumerate(found):
                yield [*values, index, index == 0, index == len(found) - 1, {}]

    return Table((*columns, *_LISTED), rows)


def _services(cause: Mapping[str, Any]) -> Iterator[list[Any]]:
    for service in cause["Services"]:
        yield [service["Name"], service.get("Type"), service["Inferred"]]


def _entities(cause: Mapping[str, Any]) -> Iterator[list[Any]]:
    for service in cause["Services"]:
        for entity in service["EntityPath"]:
            yield [
                entity["Name"],
                service.get("Type"),
                service["Inferred"],
                entity["Remote"],
                entity.get("Coverage"),
            ]


def _exceptions(cause: Mapping[str, Any]) -> Iterator[list[Any]]:
    for service in cause["Services"]:
        for entity in service["EntityPath"]:
            for exception in entity.get("Exceptions", ()):
                yield [exception["Name"], exception["Message"]]


_LISTS: Mapping[CauseList, tuple[tuple[str, ...], Callable[[Mapping[str, Any]], Iterator[list[Any]]]]] = {
    "service": (("name", "type", "inferred"), _services),
    "entity": (("name", "type", "inferred", "remote", "coverage"), _entities),
    "exception": (("name", "message"), _exceptions),
}
_SORTS: dict[str, Callable[[], Table]] = {
    "service": lambda: Table(facts.SERVICE_COLUMNS, _service_rows),
    "edge": lambda: Table(facts.EDGE_COLUMNS, _edge_rows),
    "rootcause": lambda: Table(("cause",), _cause_rows),
    **{
        f"rootcause.{kind}.{of}": lambda kind=kind, of=of: _causes(kind, of)  # type: ignore[misc]
        for kind in get_args(CauseKind)
        for of in get_args(CauseList)
    },
}


def new_tables() -> dict[str, Table]:
    """Return all tables, empty, by name."""
    return {"trace": TraceTable(), **{name: make() for name, make in _SORTS.items()}}
