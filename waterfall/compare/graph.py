"""The normal form of a service map: nodes, types, edges and counts, without ids and durations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from waterfall.traces.service_map import Service, ServiceMap


def graph_form(graph: ServiceMap, settle: Callable[[str], str] = str) -> dict[str, Any]:
    """Return services by name and type; `settle` makes a name the same in every run."""
    return {_title(service, settle): _service(graph, service, settle) for service in graph.services}


def _title(service: Service, settle: Callable[[str], str]) -> str:
    return f"{settle(service.name)} ({service.type or 'no type'})"


def _service(graph: ServiceMap, service: Service, settle: Callable[[str], str]) -> dict[str, Any]:
    edges = {}
    for edge in service.edges:
        target = graph.named(edge.target)
        title = _title(target, settle) if target else "a service not on the map"
        edges[f"link to {title}" if edge.is_link else title] = edge.counts.outcomes
    return {
        "root": service.is_root,
        "inferred": service.is_inferred,
        "counts": service.counts.outcomes,
        "edges": edges,
    }
