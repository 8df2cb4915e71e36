"""What of a stored trace came from the functions themselves."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from waterfall.documents import LAMBDA_FUNCTION, LAMBDA_SERVICE
from waterfall.why.facts import Stored

if TYPE_CHECKING:
    from waterfall.model import Node, Trace

_KEPT = "kept"


def stored(trace: Trace) -> Stored:
    """Count what each invocation sent besides Lambda's own segments, and find why a trace was kept."""
    own: Counter[str] = Counter()
    kept = None
    for node in trace.nodes:
        if node.type == LAMBDA_FUNCTION and node.is_segment:
            kept = kept or node.annotations.get(_KEPT)
        invocation = None if _is_lambdas(node) else _invocation_of(trace, node)
        if invocation:
            own[invocation] += 1
    return Stored(trace.id, dict(own), None if kept is None else str(kept), trace.warnings)


def _is_lambdas(node: Node) -> bool:
    return node.inferred or node.phase is not None or node.type in {LAMBDA_FUNCTION, LAMBDA_SERVICE}


def _invocation_of(trace: Trace, node: Node) -> str | None:
    """Return the request id of the invocation that a node is inside of: of the nearest function around it."""
    inside = False
    while node.parent is not None:
        node = trace.nodes[node.parent]
        inside = inside or (node.type == LAMBDA_FUNCTION and node.is_segment)
        if node.type == LAMBDA_SERVICE and not inside:
            return None
        aws = node.document.get("aws")
        id_ = aws.get("request_id") if isinstance(aws, dict) else None
        if inside and isinstance(id_, str):
            return id_
    return None
