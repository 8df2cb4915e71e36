"""What `--json` prints; docs/json.md tells every field, its type and its meaning.

Each object names its `format`; fields are added to a format, never changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from waterfall.traces.documents import bounded
from waterfall.traces.insight import overview
from waterfall.traces.model import Http, Node, Trace
from waterfall.traces.service_map import Counts, ServiceMap, percentile
from waterfall.traces.summaries import Summary


def trace_shape(trace: Trace) -> dict[str, Any]:
    head = overview(trace)
    return {
        "format": "waterfall.trace/1",
        "id": trace.id,
        "start": trace.start,
        "duration": trace.duration,
        "response_time": head.response_time,
        "unfinished": head.unfinished,
        "paused": head.paused,
        **http_shape(head.http),
        "status": head.status,
        "cold_starts": list(head.cold_starts),
        "sampling_rule": head.rule,
        "recorders": list(head.recorders),
        "warnings": list(trace.warnings),
        "nodes": [_node(trace, node) for node in trace.nodes],
    }


def http_shape(http: Http) -> dict[str, Any]:
    return {"method": http.method, "url": http.url, "http_status": http.status}


def _node(trace: Trace, node: Node) -> dict[str, Any]:
    return {
        "id": node.id,
        "parent": node.parent,
        "parent_id": node.parent_id,
        "depth": node.depth,
        "kind": "segment" if node.is_segment else "subsegment",
        "name": node.name,
        "type": node.type,
        "namespace": node.namespace,
        "operation": node.call.operation,
        "resource": node.call.resource,
        "start": node.start,
        "offset": node.start - trace.start,
        "duration": None if node.end is None else node.end - node.start,
        "pauses": [{"offset": pause.at - trace.start, "seconds": pause.seconds} for pause in node.pauses],
        "status": node.status,
        "unfinished": node.in_progress,
        "inferred": node.inferred,
        "cold_start": node.cold_start,
        "phase": node.phase,
        **http_shape(node.http),
        "annotations": bounded(node.annotations),
        "metadata": bounded(node.metadata),
        "exceptions": [_exception(asdict(failure)) for failure in node.failures],
        "links": [asdict(link) for link in node.links],
        "notes": [asdict(note) for note in node.notes],
    }


def _exception(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {key: fields[key] for key in ("type", "message", "remote", "stack")}


def traces_shape(summaries: Sequence[Summary], start: float, end: float) -> dict[str, Any]:
    return {
        "format": "waterfall.traces/1",
        "start": start,
        "end": end,
        "traces": [_summary(summary) for summary in summaries],
    }


def _summary(summary: Summary) -> dict[str, Any]:
    return {
        "id": summary.id,
        "start": summary.start,
        "duration": summary.duration,
        "response_time": summary.response_time,
        "status": summary.status,
        "throttled": summary.throttled,
        "unfinished": summary.unfinished,
        **http_shape(summary.http),
        "entry": summary.entry,
        "entry_type": summary.entry_type,
        "annotations": {key: list(values) for key, values in summary.annotations.items()},
        "failure": asdict(summary.failure) if summary.failure else None,
    }


def map_shape(graph: ServiceMap) -> dict[str, Any]:
    minutes = (graph.end - graph.start) / 60
    return {
        "format": "waterfall.map/1",
        "start": graph.start,
        "end": graph.end,
        "services": [
            {
                "id": service.reference,
                "name": service.name,
                "type": service.type,
                "root": service.is_root,
                "inferred": service.is_inferred,
                "injected": service.name in graph.injected,
                **_counts(service.counts, service.histogram, minutes),
                "edges": [
                    {
                        "target": edge.target,
                        "link": edge.is_link,
                        **_counts(edge.counts, edge.histogram, minutes),
                    }
                    for edge in service.edges
                ],
            }
            for service in graph.services
        ],
    }


def _counts(counts: Counts, histogram: Sequence[tuple[float, int]], minutes: float) -> dict[str, Any]:
    return {
        "calls": counts.total,
        **counts.outcomes,
        "per_minute": counts.total / minutes if minutes else None,
        "mean": counts.mean,
        "p50": percentile(histogram, 0.5),
        "p95": percentile(histogram, 0.95),
    }
