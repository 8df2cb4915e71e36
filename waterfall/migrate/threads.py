"""Entities that are handed to threads: where all of that can be seen, `carry_context` takes their place.

https://docs.aws.amazon.com/xray-sdk-for-python/latest/reference/thirdparty.html and the SDK's README hand
the entity to the thread, which makes it the current one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass

import libcst as cst

from waterfall.migrate import xray_sdk
from waterfall.migrate.entities import place_of
from waterfall.migrate.imports import emptied
from waterfall.migrate.names import Names
from waterfall.migrate.syntax import Change, Parents, Reader, function_of, is_statement, without

_SOURCES = frozenset({"get_trace_entity", "current_subsegment", "current_segment"})
_BEFORE = {"submit": 0, "map": 0, "run_in_executor": 1}
"""The methods that run a function elsewhere, with the number of arguments before it."""
_PROCESSES = re.compile(r"\b(?:ProcessPoolExecutor|multiprocessing)\b")
"""A context cannot be sent to another process."""
_CARRIED = "nothing: `carry_context` carries what is current"


@dataclass(frozen=True, slots=True)
class Moved:
    """What becomes of a call of the recorder."""

    construct: str
    becomes: str
    changes: tuple[tuple[cst.CSTNode, Change], ...] = ()


@dataclass(frozen=True, slots=True)
class _Run:
    """A place where a function is handed to a thread; `entity` is what it is given as its entity."""

    call: cst.Call
    entity: cst.BaseExpression | None
    change: Change


class Threads(Reader):
    """Finds the functions that make an entity current, and what can be seen of each.

    `elsewhere` are the functions of the file that other files may call: those keep their parameters.
    """

    def __init__(
        self,
        module: cst.Module,
        names: Names,
        parents: Parents,
        wanted: Callable[[str], str],
        elsewhere: Collection[str],
    ) -> None:
        super().__init__()
        self._names, self._parents, self._wanted = names, parents, wanted
        self._elsewhere = elsewhere
        self._found: dict[cst.Call, Moved] = {}
        self._setting: list[cst.Call] = []
        self._calls: list[cst.Call] = []
        self._loads: dict[str, list[cst.Name]] = {}
        self._assigned: list[tuple[cst.Name, cst.Call]] = []
        module.visit(self)
        in_processes = _PROCESSES.search(module.code)
        for call in () if in_processes else self._setting:
            self._found.update(self._carried(call) or {})

    def of(self, node: cst.Call) -> Moved | None:
        return self._found.get(node)

    def visit_Call(self, node: cst.Call) -> None:
        self._calls.append(node)
        if self._method(node) == "set_trace_entity":
            self._setting.append(node)

    def visit_Assign(self, node: cst.Assign) -> None:
        target, call, line = node.targets[0].target, node.value, self._parents[node]
        if len(node.targets) != 1 or not isinstance(target, cst.Name) or not isinstance(call, cst.Call):
            return
        is_line = isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1
        if is_line and self._method(call) in _SOURCES and not call.args:
            self._assigned.append((target, call))

    def visit_Name(self, node: cst.Name) -> None:
        self._loads.setdefault(node.value, []).append(node)

    def _method(self, node: cst.CSTNode) -> str | None:
        name = self._names.stands_for(node.func) if isinstance(node, cst.Call) else None
        owner, _, method = (name or "").rpartition(".")
        return method if owner == xray_sdk.RECORDER else None

    def _carried(self, call: cst.Call) -> dict[cst.Call, Moved] | None:
        """Return what becomes of a `set_trace_entity` and all that belongs to it, if that is certain."""
        function = function_of(call, self._parents)
        given = call.args[0].value if len(call.args) == 1 else None
        others = [each for each in self._setting if function_of(each, self._parents) is function]
        is_plain = isinstance(given, cst.Name) and is_statement(call, self._parents) and len(others) == 1
        if not isinstance(function, cst.FunctionDef) or not isinstance(given, cst.Name) or not is_plain:
            return None
        at = _position(function, given.value)
        runs = self._runs(function, at)
        if not runs:
            return None
        if at is not None:
            parameter = function.params.params[at].name
            is_ours = function.name.value not in self._elsewhere
            if not is_ours or not self._is_only(given, function, {given, parameter}):
                return None
        handed = [run.entity or given for run in runs]
        made: dict[cst.Call, Moved] = {}
        for run, entity in zip(runs, handed, strict=True):
            source = self._source(entity, run.call, handed)
            if source is None:
                return None
            made |= source
        changes: list[tuple[cst.CSTNode, Change]] = [(run.call, run.change) for run in runs]
        changes.append((self._line(call), emptied))
        if at is not None:
            changes.append((function.params, lambda new: new.with_changes(params=without(new.params, at))))
        made[call] = Moved("set_trace_entity", f"carry_context({function.name.value})", tuple(changes))
        return made | self._cleared(function)

    def _cleared(self, function: cst.FunctionDef) -> dict[cst.Call, Moved]:
        found = {}
        for each in self._calls:
            is_here = function_of(each, self._parents) is function and is_statement(each, self._parents)
            if is_here and self._method(each) == "clear_trace_entities":
                line = (self._line(each), emptied)
                found[each] = Moved("clear_trace_entities", "nothing: a context ends with its call", (line,))
        return found

    def _runs(self, function: cst.FunctionDef, at: int | None) -> list[_Run] | None:
        """Return where a function is handed to threads, if that is all that is done with it."""
        found = []
        for name in self._loads.get(function.name.value, ()):
            if name is function.name:
                continue
            run = self._run(name, at)
            if run is None:
                return None
            found.append(run)
        return found

    def _run(self, name: cst.Name, at: int | None) -> _Run | None:
        arg = self._parents[name]
        call = self._parents[arg]
        if not isinstance(arg, cst.Arg) or not isinstance(call, cst.Call):
            return None
        if any(each.star for each in call.args):
            return None
        place = call.args.index(arg)
        called = call.func.attr if isinstance(call.func, cst.Attribute) else call.func
        method = called.value if isinstance(called, cst.Name) else ""
        if method == "Thread" and arg.keyword and arg.keyword.value == "target":
            return self._threaded(call, place, at)
        if arg.keyword or _BEFORE.get(method) != place or called is call.func:
            return None
        return self._submitted(call, place, at)

    def _submitted(self, call: cst.Call, place: int, at: int | None) -> _Run | None:
        """Return the submission of a function to a pool, or to an event loop's."""
        if at is None:
            return _Run(call, None, self._carrying(place))
        entity = place + 1 + at
        is_given = entity < len(call.args) and not any(each.keyword for each in call.args[: entity + 1])
        is_map = cst.ensure_type(call.func, cst.Attribute).attr.value == "map"
        return (
            _Run(call, call.args[entity].value, self._carrying(place, entity))
            if is_given and not is_map
            else None
        )

    def _source(
        self, entity: cst.BaseExpression, run: cst.Call, handed: list[cst.BaseExpression]
    ) -> dict[cst.Call, Moved] | None:
        """Return what becomes of where an entity comes from, if it is current where the thread is started."""
        if isinstance(entity, cst.Call) and self._method(entity) in _SOURCES and not entity.args:
            return {entity: Moved(str(self._method(entity)), _CARRIED)}
        if not isinstance(entity, cst.Name):
            return None
        scope = self._scope(entity)
        made = [
            each for each in self._assigned if each[0].value == entity.value and self._scope(each[0]) is scope
        ]
        if len(made) != 1:
            return None
        target, call = made[0]
        statement = self._parents[call]
        places = {place_of(node, self._names, self._parents) for node in (call, run)}
        if len(places) != 1 or not self._is_only(entity, scope, {target, *handed}):
            return None
        return {call: Moved(str(self._method(call)), _CARRIED, ((self._parents[statement], emptied),))}

    def _is_only(self, name: cst.Name, scope: cst.CSTNode, allowed: set[cst.CSTNode]) -> bool:
        """Whether a variable has no other uses than these."""
        same = [each for each in self._loads[name.value] if self._scope(each) is scope]
        return all(each in allowed for each in same)

    def _scope(self, name: cst.Name) -> cst.CSTNode:
        """Return the function whose variable a name is: that of its parameter or of its assignment."""
        at = function_of(name, self._parents)
        while isinstance(at, cst.FunctionDef):
            its = [each for each, _ in self._assigned if each.value == name.value]
            is_its = any(function_of(each, self._parents) is at for each in its)
            if is_its or _position(at, name.value) is not None:
                return at
            at = function_of(at, self._parents)
        return at

    def _carrying(self, place: int, entity: int | None = None) -> Change:
        """Return what makes a call run a function with its context, and without an entity."""

        def change(new: cst.Call) -> cst.Call:
            arg = new.args[place]
            args = [*new.args]
            args[place] = arg.with_changes(value=self._carried_function(arg.value))
            return new.with_changes(args=args if entity is None else without(args, entity))

        return change

    def _carried_function(self, function: cst.BaseExpression) -> cst.Call:
        return cst.Call(cst.Name(self._wanted("carry_context")), [cst.Arg(function)])

    def _threaded(self, call: cst.Call, place: int, at: int | None) -> _Run | None:
        """Return the start of a `Thread(target=..., args=(...))`."""
        if at is None:
            return _Run(call, None, self._carrying(place))
        tuples = [
            (n, arg.value) for n, arg in enumerate(call.args) if arg.keyword and arg.keyword.value == "args"
        ]
        number, given = tuples[0] if tuples else (0, None)
        if not isinstance(given, cst.Tuple | cst.List) or at >= len(given.elements):
            return None
        if any(isinstance(each, cst.StarredElement) for each in given.elements):
            return None

        def change(new: cst.Call) -> cst.Call:
            args = [*self._carrying(place)(new).args]
            listed = cst.ensure_type(args[number].value, type(given))
            args[number] = args[number].with_changes(
                value=listed.with_changes(elements=without(listed.elements, at))
            )
            return new.with_changes(args=args)

        return _Run(call, given.elements[at].value, change)

    def _line(self, call: cst.Call) -> cst.CSTNode:
        return self._parents[self._parents[call]]


def _position(function: cst.FunctionDef, name: str) -> int | None:
    """Return which parameter has a name."""
    names = [param.name.value for param in function.params.params]
    return names.index(name) if name in names else None
