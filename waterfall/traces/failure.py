"""Where a failed trace failed: the span in which it began, with the exception and the line that raised it."""

from __future__ import annotations

from dataclasses import dataclass

from waterfall.traces.model import Failure, Frame, Node, Trace
from waterfall.traces.stacks import line_of

_SEVERITY = {"ok": 0, "error": 1, "throttle": 2, "fault": 3}


@dataclass(frozen=True, slots=True)
class Raised:
    """An exception that a node recorded, and the line of the program's own code that it came from."""

    node: Node
    failure: Failure | None
    frame: Frame | None


@dataclass(frozen=True, slots=True)
class Failed:
    """`origin` is where a trace's failure began, `outcome` what the program made another exception of it.

    `waiting` is the innermost node that had not ended when the origin was stopped.
    """

    origin: Raised
    outcome: Raised | None = None
    waiting: Node | None = None


def failed_at(trace: Trace) -> Failed | None:
    """Return where a trace failed, or `None` when its entry did not.

    The way leads down from the entry to what failed in each node. Where a node recorded exceptions of its
    own, it goes on only to a child that recorded one of them: what the node has handled is no reason.
    Where a fault has none, it goes on behind nodes that are well: Lambda's own segments of a function that
    answered 502 are.
    """
    entry = trace.entry
    if entry is None or entry.status == "ok":
        return None
    way = [entry]
    while below := _reasons(trace, way[-1]):
        way.append(max(below, key=lambda node: (_SEVERITY[node.status], trace.end_of(node), node.position)))
    origin = _raised(way[-1])
    told = next((_raised(node) for node in way if node.failures), origin)
    same = _identity(told.failure) == _identity(origin.failure)
    return Failed(origin, None if same else told, _waiting(trace, way[-1]))


def _reasons(trace: Trace, node: Node) -> list[Node]:
    below = [trace.nodes[child] for child in node.children]
    failed = [child for child in below if child.status != "ok"]
    if not node.failures:
        return failed or (_behind(trace, below) if node.status == "fault" else [])
    known = {_identity(failure) for failure in node.failures}
    return [child for child in failed if known & {_identity(failure) for failure in child.failures}]


def _behind(trace: Trace, well: list[Node]) -> list[Node]:
    """Return the nearest faults below nodes that are well."""
    while well:
        well = [trace.nodes[child] for node in well for child in node.children]
        if faults := [node for node in well if node.status == "fault"]:
            return faults
    return []


def _identity(failure: Failure | None) -> tuple[str, str] | None:
    return (failure.type, failure.message) if failure else None


def _raised(node: Node) -> Raised:
    if not node.failures:
        return Raised(node, None, None)
    return Raised(node, node.failures[0], line_of(node.failures[0]))


def _waiting(trace: Trace, node: Node) -> Node | None:
    found = None
    while below := [trace.nodes[child] for child in node.children if trace.nodes[child].in_progress]:
        found = node = below[-1]
    return found
