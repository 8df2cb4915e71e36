"""What begins and ends a subsegment, or a segment, as a `with` of the X-Ray SDK, which moves as any other."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

import libcst as cst

from waterfall.migrate import xray_sdk
from waterfall.migrate.names import Names

_Body = Sequence[cst.BaseStatement]


def paired(module: cst.Module, names: Names) -> cst.Module:
    """Return the module with pairs as `with`, in each function of which all have a partner.

    So it is with what stands outside of functions. Segments are pairs where they can be spans.
    """
    return module.visit(_Pairing(names))


def lines_before(before: str, after: str) -> list[int]:
    """Return the line before of each line after, both from 1; what is new has that of the line above."""
    old, new = ([line.strip() for line in text.splitlines()] for text in (before, after))
    lines = [0] * (len(new) + 2)
    for block in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        kind, start, _, first, last = block
        for at in range(first, last):
            lines[at + 1] = start + (at - first if kind == "equal" else 0) + 1
    return lines


class _Pairing(cst.CSTTransformer):
    def __init__(self, names: Names) -> None:
        super().__init__()
        self._names = names

    def leave_FunctionDef(
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.FunctionDef:
        if not _count(original_node, self._names):
            return updated_node
        made = updated_node.visit(_Blocks(self._names))
        if not isinstance(made, cst.FunctionDef) or _count(made, self._names):
            return updated_node
        return made

    def leave_Module(self, original_node: cst.Module, updated_node: cst.Module) -> cst.Module:
        if not _count(original_node, self._names, outside=True):
            return updated_node
        body = _Blocks(self._names).pairs([*updated_node.body])
        made = updated_node.with_changes(body=body)
        return updated_node if _count(made, self._names, outside=True) else made


class _Blocks(cst.CSTTransformer):
    """Makes a `with` of the pairs of each block; nested functions have been done before."""

    def __init__(self, names: Names) -> None:
        super().__init__()
        self._names = names

    def leave_IndentedBlock(
        self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock
    ) -> cst.IndentedBlock:
        return updated_node.with_changes(body=self.pairs([*updated_node.body]))

    def pairs(self, body: list[cst.BaseStatement]) -> list[cst.BaseStatement]:
        """Close each begin by the nearest end that follows it, from the last begin backwards."""
        for at in range(len(body) - 1, -1, -1):
            begun = self._begin(body[at])
            if begun is None:
                continue
            kind = self._kind(begun[0])
            if guarded := self._guarded(body, at, kind):
                body[at : at + 2] = [_with(body[at], begun, guarded, kind)]
                continue
            end = next((each for each in range(at + 1, len(body)) if self._is_end(body[each], kind)), None)
            if end is not None and end > at + 1:
                ended = cst.ensure_type(body[end], cst.SimpleStatementLine).leading_lines
                body[at : end + 1] = [_with(body[at], begun, body[at + 1 : end], kind, ended)]
        return body

    def _guarded(self, body: list[cst.BaseStatement], at: int, kind: str) -> _Body | None:
        """Return what stands in the `try` that follows a begin, and whose `finally` ends it."""
        guard = body[at + 1] if at + 1 < len(body) else None
        if not isinstance(guard, cst.Try) or guard.finalbody is None:
            return None
        final = guard.finalbody.body.body
        if len(final) != 1 or not self._is_end(final[0], kind):
            return None
        if guard.handlers or guard.orelse:
            return [guard.with_changes(finalbody=None)]
        inner = guard.body.body
        return [each for each in inner if isinstance(each, cst.BaseStatement)] or None

    def _begin(self, node: cst.CSTNode) -> tuple[cst.Call, cst.Name | None] | None:
        """Return the call of a statement that begins a subsegment, and the name that it is given."""
        statement = _only(node)
        if not isinstance(statement, cst.Assign | cst.Expr):
            return None
        target = statement.targets[0].target if isinstance(statement, cst.Assign) else None
        if isinstance(statement, cst.Assign) and len(statement.targets) != 1:
            return None
        call = statement.value
        fits = isinstance(call, cst.Call) and self._kind(call) and 1 <= len(call.args) <= 2
        if not isinstance(call, cst.Call) or not fits or not isinstance(target, cst.Name | None):
            return None
        return call, target

    def _is_end(self, node: cst.CSTNode, kind: str) -> bool:
        statement = _only(node)
        call = statement.value if isinstance(statement, cst.Expr) else None
        return isinstance(call, cst.Call) and not call.args and self._is(call, f"end_{kind}")

    def _kind(self, call: cst.Call) -> str:
        """Return what a call begins: a subsegment, or a segment that can be a span."""
        return next((kind for kind in _kinds(self._names) if self._is(call, f"begin_{kind}")), "")

    def _is(self, call: cst.Call, method: str) -> bool:
        return self._names.stands_for(call.func) == f"{xray_sdk.RECORDER}.{method}"


def _kinds(names: Names) -> list[str]:
    return ["subsegment", *(["segment"] if "in_segment" in names.opening else [])]


def _with(
    begin: cst.BaseStatement,
    begun: tuple[cst.Call, cst.Name | None],
    body: _Body,
    kind: str,
    ended: Sequence[cst.EmptyLine] = (),
) -> cst.With:
    call, target = begun
    recorder = cst.ensure_type(call.func, cst.Attribute)
    opening = call.with_changes(func=recorder.with_changes(attr=cst.Name(f"in_{kind}")))
    known_as = cst.AsName(target) if target else None
    lines = cst.ensure_type(begin, cst.SimpleStatementLine).leading_lines
    return cst.With(
        [cst.WithItem(opening, known_as)],
        cst.IndentedBlock([*body], footer=[each for each in ended if each.comment]),
        leading_lines=lines,
    )


def _only(node: cst.CSTNode) -> cst.CSTNode | None:
    """Return the statement of a line that has one."""
    return node.body[0] if isinstance(node, cst.SimpleStatementLine) and len(node.body) == 1 else None


def _count(node: cst.CSTNode, names: Names, *, outside: bool = False) -> int:
    """Count what begins and ends by itself; with `outside`, of a module what stands in no function."""
    counter = _Counter(names, outside=outside)
    node.visit(counter)
    return counter.found


class _Counter(cst.CSTVisitor):
    def __init__(self, names: Names, *, outside: bool) -> None:
        super().__init__()
        self.found = 0
        self._names, self._outside = names, outside
        kinds = _kinds(names)
        self._methods = {f"{xray_sdk.RECORDER}.{verb}_{kind}" for kind in kinds for verb in ("begin", "end")}

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        return not self._outside

    def visit_Attribute(self, node: cst.Attribute) -> None:
        self.found += self._names.stands_for(node) in self._methods
