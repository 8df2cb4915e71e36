"""What the shape of code says: names, texts and exceptions that calls are given, what a function is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import libcst as cst

Parents = Mapping[cst.CSTNode, cst.CSTNode]
N = TypeVar("N", bound=cst.CSTNode)
Change = Callable[[Any], Any]
"""Makes the new node of one whose children are new already."""


class Reader(cst.CSTVisitor):
    """Visits what code reads and binds: the names of attributes and of keywords are no names of its own."""

    def visit_Attribute(self, node: cst.Attribute) -> bool:
        node.value.visit(self)
        return False

    def visit_Arg(self, node: cst.Arg) -> bool:
        node.value.visit(self)
        return False


def name_of(call: cst.Call) -> cst.Arg | None:
    """Return the name of the subsegment that a call opens, if it says at most its namespace too."""
    has_namespace = namespace_of(call) in {"local", "remote"}
    args = [arg for arg in call.args if not (has_namespace and arg is _namespace(call))]
    if len(args) != 1 or args[0].star or (args[0].keyword and args[0].keyword.value != "name"):
        return None
    return args[0].with_changes(
        keyword=None, equal=cst.MaybeSentinel.DEFAULT, comma=cst.MaybeSentinel.DEFAULT
    )


def namespace_of(call: cst.Call) -> str | None:
    """Return the namespace that the call of a subsegment names; without one it is `local`."""
    arg = _namespace(call)
    value = arg.value if arg else None
    if not isinstance(value, cst.SimpleString):
        return None if arg else "local"
    return str(value.evaluated_value)


def _namespace(call: cst.Call) -> cst.Arg | None:
    by_name = (arg for arg in call.args if arg.keyword and arg.keyword.value == "namespace")
    second = call.args[1] if len(call.args) > 1 and not (call.args[1].keyword or call.args[1].star) else None
    return next(by_name, second)


def function_of(node: cst.CSTNode, parents: Parents) -> cst.CSTNode:
    at = parents.get(node, node)
    while not isinstance(at, cst.FunctionDef | cst.Module):
        at = parents[at]
    return at


def is_statement(node: cst.CSTNode, parents: Parents) -> bool:
    """Whether an expression is all that stands in a line."""
    line = parents.get(parents[node])
    return (
        isinstance(parents[node], cst.Expr)
        and isinstance(line, cst.SimpleStatementLine)
        and len(line.body) == 1
    )


def exception_of(call: cst.Call) -> cst.Arg | None:
    """Return the exception that `add_exception(exception, stack)` is given."""
    by_name = {arg.keyword.value: arg for arg in call.args if arg.keyword}
    if len(call.args) > 2 or not {*by_name} <= {"exception", "stack"} or any(arg.star for arg in call.args):
        return None
    first = by_name.get("exception", call.args[0] if call.args and not call.args[0].keyword else None)
    return first.with_changes(keyword=None, comma=cst.MaybeSentinel.DEFAULT) if first else None


def texts_of(call: cst.Call) -> list[str]:
    """Return the strings of a call whose one argument is a list or tuple of them; of another, none."""
    listed = call.args[0].value if len(call.args) == 1 else None
    if not isinstance(listed, cst.Tuple | cst.List):
        return []
    values = [
        each.value.evaluated_value if isinstance(each.value, cst.SimpleString) else ""
        for each in listed.elements
    ]
    return [str(value) for value in values]


def without(nodes: Sequence[N], at: int) -> list[N]:
    """Return arguments, parameters or elements without one of them; the last keeps no comma."""
    kept = [each for number, each in enumerate(nodes) if number != at]
    if kept and at == len(nodes) - 1:
        kept[-1] = kept[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
    return kept


class _Yields(cst.CSTVisitor):
    found = False

    def visit_Yield(self, node: cst.Yield) -> None:
        self.found = True

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        return False

    def visit_Lambda(self, node: cst.Lambda) -> bool:
        return False


def yields(function: cst.FunctionDef) -> bool:
    found = _Yields()
    function.body.visit(found)
    return found.found
