"""What is noted on the subsegment that is current, or is held in a variable."""

from __future__ import annotations

from typing import Any

import libcst as cst
from libcst.helpers import get_full_name_for_node

from waterfall.migrate import powertools, xray_sdk
from waterfall.migrate.decisions import Decisions
from waterfall.migrate.entities import OF_THE_SDK, is_current
from waterfall.migrate.imports import emptied
from waterfall.migrate.spans import PLAIN
from waterfall.migrate.syntax import Change, exception_of, is_statement

_BECOMES = {
    "add_exception": "span.record_exception(...) and set_status(ERROR)",
    "add_fault_flag": "span.set_status(ERROR)",
}


def noting(found: Decisions, node: cst.Call, shown: str, method: str) -> None:
    """Decide about an annotation, or metadata, of what is current."""
    becomes = xray_sdk.NOTING[method]
    if found.is_of_the_sdk(node):
        found.stays(node, shown, OF_THE_SDK)
        return
    namespace = _namespace(found, node, method)

    def change(new: cst.Call) -> cst.Call:
        args = [*new.args, namespace] if namespace else new.args
        return new.with_changes(func=cst.Name(found.wanted(becomes)), args=args)

    found.moves(node, shown, f"{becomes}(...)", (node, change))


def _namespace(found: Decisions, node: cst.Call, method: str) -> cst.Arg | None:
    """Return the namespace that Powertools gives what has none: the service of its `Tracer`."""
    tracer = found.names.tracers.get((get_full_name_for_node(node.func) or "").partition(".")[0])
    named = len(node.args) > 2 or any(arg.keyword and arg.keyword.value == "namespace" for arg in node.args)
    if method != "put_metadata" or tracer is None or named or any(arg.star for arg in node.args):
        return None
    service = next((arg for arg in tracer.args if arg.keyword and arg.keyword.value == "service"), None)
    if service is None or not isinstance(service.value, cst.SimpleString):
        return None
    return cst.Arg(service.value, keyword=cst.Name("namespace"), equal=PLAIN)


def of_entity(found: Decisions, node: cst.Call, func: cst.Attribute) -> None:
    """Decide about a call of a subsegment's method; others are none of the SDK's."""
    method = func.attr.value
    entity = found.entities.of(func.value)
    is_chained = is_current(func.value, found.names)
    if entity is None and not is_chained:
        return
    shown = f"subsegment.{method}"
    if entity and entity.why:
        found.stays(node, shown, entity.why)
        return
    if method in xray_sdk.NOTING:
        if is_chained:
            found.seen.add(func)
            found.seen.add(cst.ensure_type(func.value, cst.Call).func)
        noting(found, node, shown, method)
        return
    if is_chained and found.is_of_the_sdk(node):
        return
    if not is_statement(node, found.parents) or (method == "add_exception" and exception_of(node) is None):
        return
    if method in _BECOMES:
        line = found.parents[found.parents[node]]
        found.moves(node, shown, _BECOMES[method], (line, _failing(found, method)))


def _failing(found: Decisions, method: str) -> Change:
    def change(line: cst.SimpleStatementLine) -> Any:
        call = cst.ensure_type(cst.ensure_type(line.body[0], cst.Expr).value, cst.Call)
        span = cst.ensure_type(call.func, cst.Attribute).value
        code = cst.parse_expression(f"{found.wanted('trace')}.StatusCode.ERROR")
        status = cst.Call(cst.Attribute(span, cst.Name("set_status")), [cst.Arg(code)])
        error = exception_of(call) if method == "add_exception" else None
        if error is None:
            return line.with_changes(body=[cst.Expr(status)])
        recorded = cst.Call(cst.Attribute(span, cst.Name("record_exception")), [error])
        first = line.with_changes(body=[cst.Expr(recorded)])
        return cst.FlattenSentinel([first, cst.SimpleStatementLine([cst.Expr(status)])])

    return change


def current(found: Decisions, node: cst.Call) -> None:
    """Decide about a call of `current_subsegment`."""
    holder = found.parents[node]
    entity = found.entities.defined_by(holder)
    is_chained = isinstance(holder, cst.Attribute)
    if is_chained and found.is_of_the_sdk(node):
        found.stays(node, "current_subsegment", OF_THE_SDK)
    elif is_chained and not _has_rule(found, holder):
        found.stays(node, "current_subsegment", "there is no rule for what it is asked")
    elif entity is None and not is_chained:
        found.stays(node, "current_subsegment", powertools.HANDED_ON)
    elif entity and entity.why:
        found.stays(node, "current_subsegment", entity.why)
    elif entity and not entity.is_read and len(found.statement(holder).body) == 1:
        becomes = "nothing: what is annotated is current"
        found.moves(node, "current_subsegment", becomes, (found.statement(holder), emptied))
    else:
        becomes = "trace.get_current_span()"
        found.moves(node, "current_subsegment", becomes, (node, found.of_trace(".get_current_span()")))


def _has_rule(found: Decisions, holder: cst.CSTNode) -> bool:
    """Whether there is a rule for what a chained call asks the current subsegment."""
    call = found.parents[holder]
    if not isinstance(holder, cst.Attribute) or not isinstance(call, cst.Call) or call.func is not holder:
        return False
    method = holder.attr.value
    if method == "add_exception" and exception_of(call) is None:
        return False
    return method in xray_sdk.NOTING or (method in _BECOMES and is_statement(call, found.parents))
