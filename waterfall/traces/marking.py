"""Marks the services of a map that met injected faults."""

from __future__ import annotations

from dataclasses import replace

from waterfall.traces.client import Reader
from waterfall.traces.model import FAULT_ANNOTATION, Node, Trace
from waterfall.traces.service_map import ServiceMap

_MOST = 1000
"""Traces with faults that are looked at, the newest first."""


def marked(graph: ServiceMap, reader: Reader, *, aws: bool) -> ServiceMap:
    """Return the map of some time with the functions that met faults in it.

    AWS's own segments do not name experiments, so there is nothing to ask for in an account.
    """
    if aws:
        return graph
    found = reader.summaries(
        graph.start, graph.end, limit=_MOST, expression=f"annotation[{FAULT_ANNOTATION}]"
    )
    return replace(graph, injected=frozenset(name for summary in found for name in summary.injected))


def marked_by(graph: ServiceMap, trace: Trace) -> ServiceMap:
    """Return the map of one trace with the functions that met faults, or whose calls did."""
    names = {_owner(trace, node).name for node in trace.nodes if node.injected}
    return replace(graph, injected=frozenset(names))


def _owner(trace: Trace, node: Node) -> Node:
    while not node.is_segment and node.parent is not None:
        node = trace.nodes[node.parent]
    return node
