"""Trace -> OpenTelemetry spans, as Transaction Search keeps them in the log group `aws/spans`.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Transaction-Search.html

How X-Ray turns segments into spans is not published: the fields follow the spans that it shows, the
attributes OpenTelemetry's conventions, and what has no convention keeps its X-Ray name.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from embedded_aws.xray.query.traces import Node, Trace

_HTTP = {
    "method": "http.request.method",
    "url": "url.full",
    "user_agent": "user_agent.original",
    "client_ip": "client.address",
}
_SQL = {
    "url": "server.address",
    "database_type": "db.system.name",
    "user": "db.user",
    "sanitized_query": "db.query.text",
}


def spans(trace: Trace) -> list[tuple[str, str]]:
    """Return (id, JSON document) of every segment and subsegment that was sent, by start."""
    nodes = sorted(trace.nodes.values(), key=lambda node: (node.start, node.depth, node.id))
    return [(node.id, json.dumps(_span(node, trace), separators=(",", ":"))) for node in nodes]


def _span(node: Node, trace: Trace) -> dict[str, Any]:
    end = {} if node.end is None else _end(node.start, node.end)
    parent = {} if node.parent_id is None else {"parentSpanId": node.parent_id}
    return {
        "resource": {"attributes": _resource(node.top)},
        "scope": {"name": "aws.xray"},
        "traceId": w3c_trace_id(trace.id),
        "spanId": node.id,
        **parent,
        "flags": 1,
        "name": node.name,
        "kind": _kind(node),
        "startTimeUnixNano": _nanoseconds(node.start),
        **end,
        "attributes": _attributes(node),
        "status": {"code": "ERROR" if node.fields.get("fault") or node.fields.get("error") else "UNSET"},
        "events": [_event(node, exception) for exception in _exceptions(node)],
        "links": [
            {"traceId": w3c_trace_id(link["trace_id"]), "spanId": link.get("id", "")}
            for link in node.fields.get("links", ())
            if "trace_id" in link
        ],
    }


def w3c_trace_id(trace_id: str) -> str:
    """`1-<8 hex>-<24 hex>` -> 32 hex digits."""
    return trace_id.removeprefix("1-").replace("-", "")


def _kind(node: Node) -> str:
    if node.is_segment:
        return "SERVER"
    return "CLIENT" if node.fields.get("namespace") in {"aws", "remote"} else "INTERNAL"


def _end(start: float, end: float) -> dict[str, int]:
    return {
        "endTimeUnixNano": _nanoseconds(end),
        "durationNano": max(0, _nanoseconds(end) - _nanoseconds(start)),
    }


def _nanoseconds(seconds: float) -> int:
    return round(seconds * 1_000_000) * 1000


def _resource(top: Node) -> dict[str, Any]:
    aws = top.fields.get("aws", {})
    values = {
        "service.name": top.name,
        "cloud.platform": top.fields.get("origin"),
        "cloud.resource_id": top.fields.get("resource_arn") or aws.get("function_arn"),
        "cloud.account.id": aws.get("account_id"),
    }
    return {key: value for key, value in values.items() if value is not None}


def _attributes(node: Node) -> dict[str, Any]:
    fields = node.fields
    http = fields.get("http", {})
    response = http.get("response", {})
    sql = fields.get("sql", {})
    found = {
        **_renamed(http.get("request", {}), _HTTP),
        **_renamed(response, {"status": "http.response.status_code"}),
        **_renamed(sql, _SQL),
        **{f"aws.{key}": value for key, value in fields.get("aws", {}).items()},
        **_renamed(fields, {"user": "enduser.id", "namespace": "aws.xray.namespace"}),
        **{f"aws.xray.{flag}": True for flag in ("error", "throttle", "fault") if fields.get(flag) is True},
        **{
            f"aws.xray.metadata.{name}": json.dumps(data) for name, data in fields.get("metadata", {}).items()
        },
    }
    return {**found, **fields.get("annotations", {})}


def _renamed(values: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {name: values[field] for field, name in names.items() if field in values}


def _exceptions(node: Node) -> Iterable[Mapping[str, Any]]:
    cause = node.fields.get("cause")
    found: Iterable[Mapping[str, Any]] = cause.get("exceptions", ()) if isinstance(cause, dict) else ()
    return found


def _event(node: Node, exception: Mapping[str, Any]) -> dict[str, Any]:
    names = {"type": "exception.type", "message": "exception.message"}
    lines = [
        f'  File "{frame.get("path", "")}", line {frame.get("line", 0)}, in {frame.get("label", "")}'
        for frame in exception.get("stack", ())
        if isinstance(frame, dict)
    ]
    stack = {"exception.stacktrace": "\n".join(lines)} if lines else {}
    return {
        "name": "exception",
        "timeUnixNano": _nanoseconds(node.start if node.end is None else node.end),
        "attributes": _renamed(exception, names) | stack,
    }
