"""What `--json` prints. Each object names its `format`; fields are added to a format, never changed.

All times are epoch seconds, durations seconds; a field that is not known is `null`.

`waterfall.trace/1`
    `id`, `start`, `duration`, `response_time`, `unfinished`, `method`, `url`, `http_status`, `status`
    (`ok` `error` `throttle` `fault`), `cold_starts`, `sampling_rule`, `recorders`, `warnings`, and `nodes`:
    each node before its children, with `id`, `parent` (position in `nodes`), `parent_id` (as reported),
    `depth`, `kind` (`segment` `subsegment`), `name`, `type`, `namespace`, `operation`, `resource`, `start`,
    `offset`, `duration`, `status`, `unfinished`, `inferred`, `cold_start`, `phase` (`init` `restore`
    `overhead`), `method`, `url`, `http_status`, `annotations`, `metadata`, `exceptions` (`type`, `message`,
    `remote`, `stack` of `path` `line` `label`), `links` (`trace_id`, `id`), `notes` (`anomaly`, `reason`).
`waterfall.traces/1`
    `start`, `end`, and `traces`, newest first: `id`, `start`, `duration`, `response_time`, `status`,
    `throttled`, `unfinished`, `method`, `url`, `http_status`, `entry`, `entry_type`, `annotations`
    (key to list of values).
`waterfall.map/1`
    `start`, `end`, and `services`: `id`, `name`, `type`, `root`, `inferred`, `injected` (a service of that
    name met a fault on purpose), counts, and `edges`: `target` (a service's `id`), `link`, counts. Counts are
    `calls`, `ok`, `errors`, `throttles`, `faults`, `per_minute`, `mean`, `p50`, `p95`.
`waterfall.faults/1`
    `templates` that can be started (`id`, `name`, `faults`), or `experiments`: `id`, `name`, `status`,
    `reason`, `faults`, `started`, `until`, `ended`, `targets`, `left`.
`waterfall.logs/1`
    `lines`: `time`, `function`, `group`, `stream`, `kind` (`log`, Lambda's own `init` `start` `end` `report`
    `platform`, or `injected` by FIS), `level`, `message`, `request_id`, `trace_id`, `fields` (a JSON line's
    object); or `trace` and `invocations`: `function`, `group`, `request_id`, `node` (position in the trace's
    `nodes`), `start`, `end`, `missing` (why there are no lines), `lines`, `more` (how many were left out).
    `--follow` prints one line's object after the other; `show --logs` has a trace's in its field `logs`.
`waterfall.comparison/1`
    `equal`, and `comparisons` of two traces each: `left` and `right` (ids), `equal`, `imports_left_out`, and
    `differences` between their normal forms: `path` (names from the root down), `field`, `left`, `right`
    (`null` for what is not there).
`waterfall.sampling/1`
    `rules` in the order in which they are tried: `name`, `priority`, `reservoir`, `rate`, patterns `service`,
    `service_type`, `host`, `method`, `path`, `headers`, and `example`; `decides` is the name of the one that
    decides about the request that was asked about.
`waterfall.cost/1`
    A month: `lines` with `rule`, `per_second`, `traced` (per second), `recorded`, `read`, `dollars`; `free`
    (dollars that the free tier takes off), `dollars`, and `prices`.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from waterfall.sampling.cost import PRICES
from waterfall.traces.documents import bounded
from waterfall.traces.insight import overview
from waterfall.traces.listing import Counts, ServiceMap, Summary, percentile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from waterfall.compare.difference import Comparison
    from waterfall.faults.client import Experiment, Template
    from waterfall.sampling.cost import Estimate
    from waterfall.sampling.rules import Rule
    from waterfall.traces.model import Http, Node, Trace


def dumps(shape: Mapping[str, Any]) -> str:
    """Return JSON text in ASCII: no name from a trace can reach the terminal as a control character."""
    return json.dumps(shape, indent=2, ensure_ascii=True) + "\n"


def rules_shape(rules: Sequence[Rule], chosen: Rule | None) -> dict[str, Any]:
    return {
        "format": "waterfall.sampling/1",
        "rules": [{**asdict(rule), "example": rule.example} for rule in rules],
        "decides": chosen.name if chosen else None,
    }


def cost_shape(found: Estimate) -> dict[str, Any]:
    return {"format": "waterfall.cost/1", **asdict(found), "prices": asdict(PRICES)}


def trace_shape(trace: Trace) -> dict[str, Any]:
    head = overview(trace)
    return {
        "format": "waterfall.trace/1",
        "id": trace.id,
        "start": trace.start,
        "duration": trace.duration,
        "response_time": head.response_time,
        "unfinished": head.unfinished,
        **_http(head.http),
        "status": head.status,
        "cold_starts": list(head.cold_starts),
        "sampling_rule": head.rule,
        "recorders": list(head.recorders),
        "warnings": list(trace.warnings),
        "nodes": [_node(trace, node) for node in trace.nodes],
    }


def _http(http: Http) -> dict[str, Any]:
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
        "status": node.status,
        "unfinished": node.in_progress,
        "inferred": node.inferred,
        "cold_start": node.cold_start,
        "phase": node.phase,
        **_http(node.http),
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
        **_http(summary.http),
        "entry": summary.entry,
        "entry_type": summary.entry_type,
        "annotations": {key: list(values) for key, values in summary.annotations.items()},
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


def templates_shape(templates: Sequence[Template]) -> dict[str, Any]:
    return {"format": "waterfall.faults/1", "templates": [asdict(one) for one in templates]}


def experiments_shape(experiments: Sequence[Experiment], now: float) -> dict[str, Any]:
    found = [{**asdict(one), "left": one.left(now)} for one in experiments]
    return {"format": "waterfall.faults/1", "experiments": found}


def comparison_shape(comparisons: Sequence[Comparison]) -> dict[str, Any]:
    return {
        "format": "waterfall.comparison/1",
        "equal": all(comparison.equal for comparison in comparisons),
        "comparisons": [
            {
                "left": comparison.left.id,
                "right": comparison.right.id,
                "equal": comparison.equal,
                "imports_left_out": comparison.imports_left_out,
                "differences": [
                    {**asdict(finding), "path": list(finding.path)} for finding in comparison.findings
                ],
            }
            for comparison in comparisons
        ],
    }


def _counts(counts: Counts, histogram: Sequence[tuple[float, int]], minutes: float) -> dict[str, Any]:
    return {
        "calls": counts.total,
        "ok": counts.ok,
        "errors": counts.errors,
        "throttles": counts.throttles,
        "faults": counts.faults,
        "per_minute": counts.total / minutes if minutes else None,
        "mean": counts.mean,
        "p50": percentile(histogram, 0.5),
        "p95": percentile(histogram, 0.95),
    }
