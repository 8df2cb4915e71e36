"""Traces that are linked to another: what a message's consumer does has a trace of its own.

X-Ray notes a link in the later trace alone (https://docs.aws.amazon.com/xray/latest/devguide/xray-services-sqs.html),
so the way forward is found by looking through the traces that came after.
"""

from __future__ import annotations

from waterfall.traces.client import Reader
from waterfall.traces.model import Node, Trace

LATEST_BEGIN = 15 * 60.0
"""Seconds after the end of a trace in which one that is linked to it has begun."""
_TO_QUEUES = frozenset({"SendMessage", "SendMessageBatch"})
_MESSAGES = _TO_QUEUES | {"Publish", "PublishBatch", "PutEvents"}
_CHANGES = frozenset({
    "CompleteMultipartUpload", "CopyObject", "PutObject", "PutObjectAcl", "PutObjectTagging",
    "DeleteObject", "DeleteObjects", "DeleteObjectTagging",
})  # fmt: skip
"""What a bucket tells of: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html"""
_MOST_LOOKED_AT = 300
_MOST_SENDERS = 20


def sends_messages(trace: Trace) -> bool:
    """Tell whether a trace sends messages to a queue, whose consumers may be linked to it."""
    return any(node.call.operation in _TO_QUEUES for node in trace.nodes)


def is_linked(later: Trace, trace: Trace) -> bool:
    """Tell whether one of the nodes of `later` is linked to `trace`."""
    return any(link.trace_id == trace.id for node in later.nodes for link in node.links)


def sender_in(trace: Trace, later: Trace) -> Node | None:
    """Return the call in `trace` that sent what `later` received, as far as the link or the trace tells.

    A link may name the call, a node around it, or Lambda's segment of the sender. Topics, buses and
    buckets hand on to queues too, with the same link: a call of those may have sent it as well.
    """
    ids = {link.id for node in later.nodes for link in node.links if link.trace_id == trace.id}
    named = next((node for node in trace.nodes if node.id and node.id in ids), None)
    if named and named.call.operation in _MESSAGES | _CHANGES:
        return named
    for operations in (_MESSAGES, _CHANGES):
        inside = [
            node
            for node in trace.nodes
            if node.call.operation in operations
            and node.start <= later.start
            and (named is None or _is_below(trace, node, named))
        ]
        if inside:
            return inside[0] if len(inside) == 1 else named
    return named


def _is_below(trace: Trace, node: Node, other: Node) -> bool:
    while node.parent is not None and node is not other:
        node = trace.nodes[node.parent]
    return node is other


def linked_traces(reader: Reader, trace: Trace, now: float) -> list[Trace]:
    """Return the traces that are linked to this one, oldest first; raises ReadError.

    Of a long time with many traces only the newest are looked at.
    """
    if not any(node.call.operation in _MESSAGES | _CHANGES for node in trace.nodes):
        return []
    until = min(now, trace.end + LATEST_BEGIN)
    summaries = reader.summaries(trace.start - 1, until + 1, limit=_MOST_LOOKED_AT)
    others = reader.get([summary.id for summary in summaries if summary.id != trace.id])
    return sorted((other for other in others if is_linked(other, trace)), key=lambda other: other.start)


def senders_of(reader: Reader, trace: Trace) -> list[Trace]:
    """Return the traces that this one is linked to, as far as they are kept; raises ReadError."""
    ids = dict.fromkeys(link.trace_id for node in trace.nodes for link in node.links)
    return reader.get([id_ for id_ in ids if id_ != trace.id][:_MOST_SENDERS])
