"""Short names for AWS's types and for statuses."""

from __future__ import annotations

from waterfall.terminal.screen import DIM, OPEN_STYLE, STYLES, Glyphs
from waterfall.terminal.text import clean
from waterfall.traces.model import Node, Status

_NAMESPACES = {"aws": "AWS call", "remote": "remote call"}

_INFERRED = ", inferred"


def type_of(node: Node, width: int) -> str:
    """Return a node's type as fully as `width` allows: `AWS::SQS::Queue`, `SQS::Queue`, `Queue`.

    A segment that its service did not send says so.
    """
    if node.type is None:
        full = _NAMESPACES.get(node.namespace or "", "") if not node.is_segment else ""
        return full if len(full) <= width else full.partition(" ")[0]
    if node.inferred:
        return f"{short_type(clean(node.type), width - len(_INFERRED))}{_INFERRED}"
    return short_type(clean(node.type), width)


def short_type(name: str, width: int) -> str:
    without_vendor = name.removeprefix("AWS::")
    forms = (name, without_vendor, without_vendor.rpartition("::")[2])
    return next((form for form in forms if len(form) <= width), forms[-1])


def mark_of(node: Node, glyphs: Glyphs) -> tuple[str, str]:
    """Return the sign of a node's status and its style."""
    return mark(node.status, glyphs, unfinished=node.in_progress)


def mark(status: Status, glyphs: Glyphs, *, unfinished: bool) -> tuple[str, str]:
    """Return the sign of a status and its style; unfinished outweighs ok only."""
    if unfinished and status == "ok":
        return glyphs.unfinished, OPEN_STYLE
    return glyphs.marks[status], STYLES[status]


def bar_style(node: Node) -> str:
    if node.status != "ok":
        return STYLES[node.status]
    if node.in_progress:
        return OPEN_STYLE
    if node.phase is not None:
        return DIM if node.phase == "overhead" else OPEN_STYLE
    return "blue" if node.is_segment else "green"
