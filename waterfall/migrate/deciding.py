"""Decides about each construct of a file: a row of the inventory, and the change of the tree if it moves."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import libcst as cst
from libcst.helpers import get_full_name_for_node

from waterfall.migrate import powertools, xray_sdk
from waterfall.migrate.entities import (
    OF_THE_SDK,
    Entities,
    is_current,
    is_of_the_sdk,
    opened,
    place_of,
    why_not_opened,
)
from waterfall.migrate.imports import emptied
from waterfall.migrate.inventory import Use, left
from waterfall.migrate.names import Names
from waterfall.migrate.syntax import (
    Parents,
    exception_of,
    function_of,
    is_statement,
    name_of,
    texts_of,
    yields,
)

Change = Callable[[Any], Any]
"""Makes the new node of one whose children are new already."""
Wanted = Callable[[str], str]
"""Gives the name by which the file has what is named, which is imported if need be."""


class Deciding(cst.CSTVisitor):
    """`uses` are the rows, `changes` what is done to nodes. `line_of` gives a node's line.

    `is_patched` says that a `patch` goes, so that something has to import `tracing`. `held` are the names
    that what stays begins with; `others` the libraries around the file whose calls `tracing` does not record.
    """

    def __init__(
        self,
        names: Names,
        parents: Parents,
        entities: Entities,
        *,
        line_of: Callable[[cst.CSTNode], int],
        wanted: Wanted,
        others: Sequence[str],
    ) -> None:
        super().__init__()
        self.uses: list[Use] = []
        self.changes: dict[cst.CSTNode, Change] = {}
        self.held: set[str] = set()
        self.is_patched = False
        self._names, self._parents, self._entities = names, parents, entities
        self._line_of, self._wanted, self._others = line_of, wanted, others
        self._seen: set[cst.CSTNode] = set()
        self._needs_recorder = False

    def moves(
        self, node: cst.CSTNode, construct: str, becomes: str, change: tuple[cst.CSTNode, Change]
    ) -> None:
        self.uses.append(Use(self._line_of(node), construct, becomes))
        self.changes[change[0]] = change[1]

    def stays(self, node: cst.CSTNode, construct: str, why: str) -> None:
        self.uses.append(left(self._line_of(node), construct, why))
        named = node.func if isinstance(node, cst.Call) else node
        self.held.add((get_full_name_for_node(named) or "").partition(".")[0])

    # what is visited

    def visit_Module(self, node: cst.Module) -> None:
        self._needs_recorder = bool(_OUTSIDE_LAMBDA.search(node.code))

    def visit_Import(self, node: cst.Import) -> bool:
        return False

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
        if isinstance(node.names, cst.ImportStar) and node.module:
            source = get_full_name_for_node(node.module) or ""
            if source.startswith((xray_sdk.PACKAGE, f"{powertools.PACKAGE}.tracing")):
                self.stays(node, f"from {source} import *", "what it binds cannot be read")
        return False

    def visit_Arg(self, node: cst.Arg) -> bool:
        node.value.visit(self)
        return False

    def visit_Call(self, node: cst.Call) -> bool | None:
        if is_current(node, self._names):
            self._seen.add(node.func)
            self._current(node)
        elif name := self._resolved(node.func):
            self._seen.add(node.func)
            return self._call(node, name)
        elif isinstance(node.func, cst.Attribute):
            self._of_entity(node, node.func)
        return None

    def visit_Attribute(self, node: cst.Attribute) -> bool:
        if node in self._seen:
            return False
        if name := self._resolved(node):
            self._mentioned(node, name)
            return False
        node.value.visit(self)
        return False

    def visit_Name(self, node: cst.Name) -> None:
        if node not in self._seen and not self._is_definition(node) and (name := self._resolved(node)):
            self._mentioned(node, name)

    def _resolved(self, node: cst.CSTNode) -> str | None:
        name = self._names.stands_for(node)
        if name and name.startswith(powertools.PACKAGE) and not powertools.is_tracing(name):
            return None
        return name

    def _is_definition(self, node: cst.Name) -> bool:
        return isinstance(self._parents[node], cst.AssignTarget)

    # the constructs

    def _call(self, node: cst.Call, name: str) -> bool | None:
        head = (get_full_name_for_node(node.func) or "").partition(".")[0]
        shown, method = shown_as(name), name.rpartition(".")[2]
        if self._names.is_ambiguous(head):
            self.stays(node, shown, f"`{head}` is bound in several places of this file")
        elif name in powertools.CLASSES:
            if node not in self._names.tracers.values():
                self.stays(node, shown, powertools.HANDED_ON)
            return None
        elif opened(node, self._names):
            self._opening(node, method)
        elif name in {
            f"{owner}.{each}" for owner in (xray_sdk.RECORDER, powertools.TRACER) for each in xray_sdk.NOTING
        }:
            self._noting(node, shown, method)
        elif name == f"{xray_sdk.RECORDER}.is_sampled" and not node.args and not self._is_of_the_sdk(node):
            change = self._asked(".get_current_span().is_recording()")
            self.moves(node, shown, "get_current_span().is_recording()", (node, change))
        elif name == f"{xray_sdk.RECORDER}.configure":
            return self._configure(node, shown)
        elif name in {f"{xray_sdk.PACKAGE}.core.patch", f"{xray_sdk.PACKAGE}.core.patch_all"}:
            self._patch(node, method)
        elif name in {f"{powertools.TRACER}.{each}" for each in powertools.DECORATORS}:
            self._decorator(node, method, node.args)
        else:
            self._left(node, name)
        return None

    def _left(self, node: cst.CSTNode, name: str) -> None:
        reason = powertools.why_left if name.startswith(powertools.PACKAGE) else xray_sdk.why_left
        self.stays(node, shown_as(name), reason(name))

    def _mentioned(self, node: cst.CSTNode, name: str) -> None:
        """Decide about what is named and not called: a decorator, or an object that is handed on."""
        method = name.rpartition(".")[2]
        head = (get_full_name_for_node(node) or "").partition(".")[0]
        if self._names.is_ambiguous(head):
            if self._parents.get(node).__class__ is not cst.AsName:
                self.stays(node, shown_as(name), f"`{head}` is bound in several places of this file")
        elif isinstance(self._parents[node], cst.Decorator) and name in {
            f"{powertools.TRACER}.{each}" for each in powertools.DECORATORS
        }:
            self._decorator(node, method, ())
        elif name not in powertools.CLASSES or not isinstance(self._parents[node], cst.Annotation):
            self.stays(node, shown_as(name), self._why_mentioned(name))

    def _why_mentioned(self, name: str) -> str:
        is_object = name in {xray_sdk.RECORDER, powertools.TRACER} or not name.startswith(xray_sdk.PACKAGE)
        return powertools.HANDED_ON if is_object else xray_sdk.why_left(name)

    def _decorator(self, node: cst.CSTNode, method: str, args: Sequence[cst.Arg]) -> None:
        shown = f"@tracer.{method}"
        decorator = self._parents[node]
        function = self._parents.get(decorator)
        known = all(arg.keyword and arg.keyword.value in powertools.DECORATOR_ARGUMENTS for arg in args)
        if not isinstance(decorator, cst.Decorator) or not isinstance(function, cst.FunctionDef) or not known:
            self.stays(node, shown, powertools.why_left(method))
        elif method == "capture_method" and yields(function):
            self.stays(node, shown, powertools.GENERATOR)
        elif method == "capture_lambda_handler" and function.asynchronous:
            self.stays(node, shown, powertools.why_left(method))
        else:
            becomes = f"@{method}" + ("" if args else ", which keeps no response as metadata")
            self.moves(node, shown, becomes, (node, lambda _: cst.Name(self._wanted(method))))

    def _opening(self, node: cst.Call, method: str) -> None:
        holder = self._parents[node]
        if isinstance(holder, cst.Decorator):
            self._captured(node, method, holder)
            return
        entity = self._entities.defined_by(holder)
        why = why_not_opened(node, self._parents) or (entity.why if entity else None)
        if why:
            self.stays(node, method, why)
            return
        block = self._parents[holder]
        self.moves(node, method, "with tracer.start_as_current_span(...)", (node, self._span_of(node)))
        if isinstance(block, cst.With) and block.asynchronous:
            self.changes[block] = lambda new: new.with_changes(asynchronous=None)
        if entity and not entity.is_read:
            self.changes[holder] = lambda new: new.with_changes(asname=None)

    def _captured(self, node: cst.Call, method: str, holder: cst.Decorator) -> None:
        function = self._parents[holder]
        name = name_of(node)
        if not isinstance(function, cst.FunctionDef) or (node.args and name is None):
            self.stays(node, f"@{method}", "it has more than a name, or decorates no function")
        elif (method == "capture_async") != bool(function.asynchronous):
            self.stays(
                node, f"@{method}", "it decorates the wrong kind of function: it times no more than the call"
            )
        else:
            change = self._span_of(node, function.name.value)
            self.moves(node, f"@{method}", "@tracer.start_as_current_span(...)", (node, change))

    def _span_of(self, node: cst.Call, otherwise: str = "") -> Change:
        """Return what makes of a call one that starts a span of the same name."""

        def change(new: cst.Call) -> cst.Call:
            name = name_of(new) or cst.Arg(cst.SimpleString(f'"{otherwise}"'))
            func = cst.Attribute(cst.Name(self._wanted("tracer")), cst.Name("start_as_current_span"))
            return new.with_changes(func=func, args=[name])

        return change

    def _noting(self, node: cst.Call, shown: str, method: str) -> None:
        becomes = xray_sdk.NOTING[method]
        if self._is_of_the_sdk(node):
            self.stays(node, shown, OF_THE_SDK)
            return
        namespace = self._namespace(node, method)

        def change(new: cst.Call) -> cst.Call:
            args = [*new.args, namespace] if namespace else new.args
            return new.with_changes(func=cst.Name(self._wanted(becomes)), args=args)

        self.moves(node, shown, f"{becomes}(...)", (node, change))

    def _is_of_the_sdk(self, node: cst.CSTNode) -> bool:
        place = place_of(node, self._names, self._parents)
        if isinstance(place, cst.With):
            return any(
                (entity := self._entities.defined_by(each)) is not None and entity.why is not None
                for each in place.items
            ) or is_of_the_sdk(place, self._names, self._parents)
        return is_of_the_sdk(function_of(node, self._parents), self._names, self._parents)

    def _namespace(self, node: cst.Call, method: str) -> cst.Arg | None:
        """Return the namespace that Powertools gives what has none: the service of its `Tracer`."""
        tracer = self._names.tracers.get((get_full_name_for_node(node.func) or "").partition(".")[0])
        named = len(node.args) > 2 or any(
            arg.keyword and arg.keyword.value == "namespace" for arg in node.args
        )
        if method != "put_metadata" or tracer is None or named or any(arg.star for arg in node.args):
            return None
        service = next((arg for arg in tracer.args if arg.keyword and arg.keyword.value == "service"), None)
        if service is None or not isinstance(service.value, cst.SimpleString):
            return None
        return cst.Arg(service.value, keyword=cst.Name("namespace"), equal=_PLAIN)

    def _of_entity(self, node: cst.Call, func: cst.Attribute) -> None:
        """Decide about a call of a subsegment's method; others are none of the SDK's."""
        method = func.attr.value
        entity = self._entities.of(func.value)
        is_chained = is_current(func.value, self._names)
        if entity is None and not is_chained:
            return
        shown = f"subsegment.{method}"
        if entity and entity.why:
            self.stays(node, shown, entity.why)
            return
        if method in xray_sdk.NOTING:
            if is_chained:
                self._seen.add(func)
                self._seen.add(cst.ensure_type(func.value, cst.Call).func)
            self._noting(node, shown, method)
            return
        if is_chained and self._is_of_the_sdk(node):
            return
        if not is_statement(node, self._parents) or (
            method == "add_exception" and exception_of(node) is None
        ):
            return
        if method in {"add_exception", "add_fault_flag"}:
            line = self._parents[self._parents[node]]
            self.moves(node, shown, _BECOMES[method], (line, self._failing(method)))

    def _failing(self, method: str) -> Change:
        def change(line: cst.SimpleStatementLine) -> Any:
            call = cst.ensure_type(cst.ensure_type(line.body[0], cst.Expr).value, cst.Call)
            span = cst.ensure_type(call.func, cst.Attribute).value
            code = cst.parse_expression(f"{self._wanted('trace')}.StatusCode.ERROR")
            status = cst.Call(cst.Attribute(span, cst.Name("set_status")), [cst.Arg(code)])
            error = exception_of(call) if method == "add_exception" else None
            if error is None:
                return line.with_changes(body=[cst.Expr(status)])
            recorded = cst.Call(cst.Attribute(span, cst.Name("record_exception")), [error])
            first = line.with_changes(body=[cst.Expr(recorded)])
            return cst.FlattenSentinel([first, cst.SimpleStatementLine([cst.Expr(status)])])

        return change

    def _current(self, node: cst.Call) -> None:
        holder = self._parents[node]
        entity = self._entities.defined_by(holder)
        is_chained = isinstance(holder, cst.Attribute)
        if is_chained and self._is_of_the_sdk(node):
            self.stays(node, "current_subsegment", OF_THE_SDK)
            return
        if is_chained and node in self._chained_left(holder):
            self.stays(node, "current_subsegment", "there is no rule for what it is asked")
            return
        if entity is None and not is_chained:
            self.stays(node, "current_subsegment", powertools.HANDED_ON)
        elif entity and entity.why:
            self.stays(node, "current_subsegment", entity.why)
        elif entity and not entity.is_read and len(self._line(holder).body) == 1:
            self.moves(
                node,
                "current_subsegment",
                "nothing: what is annotated is current",
                (self._line(holder), emptied),
            )
        else:
            span = self._asked(".get_current_span()")
            self.moves(node, "current_subsegment", "trace.get_current_span()", (node, span))

    def _asked(self, rest: str) -> Change:
        """Return what makes a node an expression that begins with OpenTelemetry's `trace`."""
        return lambda _: cst.parse_expression(self._wanted("trace") + rest)

    def _chained_left(self, holder: cst.CSTNode) -> tuple[cst.CSTNode, ...]:
        """Return the subsegment of a chained call that has no rule."""
        call = self._parents[holder]
        if not isinstance(holder, cst.Attribute) or not isinstance(call, cst.Call) or call.func is not holder:
            return (cst.ensure_type(holder, cst.Attribute).value,)
        method = holder.attr.value
        fits = method in xray_sdk.NOTING or (method in _BECOMES and is_statement(call, self._parents))
        if method == "add_exception" and exception_of(call) is None:
            fits = False
        return () if fits else (holder.value,)

    def _line(self, node: cst.CSTNode) -> cst.SimpleStatementLine:
        return cst.ensure_type(self._parents[node], cst.SimpleStatementLine)

    def _configure(self, node: cst.Call, shown: str) -> bool:
        set_ = [arg.keyword.value if arg.keyword else "*" for arg in node.args]
        others = sorted({*set_} - xray_sdk.NO_MATTER)
        if self._needs_recorder:
            self.stays(node, shown, xray_sdk.why_left(shown))
            return True
        if others or not is_statement(node, self._parents):
            why = f"`tracing` has no setting for {', '.join(others)}" if others else "its result is used"
            self.stays(node, shown, why)
            return True
        line = self._line(self._parents[node])
        self.moves(node, shown, "nothing: Lambda makes the segment and samples", (line, emptied))
        return False

    def _patch(self, node: cst.Call, method: str) -> None:
        if method == "patch_all":
            fits, why = not (self._others or node.args), xray_sdk.why_left(method)
            why = xray_sdk.OTHERS.format(others=", ".join(self._others)) if self._others else why
        else:
            texts = texts_of(node)
            fits, why = bool(texts) and {*texts} <= xray_sdk.TRACED, xray_sdk.why_left(method)
        if not fits or not is_statement(node, self._parents):
            self.stays(node, method, why)
            return
        line = self._line(self._parents[node])
        self.is_patched = True
        self.moves(node, method, "nothing: `tracing` records these calls", (line, emptied))


_OUTSIDE_LAMBDA = re.compile(r"\b(?:aws_xray_sdk\.ext|begin_segment|in_segment|in_segment_async)\b")
_PLAIN = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
_BECOMES = {
    "add_exception": "span.record_exception(...) and set_status(ERROR)",
    "add_fault_flag": "span.set_status(ERROR)",
}


def shown_as(name: str) -> str:
    """Return a construct as people know it."""
    if name in powertools.CLASSES:
        return "Tracer"
    short = name.replace(xray_sdk.RECORDER, "xray_recorder").replace(powertools.TRACER, "tracer")
    return short.removeprefix(f"{xray_sdk.PACKAGE}.").removeprefix(f"{powertools.PACKAGE}.")
