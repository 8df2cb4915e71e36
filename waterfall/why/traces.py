"""What of a stored trace came from the functions themselves."""

from __future__ import annotations

from waterfall.traces.model import Node, Trace
from waterfall.why.facts import StoredTrace

_KEPT = "kept"


def stored(trace: Trace) -> StoredTrace:
    """Count what each invocation sent besides Lambda's own segments, and find why a trace was kept.

    An invocation whose function segment has not come (yet) is not counted.
    """
    own: dict[str, int] = {}
    kept = None
    for node in trace.nodes:
        invocation = _invocation_of(trace, node)
        if invocation:
            own[invocation] = own.get(invocation, 0) + (not _is_lambdas(node))
        if node.is_function:
            kept = kept or node.annotations.get(_KEPT)
    return StoredTrace(trace.id, own, None if kept is None else str(kept), trace.warnings)


def _is_lambdas(node: Node) -> bool:
    return node.inferred or node.phase is not None or node.is_function or node.is_lambda_service


def _invocation_of(trace: Trace, node: Node) -> str | None:
    """Return the request id of the invocation of the nearest function around a node, or that it is."""
    inside = False
    above: Node | None = node
    while above is not None:
        inside = inside or above.is_function
        aws = above.document.get("aws")
        id_ = aws.get("request_id") if isinstance(aws, dict) else None
        if inside and isinstance(id_, str):
            return id_
        if above.is_lambda_service:
            return None
        above = None if above.parent is None else trace.nodes[above.parent]
    return None
