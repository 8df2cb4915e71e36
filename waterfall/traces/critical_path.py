"""Which node a trace was waiting for, at every moment of it."""

from __future__ import annotations

from waterfall.traces.insight import begin
from waterfall.traces.model import Node, Trace
from waterfall.traces.notes import TOLERANCE

Stretch = tuple[int, float, float]
"""A node's position, and from when to when its own work held everything up."""


def critical_path(trace: Trace) -> list[Stretch]:
    """Return the stretches that add up to the entry's time, in order of time.

    From a node's end backwards, what ended last is what it waited for. A child that outlives its parent was
    not waited for, unless clocks may explain it or Lambda's own overhead after the response.
    """
    found: list[Stretch] = []
    pending = [(entry, begin(trace, entry), trace.end_of(entry)) for entry in (trace.entry,) if entry]
    while pending:
        node, start, end = pending.pop()
        reached = end
        for child in _waited_for(trace, node):
            child_start = max(start, begin(trace, child))
            child_end = min(reached, trace.end_of(child))
            if child_end <= child_start:
                continue
            found.append((node.position, child_end, reached))
            pending.append((child, child_start, child_end))
            reached = child_start
        found.append((node.position, start, reached))
    return sorted((item for item in found if item[2] > item[1]), key=lambda item: (item[1], item[0]))


def _waited_for(trace: Trace, node: Node) -> list[Node]:
    latest = trace.end_of(node) + TOLERANCE
    children = (trace.nodes[child] for child in node.children)
    return sorted(
        (child for child in children if trace.end_of(child) <= latest or _is_handling(node, child)),
        key=lambda child: (trace.end_of(child), child.position),
        reverse=True,
    )


def _is_handling(node: Node, child: Node) -> bool:
    """Tell whether a child is the function that an invocation ran: it ends after the response has left."""
    return node.is_lambda_service and child.is_function
