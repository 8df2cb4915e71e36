"""Trace -> `TraceSummary`.

https://docs.aws.amazon.com/xray/latest/api/API_TraceSummary.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from embedded_aws.xray.query.graph import ServiceKey, service_key
from embedded_aws.xray.query.root_causes import failure_root_causes, response_time_root_causes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from embedded_aws.xray.query.traces import Node, Trace

MAX_ANNOTATIONS = 50
"""X-Ray indexes 50 annotations of a trace; the others are only in the documents."""


def summarize(trace: Trace) -> dict[str, Any]:
    """Summarise a trace; fields that its segments tell nothing about are left out."""
    root = trace.root
    real = list(trace.nodes.values())
    return {
        "Id": trace.id,
        "StartTime": trace.start,
        "Duration": trace.duration,
        **({} if root.end is None else {"ResponseTime": max(0.0, root.end - root.start)}),
        "HasFault": root.fields.get("fault") is True,
        "HasError": root.fields.get("error") is True,
        "HasThrottle": any(node.fields.get("throttle") is True for node in real),
        "IsPartial": any(node.end is None for node in real),
        "Http": _http(root),
        "Annotations": _annotations(trace, real),
        "Users": _users(trace),
        "ServiceIds": _ids(service_key(top, trace) for top in _services(trace)),
        "ResourceARNs": [{"ARN": arn} for arn in _collect(trace, ("resource_arn",), ("aws", "function_arn"))],
        "InstanceIds": [{"Id": name} for name in _collect(trace, ("aws", "ec2", "instance_id"))],
        "AvailabilityZones": [
            {"Name": name} for name in _collect(trace, ("aws", "ec2", "availability_zone"))
        ],
        "FaultRootCauses": failure_root_causes(trace, "fault"),
        "ErrorRootCauses": failure_root_causes(trace, "error"),
        "ResponseTimeRootCauses": response_time_root_causes(trace),
        **({"EntryPoint": service_key(root, trace).to_api()} if root.is_segment else {}),
    }


def _services(trace: Trace) -> list[Node]:
    return [top for top in trace.tops if top.is_segment] + list(trace.inferred)


def _http(root: Node) -> dict[str, Any]:
    http = root.fields.get("http", {})
    request, response = http.get("request", {}), http.get("response", {})
    values = {
        "HttpURL": request.get("url"),
        "HttpStatus": None if "status" not in response else int(response["status"]),
        "HttpMethod": request.get("method"),
        "UserAgent": request.get("user_agent"),
        "ClientIp": request.get("client_ip"),
    }
    return {name: value for name, value in values.items() if value is not None}


def _annotations(trace: Trace, nodes: Iterable[Node]) -> dict[str, list[dict[str, Any]]]:
    services: dict[tuple[str, type, Any], list[ServiceKey]] = {}
    for node in nodes:
        for key, value in node.fields.get("annotations", {}).items():
            indexed = (key, type(value), value)
            if indexed in services or len(services) < MAX_ANNOTATIONS:
                services.setdefault(indexed, []).extend(_owner(node, trace))
    found: dict[str, list[dict[str, Any]]] = {}
    for (key, _, value), keys in services.items():
        found.setdefault(key, []).append(
            {"AnnotationValue": _annotation_value(value), "ServiceIds": _ids(keys)}
        )
    return found


def _annotation_value(value: str | float) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"BooleanValue": value}
    return {"StringValue": value} if isinstance(value, str) else {"NumberValue": value}


def _users(trace: Trace) -> list[dict[str, Any]]:
    services: dict[str, list[ServiceKey]] = {}
    for node in trace.nodes.values():
        if user := node.fields.get("user"):
            services.setdefault(user, []).extend(_owner(node, trace))
    return [{"UserName": user, "ServiceIds": _ids(keys)} for user, keys in services.items()]


def _owner(node: Node, trace: Trace) -> list[ServiceKey]:
    return [service_key(node.top, trace)] if node.top.is_segment else []


def _ids(keys: Iterable[ServiceKey]) -> list[dict[str, Any]]:
    return [key.to_api() for key in dict.fromkeys(keys)]


def _collect(trace: Trace, *paths: tuple[str, ...]) -> list[str]:
    """Return the distinct strings found at these places of the real segments."""
    found: dict[str, None] = {}
    for top in trace.tops:
        for path in paths:
            value: Any = top.fields
            for name in path:
                value = value.get(name) if isinstance(value, dict) else None
            if isinstance(value, str):
                found[value] = None
    return list(found)
