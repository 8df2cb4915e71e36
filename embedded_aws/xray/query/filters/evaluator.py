"""Which rows of a table an expression selects.

What AWS does not tell, and is chosen here: text is compared with its case; a value that is not there
satisfies no operator, not even `!=`; of several values one is enough.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from embedded_aws.xray.query.filters import syntax
from embedded_aws.xray.query.filters.facts import MULTIPLE
from embedded_aws.xray.query.filters.keywords import FLAGS
from embedded_aws.xray.query.filters.syntax import Expression

if TYPE_CHECKING:
    from embedded_aws.xray.query.filters.packed_tables import PackedTable
    from embedded_aws.xray.query.filters.tables import Annotation, Table

Rows = list[int]
Test = Callable[[Any], bool]
FilledTable = Callable[[str, Rows], "Table | PackedTable"]
"""Return the table of this name, which holds at least these traces."""
GroupMembers = Callable[[str, Test, Rows], Rows]
"""Return those of the traces that are in a group whose `group.name` or `group.arn` passes the test."""

_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "CONTAINS": lambda found, value: value in found,
    "BEGINSWITH": lambda found, value: found.startswith(value),
    "ENDSWITH": lambda found, value: found.endswith(value),
}

# Written out, because a call for every row takes three times as long.
_LOOPS: dict[str, Callable[[list[Any], Any, Rows], Rows]] = {
    "=": lambda column, value, rows: [row for row in rows if column[row] == value],
    "<": lambda column, value, rows: [
        row for row in rows if (found := column[row]) is not None and found < value
    ],
    ">": lambda column, value, rows: [
        row for row in rows if (found := column[row]) is not None and found > value
    ],
    "CONTAINS": lambda column, value, rows: [
        row for row in rows if (found := column[row]) is not None and value in found
    ],
}


class Evaluator:
    """Selects traces; `tables` and `groups` bring what expressions refer to."""

    def __init__(self, tables: FilledTable, groups: GroupMembers) -> None:
        self._tables = tables
        self._groups = groups

    def traces(self, expression: Expression, traces: Rows) -> Rows:
        """Return the traces for which the expression holds, in their order."""
        return self._select(expression, self._tables("trace", traces), traces)

    def _select(self, expression: Expression, table: Table | PackedTable, rows: Rows) -> Rows:
        match expression:
            case syntax.And(terms):
                for term in terms:
                    rows = self._select(term, table, rows)
                return rows
            case syntax.Or(terms):
                found: set[int] = set()
                for term in terms:
                    found.update(self._select(term, table, [row for row in rows if row not in found]))
                return [row for row in rows if row in found]
            case syntax.Not(term):
                out = set(self._select(term, table, rows))
                return [row for row in rows if row not in out]
            case syntax.Has() | syntax.Compare():
                return self._keyword(expression, table, rows)
        return self._complex(expression, rows)

    def _keyword(
        self, expression: syntax.Has | syntax.Compare, table: Table | PackedTable, rows: Rows
    ) -> Rows:
        name = expression.keyword.name
        if name.startswith("group."):
            return self._groups(name, _test(expression), rows)
        if name == syntax.ANNOTATION:
            return _annotated(expression, table.annotation(expression.keyword.key), rows)
        column = table.columns[name]
        if name in MULTIPLE:
            test = _test(expression)
            return [row for row in rows if any(test(value) for value in column[row] or ())]
        if isinstance(expression, syntax.Compare):
            return _compared(column, expression.operator, expression.value, rows)
        if name in FLAGS:
            return [row for row in rows if column[row]]
        return [row for row in rows if column[row] is not None]

    def _complex(self, expression: Expression, traces: Rows) -> Rows:
        match expression:
            case syntax.Service(picked, block):
                table = self._tables("service", traces)
                rows = _calling(picked, table, traces)
            case syntax.Edge(caller, called, block):
                table = self._tables("edge", traces)
                rows = _picked(called, table, "called.", _calling(caller, table, traces))
            case syntax.RootCause(kind, of, block):
                table = self._tables(f"rootcause.{kind}.{of}", traces)
                rows = table.of(traces)
            case syntax.RootCauseJson(causes):
                return _with_causes(json.loads(causes), self._tables("rootcause", traces), traces)
            case _:
                raise TypeError(f"{expression!r} selects no traces")
        if block is not None:
            rows = self._select(block, table, rows)
        return _owners(table, rows, traces)


def _owners(table: Table | PackedTable, rows: Rows, traces: Rows) -> Rows:
    owners = table.owners
    found = {owners[row] for row in rows}
    return [trace for trace in traces if trace in found]


def _calling(picked: syntax.Id | None, table: Table | PackedTable, traces: Rows) -> Rows:
    """Return the rows of services, or of calls by these services."""
    if picked is None or picked.name is None:
        return _picked(picked, table, "", table.of(traces))
    return _picked(replace(picked, name=None), table, "", table.named(picked.name, traces))


def _picked(picked: syntax.Id | None, table: Table | PackedTable, prefix: str, rows: Rows) -> Rows:
    if picked is None:
        return rows
    for field, value in (("name", picked.name), ("type", picked.type), ("account", picked.account)):
        if value is not None:
            column = table.columns[prefix + field]
            rows = [row for row in rows if column[row] == value]
    return rows


def _compared(column: list[Any], sign: str, value: syntax.Value, rows: Rows) -> Rows:
    if loop := _LOOPS.get(sign):
        return loop(column, value, rows)
    test = _TESTS[sign]
    return [row for row in rows if (found := column[row]) is not None and test(found, value)]


def _annotated(expression: syntax.Has | syntax.Compare, annotation: Annotation, rows: Rows) -> Rows:
    values = annotation.values
    if isinstance(expression, syntax.Has):
        return [row for row in rows if row in values]
    if expression.operator == "=":
        return _among(annotation.equal(expression.value), rows)
    test = _test(expression)
    if annotation.size < 2 * len(rows):
        return _among(annotation.rows(test), rows)
    return [row for row in rows if (found := values.get(row)) and any(map(test, found))]


def _among(hits: Collection[int], rows: Rows) -> Rows:
    return [row for row in rows if row in hits]


def _test(expression: syntax.Has | syntax.Compare) -> Test:
    """Return the test of one value; a value of another type passes none."""
    if isinstance(expression, syntax.Has):
        return lambda _: True
    test, value = _TESTS[expression.operator], expression.value
    kinds = (int, float) if type(value) in {int, float} else (type(value),)
    return lambda found: type(found) in kinds and test(found, value)


def _with_causes(wanted: list[Any], table: Table | PackedTable, traces: Rows) -> Rows:
    causes = table.columns["cause"]
    rows = [row for row in table.of(traces) if any(_fits(pattern, causes[row]) for pattern in wanted)]
    return _owners(table, rows, traces)


def _fits(pattern: Any, value: Any) -> bool:
    """Tell whether a root cause has all given fields; lists must be of the same length."""
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(
            key in value and _fits(item, value[key]) for key, item in pattern.items()
        )
    if isinstance(pattern, list):
        return isinstance(value, list) and len(value) == len(pattern) and all(map(_fits, pattern, value))
    return bool(pattern == value)
