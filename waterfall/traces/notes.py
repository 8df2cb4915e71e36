"""What is wrong with a node or a trace, and the likely reason, in one sentence each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from waterfall.traces.model import LAMBDA_FUNCTION, LAMBDA_SERVICE, Node, Note, Phase

TOLERANCE = 0.002
"""Seconds by which clocks of different services may disagree before it is worth a word."""


@dataclass(frozen=True, slots=True)
class NodeContext:
    """Where a node stands: `function` is the nearest Lambda function segment around it."""

    parent: Node | None
    function: Node | None
    is_orphan: bool
    in_cycle: bool
    is_duplicate: bool
    is_timed: bool
    phase: Phase | None


def notes_on(node: Node, context: NodeContext) -> tuple[Note, ...]:
    notes: list[Note] = []
    if context.is_orphan:
        notes.append(Note("orphan", f"its parent {node.parent_id} is not in this trace: {_missing(node)}"))
    if context.in_cycle:
        notes.append(Note("cycle", f"its parent {node.parent_id} is its own descendant"))
    if context.is_duplicate:
        notes.append(Note("duplicate", f"its id {node.id} is used by more than one segment of this trace"))
    if not context.is_timed:
        notes.append(Note("untimed", "it came without a start time, so it is drawn at its parent's"))
    if node.in_progress:
        notes.append(Note("unfinished", _unfinished(context.function)))
    return (*notes, *_order(node, context))


def _missing(node: Node) -> str:
    """Say who should have sent the parent of an orphan."""
    if node.type == LAMBDA_FUNCTION:
        return f"Lambda itself should have sent the {LAMBDA_SERVICE} segment of this invocation"
    if node.is_lambda_service:
        return "the caller should have sent the call: the API stage or function has tracing off, or lost it"
    if not node.is_segment:
        return (
            f"Lambda should have sent its {LAMBDA_FUNCTION} segment (tracing Active?), "
            "or the code around this its own subsegment"
        )
    return "the service that called this should have sent its call, or its tracing is off"


def _unfinished(function: Node | None) -> str:
    if function is None or function.end is None:
        return "no end has arrived: it is still running, or what ran it was stopped"
    if function.status == "fault":
        return "no end has arrived: the function failed or timed out before this was done"
    return "no end has arrived, though the function around it has ended"


def _order(node: Node, context: NodeContext) -> list[Note]:
    parent = context.parent
    if parent is None or context.phase is not None:  # Lambda's own phases lie around the handling by nature
        return []
    notes = []
    if parent.start - node.start > TOLERANCE:
        notes.append(Note("early", f"it starts {_ms(parent.start - node.start)} before its parent"))
    if parent.end is not None and node.end is not None and node.end - parent.end > TOLERANCE:
        notes.append(Note("late", f"it ends {_ms(node.end - parent.end)} after its parent"))
    return notes


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms"


def warnings_on(nodes: Sequence[Node], *, limit_exceeded: bool, unreadable: int) -> tuple[str, ...]:
    """Say what is wrong with a trace as a whole."""
    warnings = []
    roots = [
        node for node in nodes if node.parent is None and not node.has("orphan") and not node.has("cycle")
    ]
    if not nodes:
        warnings.append("this trace has no segments (yet)")
    elif len(roots) > 1:
        names = ", ".join(root.name for root in roots[:3])
        warnings.append(f"this trace has {len(roots)} roots, a sound one has one: {names}")
    elif not roots:
        warnings.append("this trace has no root: the segment that it began with is missing")
    if limit_exceeded:
        warnings.append("this trace is over X-Ray's size limit: further segments were refused")
    if unreadable:
        warnings.append(f"{unreadable} segment document(s) could not be read and are left out")
    return tuple(warnings)
