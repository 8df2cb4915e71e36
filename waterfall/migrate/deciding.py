"""Decides about each construct of a file: a row of the inventory, and the change of the tree if it moves."""

from __future__ import annotations

import re
from collections.abc import Sequence

import libcst as cst
from libcst.helpers import get_full_name_for_node

from waterfall.migrate import libraries, notes, powertools, spans, xray_sdk
from waterfall.migrate.decisions import Decisions, shown_as
from waterfall.migrate.entities import is_current, opened
from waterfall.migrate.inventory import left
from waterfall.migrate.syntax import Reader, yields
from waterfall.migrate.threads import Threads

_OLD = re.compile(r"(?:aws_xray_sdk|aws_lambda_powertools\.tracing)(?:\.\w+)*")
_NOTING = {f"{owner}.{each}" for owner in (xray_sdk.RECORDER, powertools.TRACER) for each in xray_sdk.NOTING}
_DECORATORS = {f"{powertools.TRACER}.{each}" for each in powertools.DECORATORS}


class Deciding(Reader):
    """Visits a file and fills `found`; `threads` are the entities that are handed to threads."""

    def __init__(self, found: Decisions, threads: Threads) -> None:
        super().__init__()
        self.found = found
        self._threads = threads
        self._names, self._parents = found.names, found.parents
        self._configured: list[tuple[cst.Call, str]] = []
        self._patches: list[tuple[cst.Call, str]] = []

    # what is visited

    def leave_Module(self, original_node: cst.Module) -> None:
        """Decide about `configure` and `patch`, which what is left of segments and middleware needs."""
        needed = any(
            not use.is_moved and xray_sdk.OUTSIDE_LAMBDA.search(use.construct) for use in self.found.uses
        )
        for node, shown in self._patches:
            if needed:
                self.found.stays(node, shown, xray_sdk.NEEDED)
            else:
                libraries.patch(self.found, node, shown)
        for node, shown in self._configured:
            if needed:
                self.found.stays(node, shown, xray_sdk.why_left(shown))
            if needed or not libraries.configure(self.found, node, shown):
                for arg in node.args:
                    arg.visit(self)

    def visit_Import(self, node: cst.Import) -> bool:
        return False

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
        if isinstance(node.names, cst.ImportStar) and node.module:
            source = get_full_name_for_node(node.module) or ""
            if source.startswith((xray_sdk.PACKAGE, f"{powertools.PACKAGE}.tracing")):
                self.found.stays(node, f"from {source} import *", "what it binds cannot be read")
        return False

    def visit_SimpleString(self, node: cst.SimpleString) -> None:
        """List what is named in a text, as Django's settings and patches of tests do."""
        value = node.evaluated_value
        if isinstance(value, str) and _OLD.fullmatch(value):
            self.found.uses.append(left(self.found.line_of(node), f'"{value}"', xray_sdk.why_named(value)))

    def visit_Call(self, node: cst.Call) -> bool | None:
        self._middleware(node)
        if change := self._threads.of(node):
            self.found.seen.add(node.func)
            self.found.moves(node, change.construct, change.becomes, *change.changes)
        elif is_current(node, self._names):
            self.found.seen.add(node.func)
            notes.current(self.found, node)
        elif name := self._resolved(node.func):
            self.found.seen.add(node.func)
            return self._call(node, name)
        elif isinstance(node.func, cst.Attribute):
            notes.of_entity(self.found, node, node.func)
        return None

    def _middleware(self, node: cst.Call) -> None:
        """List what Powertools' middleware traces by itself."""
        is_asked = any(arg.keyword and arg.keyword.value == "trace_execution" for arg in node.args)
        if is_asked and (self._names.stands_for(node.func) or "").endswith(powertools.MIDDLEWARE):
            line = self.found.line_of(node)
            self.found.uses.append(left(line, "trace_execution", powertools.TRACE_EXECUTION))

    def visit_Attribute(self, node: cst.Attribute) -> bool:
        if node in self.found.seen:
            return False
        if name := self._resolved(node):
            self._mentioned(node, name)
            return False
        if node.attr.value in xray_sdk.VERBS and self.found.entities.of(node.value) is None:
            self.found.uses.append(left(self.found.line_of(node), node.attr.value, xray_sdk.UNKNOWN))
        return super().visit_Attribute(node)

    def visit_Name(self, node: cst.Name) -> None:
        holder = self._parents[node]
        is_definition = isinstance(holder, cst.AssignTarget) or (
            isinstance(holder, cst.AnnAssign) and holder.target is node
        )
        if node not in self.found.seen and not is_definition and (name := self._resolved(node)):
            self._mentioned(node, name)

    def _resolved(self, node: cst.CSTNode) -> str | None:
        name = self._names.stands_for(node)
        if name and name.startswith(powertools.PACKAGE) and not powertools.is_tracing(name):
            return None
        return name

    # the constructs

    def _call(self, node: cst.Call, name: str) -> bool | None:
        found = self.found
        head = (get_full_name_for_node(node.func) or "").partition(".")[0]
        shown, method = shown_as(name), name.rpartition(".")[2]
        if self._names.is_ambiguous(head):
            found.stays(node, shown, _several(head))
        elif name in powertools.CLASSES:
            if node not in self._names.tracers.values():
                found.stays(node, shown, powertools.HANDED_ON)
        elif opened(node, self._names):
            spans.opening(found, node, method)
        elif name in _NOTING:
            notes.noting(found, node, shown, method)
        elif name == f"{xray_sdk.RECORDER}.is_sampled" and not node.args and not found.is_of_the_sdk(node):
            rest = ".get_current_span().is_recording()"
            found.moves(node, shown, rest[1:], (node, found.of_trace(rest)))
        elif name in _DECORATORS:
            self._decorator(node, method, node.args)
        else:
            return self._of_libraries(node, name)
        return None

    def _of_libraries(self, node: cst.Call, name: str) -> bool | None:
        found, shown = self.found, shown_as(name)
        if name == f"{xray_sdk.RECORDER}.configure":
            self._configured.append((node, shown))
            return False
        if name == xray_sdk.FLASK:
            return self._flask(node, shown)
        if name in {f"{xray_sdk.PACKAGE}.core.patch", f"{xray_sdk.PACKAGE}.core.patch_all"}:
            self._patches.append((node, name.rpartition(".")[2]))
        elif name in xray_sdk.AIOHTTP_CLIENT and not node.args:
            becomes = "create_trace_config"
            found.moves(node, shown, f"{becomes}()", (node.func, lambda _: cst.Name(found.wanted(becomes))))
        else:
            self._left(node, name)
        return None

    def _flask(self, node: cst.Call, shown: str) -> bool:
        app = libraries.flask(self.found, node, shown)
        for arg in (app,) if app else node.args:
            arg.visit(self)
        return False

    def _left(self, node: cst.CSTNode, name: str) -> None:
        reason = powertools.why_left if name.startswith(powertools.PACKAGE) else xray_sdk.why_left
        self.found.stays(node, shown_as(name), reason(name))

    def _mentioned(self, node: cst.CSTNode, name: str) -> None:
        """Decide about what is named and not called: a decorator, or an object that is handed on."""
        found = self.found
        head = (get_full_name_for_node(node) or "").partition(".")[0]
        if self._names.is_ambiguous(head):
            if not isinstance(self._parents.get(node), cst.AsName):
                found.stays(node, shown_as(name), _several(head))
        elif isinstance(self._parents[node], cst.Decorator) and name in _DECORATORS:
            self._decorator(node, name.rpartition(".")[2], ())
        elif name == xray_sdk.AIOHTTP:
            libraries.aiohttp(found, node, shown_as(name))
        elif name not in powertools.CLASSES or not isinstance(self._parents[node], cst.Annotation):
            found.stays(node, shown_as(name), self._why_mentioned(name))

    def _why_mentioned(self, name: str) -> str:
        is_object = name in {xray_sdk.RECORDER, powertools.TRACER} or not name.startswith(xray_sdk.PACKAGE)
        return powertools.HANDED_ON if is_object else xray_sdk.why_left(name)

    def _decorator(self, node: cst.CSTNode, method: str, args: Sequence[cst.Arg]) -> None:
        shown = f"@tracer.{method}"
        decorator = self._parents[node]
        function = self._parents.get(decorator)
        known = all(arg.keyword and arg.keyword.value in powertools.DECORATOR_ARGUMENTS for arg in args)
        if not isinstance(decorator, cst.Decorator) or not isinstance(function, cst.FunctionDef) or not known:
            self.found.stays(node, shown, powertools.why_left(method))
        elif method == "capture_method" and yields(function):
            self.found.stays(node, shown, powertools.GENERATOR)
        elif method == "capture_lambda_handler" and function.asynchronous:
            self.found.stays(node, shown, powertools.why_left(method))
        else:
            becomes = f"@{method}" + ("" if args else ", which keeps no response as metadata")
            self.found.moves(node, shown, becomes, (node, lambda _: cst.Name(self.found.wanted(method))))


def _several(head: str) -> str:
    return f"`{head}` is bound in several places of this file"
