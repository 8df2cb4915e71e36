"""Subsegments that a function holds in a variable: where each is current, and whether it can move."""

from __future__ import annotations

from dataclasses import dataclass, field

import libcst as cst
from libcst.helpers import get_full_name_for_node

from waterfall.migrate import xray_sdk
from waterfall.migrate.names import Names
from waterfall.migrate.syntax import Parents, Reader, exception_of, function_of, is_statement, name_of

_OF_SPANS = frozenset({"add_exception", "add_fault_flag"})


@dataclass(slots=True)
class Entity:
    """A variable of a function that holds subsegments; `why` says why it is left, if it is.

    `places` are where what it holds is current. `is_read` tells whether it is needed after the move: what is
    annotated then is whatever is current.
    """

    name: str
    defined: list[cst.CSTNode] = field(default_factory=list)
    places: list[cst.CSTNode] = field(default_factory=list)
    is_read: bool = False
    why: str | None = None


def opened(node: cst.CSTNode, names: Names) -> str | None:
    """Return the method of a recorder by which a call opens a subsegment, if it does."""
    name = names.stands_for(node.func) if isinstance(node, cst.Call) else None
    method = name.removeprefix(f"{xray_sdk.RECORDER}.") if name else ""
    return method if method in names.opening else None


def why_not_opened(call: cst.Call, parents: Parents) -> str | None:
    """Return why a call that opens a subsegment, and decorates nothing, cannot open a span."""
    holder = parents[call]
    block = parents[holder]
    if not isinstance(holder, cst.WithItem) or not isinstance(block, cst.With):
        return "it is neither a decorator nor opened by `with`"
    if name_of(call) is None:
        return "it has no name, or more than a name"
    if block.asynchronous and len(block.items) > 1:
        return "its `async with` opens something else too"
    if holder.asname and not isinstance(holder.asname.name, cst.Name):
        return "what it opens is not kept in a plain variable"
    return None


def place_of(node: cst.CSTNode, names: Names, parents: Parents) -> cst.CSTNode:
    """Return what decides which span is current at a node: a `with` that opens one, or the function."""
    at = parents.get(node)
    below: cst.CSTNode = node
    while at is not None and not isinstance(at, cst.Module):
        is_inside = not isinstance(below, cst.WithItem)
        if isinstance(at, cst.With) and is_inside and any(opened(each.item, names) for each in at.items):
            return at
        if isinstance(at, cst.FunctionDef | cst.Lambda):
            return at
        below, at = at, parents.get(at)
    return at or node


def is_current(node: cst.CSTNode, names: Names) -> bool:
    """Whether a node is a call of `current_subsegment`."""
    return (
        isinstance(node, cst.Call)
        and not node.args
        and names.stands_for(node.func) == f"{xray_sdk.RECORDER}.current_subsegment"
    )


OF_THE_SDK = "what is current there is a subsegment or segment that is left"


def is_of_the_sdk(place: cst.CSTNode, names: Names, parents: Parents) -> bool:
    """Whether what is current at a place may be what the X-Ray SDK opened, and still does after the move."""
    if isinstance(place, cst.With):
        calls = [each.item for each in place.items if opened(each.item, names)]
        return any(why_not_opened(cst.ensure_type(call, cst.Call), parents) for call in calls)
    function = place if isinstance(place, cst.FunctionDef | cst.Module) else function_of(place, parents)
    begun = _Begun(names)
    function.visit(begun)
    return begun.found


class _Begun(cst.CSTVisitor):
    """Whether something is begun without being a span of the code's structure."""

    found = False

    def __init__(self, names: Names) -> None:
        super().__init__()
        self._names = names

    def visit_Call(self, node: cst.Call) -> None:
        name = self._names.stands_for(node.func) or ""
        if name.startswith((f"{xray_sdk.RECORDER}.begin_", f"{xray_sdk.RECORDER}.in_segment")):
            self.found = self.found or not opened(node, self._names)


class Entities(cst.CSTVisitor):
    """Finds the variables of all functions, and decides about each."""

    def __init__(self, module: cst.Module, names: Names, parents: Parents) -> None:
        super().__init__()
        self._names, self._parents = names, parents
        self._found: dict[tuple[cst.CSTNode, str], Entity] = {}
        self._definitions: set[cst.CSTNode] = set()
        module.visit(self)
        if self._found:
            module.visit(_Uses(self))

    def of(self, node: cst.CSTNode) -> Entity | None:
        """Return the variable that a name means."""
        if not isinstance(node, cst.Name) or node in self._definitions:
            return None
        at = function_of(node, self._parents)
        while (at, node.value) not in self._found and not isinstance(at, cst.Module):
            at = function_of(at, self._parents)
        return self._found.get((at, node.value))

    def defined_by(self, node: cst.CSTNode) -> Entity | None:
        """Return the variable that a `with` item or an assignment fills."""
        return next((each for each in self._found.values() if node in each.defined), None)

    def visit_WithItem(self, node: cst.WithItem) -> None:
        target = node.asname.name if node.asname else None
        if isinstance(target, cst.Name) and opened(node.item, self._names):
            why = why_not_opened(cst.ensure_type(node.item, cst.Call), self._parents)
            self._define(target, node, self._parents[node], why)

    def visit_Assign(self, node: cst.Assign) -> None:
        target = node.targets[0].target
        if len(node.targets) == 1 and isinstance(target, cst.Name) and is_current(node.value, self._names):
            place = place_of(node, self._names, self._parents)
            why = OF_THE_SDK if is_of_the_sdk(place, self._names, self._parents) else None
            self._define(target, node, place, why)

    def _define(self, target: cst.Name, node: cst.CSTNode, place: cst.CSTNode, why: str | None) -> None:
        key = (function_of(node, self._parents), target.value)
        entity = self._found.setdefault(key, Entity(target.value))
        entity.defined.append(node)
        entity.places.append(place)
        entity.why = entity.why or why
        self._definitions.add(target)

    def decide(self, node: cst.Name) -> None:
        """Decide whether a use of a variable can move with it."""
        entity = self.of(node)
        if entity is None or entity.why:
            return
        parent = self._parents[node]
        if isinstance(parent, cst.If) and parent.test is node:
            entity.is_read = True
            return
        call = self._parents[parent] if isinstance(parent, cst.Attribute) and parent.value is node else None
        if not isinstance(call, cst.Call) or not isinstance(parent, cst.Attribute) or call.func is not parent:
            entity.why = f"`{node.value}` is used as more than what is annotated"
            return
        method = parent.attr.value
        if method in xray_sdk.NOTING:
            if place_of(node, self._names, self._parents) not in entity.places:
                entity.why = f"`{node.value}` is annotated where another span is current"
        elif method in _OF_SPANS and is_statement(call, self._parents):
            entity.is_read = True
            if method == "add_exception" and exception_of(call) is None:
                entity.why = "`add_exception` is given more than an exception and a stack"
        else:
            entity.why = f"there is no rule for `{get_full_name_for_node(parent)}`"


class _Uses(Reader):
    def __init__(self, entities: Entities) -> None:
        super().__init__()
        self._entities = entities

    def visit_Name(self, node: cst.Name) -> None:
        self._entities.decide(node)
