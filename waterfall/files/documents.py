"""A trace as segment documents again, of which each stands alone."""

from __future__ import annotations

from typing import Any

from waterfall.traces.model import Node, Trace


def document_of(trace: Trace, node: Node) -> dict[str, Any]:
    """Return the document of one node, with its place in it, and without the subsegments below it.

    X-Ray puts those that name their parent back into it, and one that is alone is never too large for it.
    https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html#api-segmentdocuments-subsegments
    """
    parent_id = node.parent_id if node.parent is None else trace.nodes[node.parent].id
    document = {key: value for key, value in node.document.items() if key != "subsegments"}
    document["trace_id"] = trace.id
    if parent_id:
        document["parent_id"] = parent_id
    if not node.is_segment:
        document["type"] = "subsegment"
    return document


def sent(trace: Trace) -> list[Node]:
    """Return the nodes that somebody sent: what X-Ray inferred, it infers again."""
    return [node for node in trace.nodes if not node.inferred]
