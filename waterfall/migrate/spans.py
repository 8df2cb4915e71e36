"""What opens a subsegment or a segment, and becomes a span."""

from __future__ import annotations

import libcst as cst

from waterfall.migrate import xray_sdk
from waterfall.migrate.decisions import Decisions
from waterfall.migrate.entities import why_not_opened
from waterfall.migrate.syntax import Change, name_of, namespace_of


def opening(found: Decisions, node: cst.Call, method: str) -> None:
    """Decide about a call that opens one: in a `with`, or as a decorator."""
    holder = found.parents[node]
    if isinstance(holder, cst.Decorator):
        _captured(found, node, method, holder)
        return
    entity = found.entities.defined_by(holder)
    why = why_not_opened(node, found.parents) or (entity.why if entity else None)
    if why:
        found.stays(node, method, why)
        return
    block = found.parents[holder]
    kind = _kind(node, method)
    becomes = f"with tracer.start_as_current_span(...{', kind=' + kind if kind else ''})"
    found.moves(node, method, becomes, (node, _span(found, kind)))
    if isinstance(block, cst.With) and block.asynchronous:
        found.changes[block] = lambda new: new.with_changes(asynchronous=None)
    if entity and not entity.is_read:
        found.changes[holder] = lambda new: new.with_changes(asname=None)


def _captured(found: Decisions, node: cst.Call, method: str, holder: cst.Decorator) -> None:
    function = found.parents[holder]
    if not isinstance(function, cst.FunctionDef) or (node.args and name_of(node) is None):
        found.stays(node, f"@{method}", "it has more than a name, or decorates no function")
    elif (method == "capture_async") != bool(function.asynchronous):
        found.stays(
            node, f"@{method}", "it decorates the wrong kind of function: it times no more than the call"
        )
    else:
        change = _span(found, None, function.name.value)
        found.moves(node, f"@{method}", "@tracer.start_as_current_span(...)", (node, change))


def _kind(node: cst.Call, method: str) -> str | None:
    if method in xray_sdk.SEGMENTS:
        return "SERVER"
    return "CLIENT" if namespace_of(node) == "remote" else None


def _span(found: Decisions, kind: str | None, otherwise: str = "") -> Change:
    """Return what makes of a call one that starts a span of the same name."""

    def change(new: cst.Call) -> cst.Call:
        args = [name_of(new) or cst.Arg(cst.SimpleString(f'"{otherwise}"'))]
        if kind:
            value = cst.parse_expression(f"{found.wanted('trace')}.SpanKind.{kind}")
            args.append(cst.Arg(value, keyword=cst.Name("kind"), equal=PLAIN))
        func = cst.Attribute(cst.Name(found.wanted("tracer")), cst.Name("start_as_current_span"))
        return new.with_changes(func=func, args=args)

    return change


PLAIN = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
