"""Traces that are linked to another: what a message's consumer does has a trace of its own.

X-Ray notes a link in the later trace alone (https://docs.aws.amazon.com/xray/latest/devguide/xray-services-sqs.html),
so the way forward is found by looking through the traces that came after.
"""

from __future__ import annotations

from waterfall.traces.client import Reader
from waterfall.traces.model import Trace

LATEST_BEGIN = 15 * 60.0
"""Seconds after the end of a trace in which one that is linked to it has begun."""
_MOST_LOOKED_AT = 300


def sends_messages(trace: Trace) -> bool:
    """Tell whether a trace sends messages to a queue, whose consumers may be linked to it."""
    return any((node.call.operation or "").startswith("SendMessage") for node in trace.nodes)


def is_linked(later: Trace, trace: Trace) -> bool:
    """Tell whether one of the nodes of `later` is linked to `trace`."""
    return any(link.trace_id == trace.id for node in later.nodes for link in node.links)


def linked_traces(reader: Reader, trace: Trace, now: float) -> list[Trace]:
    """Return the traces that are linked to this one, oldest first; raises ReadError.

    Of a long time with many traces only the newest are looked at.
    """
    if not sends_messages(trace):
        return []
    until = min(now, trace.end + LATEST_BEGIN)
    summaries = reader.summaries(trace.start - 1, until + 1, limit=_MOST_LOOKED_AT)
    others = reader.get([summary.id for summary in summaries if summary.id != trace.id])
    return sorted((other for other in others if is_linked(other, trace)), key=lambda other: other.start)
