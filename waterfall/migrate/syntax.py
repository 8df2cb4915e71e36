"""What the shape of code says: names, texts and exceptions that calls are given, what a function is."""

from __future__ import annotations

from collections.abc import Mapping

import libcst as cst

Parents = Mapping[cst.CSTNode, cst.CSTNode]


def name_of(call: cst.Call) -> cst.Arg | None:
    """Return the name of the subsegment that a call opens, if that is all it says."""
    args = [arg for arg in call.args if not _is_local(arg)]
    if len(args) != 1 or args[0].star or (args[0].keyword and args[0].keyword.value != "name"):
        return None
    return args[0].with_changes(
        keyword=None, equal=cst.MaybeSentinel.DEFAULT, comma=cst.MaybeSentinel.DEFAULT
    )


def _is_local(arg: cst.Arg) -> bool:
    """Whether an argument says the namespace that a subsegment has anyway."""
    value = arg.value
    return bool(
        arg.keyword
        and arg.keyword.value == "namespace"
        and isinstance(value, cst.SimpleString)
        and value.evaluated_value == "local"
    )


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
