"""What is decided about the constructs of a file, and what deciding stands on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import libcst as cst
from libcst.helpers import get_full_name_for_node

from waterfall.migrate import powertools, xray_sdk
from waterfall.migrate.entities import Entities, is_of_the_sdk, place_of
from waterfall.migrate.inventory import Use, left
from waterfall.migrate.names import Names
from waterfall.migrate.syntax import Change, Parents, function_of

Wanted = Callable[[str], str]
"""Gives the name by which the file has what is named, which is imported if need be."""


@dataclass(slots=True)
class Decisions:
    """`uses` are the rows of the inventory, `changes` what is done to nodes. `line_of` gives a node's line.

    `is_patched` says that a `patch` goes, so that something has to import `tracing`. `held` are the names
    that what stays begins with, `seen` the nodes that are decided about; `others` the libraries around the
    file whose calls `tracing` does not record.
    """

    names: Names
    parents: Parents
    entities: Entities
    line_of: Callable[[cst.CSTNode], int]
    wanted: Wanted
    others: Sequence[str]
    uses: list[Use] = field(default_factory=list)
    changes: dict[cst.CSTNode, Change] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    seen: set[cst.CSTNode] = field(default_factory=set)
    is_patched: bool = False

    def moves(
        self, node: cst.CSTNode, construct: str, becomes: str, *changes: tuple[cst.CSTNode, Change]
    ) -> None:
        self.uses.append(Use(self.line_of(node), construct, becomes))
        self.changes.update(changes)

    def stays(self, node: cst.CSTNode, construct: str, why: str) -> None:
        self.uses.append(left(self.line_of(node), construct, why))
        named = node.func if isinstance(node, cst.Call) else node
        self.held.add((get_full_name_for_node(named) or "").partition(".")[0])

    def statement(self, node: cst.CSTNode) -> cst.SimpleStatementLine:
        """Return the line of a statement."""
        return cst.ensure_type(self.parents[node], cst.SimpleStatementLine)

    def of_trace(self, rest: str) -> Change:
        """Return what makes a node an expression that begins with OpenTelemetry's `trace`."""
        return lambda _: cst.parse_expression(self.wanted("trace") + rest)

    def is_of_the_sdk(self, node: cst.CSTNode) -> bool:
        """Whether what is current at a node stays a subsegment or segment of the SDK."""
        place = place_of(node, self.names, self.parents)
        if isinstance(place, cst.With):
            return any(
                (entity := self.entities.defined_by(each)) is not None and entity.why is not None
                for each in place.items
            ) or is_of_the_sdk(place, self.names, self.parents)
        return is_of_the_sdk(function_of(node, self.parents), self.names, self.parents)


def shown_as(name: str) -> str:
    """Return a construct as people know it."""
    if name in powertools.CLASSES:
        return "Tracer"
    short = name.replace(xray_sdk.RECORDER, "xray_recorder").replace(powertools.TRACER, "tracer")
    return short.removeprefix(f"{xray_sdk.PACKAGE}.").removeprefix(f"{powertools.PACKAGE}.")
