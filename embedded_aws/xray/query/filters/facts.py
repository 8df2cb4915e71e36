"""What filter expressions ask of a trace, worked out once per trace: rows for the tables of `tables`.

A row holds one value per column, and at its end the annotations: key -> values.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from embedded_aws.aws.parsing import encode
from embedded_aws.xray.query.graph import CLIENT, service_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from embedded_aws.xray.query.traces import Node, Trace

Facts = tuple[str, str, str]
"""JSON: the row of the trace, the rows of its services, the rows of the calls between them."""

_VIEW = (
    "ok",
    "error",
    "throttle",
    "fault",
    "partial",
    "inferred",
    "responsetime",
    "duration",
    "http.status",
    "http.url",
    "http.method",
    "http.useragent",
    "http.clientip",
)
_OWNED = ("user", "availabilityzone", "instance.id", "resource.arn")
TRACE_COLUMNS = (*_VIEW, *_OWNED)
SERVICE_COLUMNS = (*TRACE_COLUMNS, "root", "name", "type", "account")
EDGE_COLUMNS = (*_VIEW, "name", "type", "account", "called.name", "called.type", "called.account")
MULTIPLE = frozenset({*_OWNED})
"""Columns of which a trace or a service may have several values."""


def work_out(trace: Trace, summary: Mapping[str, Any]) -> Facts:
    """Return the facts of a trace, of which `summary` is the TraceSummary."""
    tops = [top for top in trace.tops if top.is_segment] + list(trace.inferred)
    rows: tuple[Any, ...] = (
        _trace(trace, summary),
        [_service(top, trace) for top in tops],
        [row for top in tops for row in _edges(top, trace)],
    )
    trace_row, services, edges = (encode(row) for row in rows)
    return trace_row, services, edges


def _trace(trace: Trace, summary: Mapping[str, Any]) -> list[Any]:
    root = trace.root
    view = _view(root, trace.duration, is_partial=summary["IsPartial"])
    # The rest of the flags are the root's view; X-Ray tells of a throttled request wherever it was.
    view[_VIEW.index("throttle")] = summary["HasThrottle"]
    view[_VIEW.index("inferred")] = bool(trace.inferred)
    owned = [
        _texts(user["UserName"] for user in summary["Users"]),
        _texts(zone["Name"] for zone in summary["AvailabilityZones"]),
        _texts(instance["Id"] for instance in summary["InstanceIds"]),
        _texts(resource["ARN"] for resource in summary["ResourceARNs"]),
    ]
    # Of the summary, because only 50 annotations of a trace are indexed.
    annotations = {
        key: [next(iter(entry["AnnotationValue"].values())) for entry in entries]
        for key, entries in summary["Annotations"].items()
    }
    return [*view, *owned, annotations]


def _service(top: Node, trace: Trace) -> list[Any]:
    nodes = list(top.walk())
    last = max(node.start if node.end is None else node.end for node in nodes)
    is_partial = any(node.end is None for node in nodes)
    aws = top.fields.get("aws", {})
    ec2 = aws.get("ec2", {})
    owned = [
        _texts(node.fields.get("user") for node in nodes),
        _texts([ec2.get("availability_zone")]),
        _texts([ec2.get("instance_id")]),
        _texts([top.fields.get("resource_arn"), aws.get("function_arn")]),
    ]
    return [
        *_view(top, max(0.0, last - top.start), is_partial=is_partial),
        *owned,
        top is trace.root,
        *service_key(top, trace),
        _annotations(nodes),
    ]


def _edges(top: Node, trace: Trace) -> Iterator[list[Any]]:
    key = service_key(top, trace)
    caller = trace.caller_of(top)
    if caller is not None and caller.top.is_segment and caller.top is not top:
        yield _edge(caller, (*service_key(caller.top, trace), *key), is_inferred=top.is_inferred)
    elif top is trace.root:
        yield _edge(top, (key.name, CLIENT, None, *key), is_inferred=False)


def _edge(caller: Node, ends: Sequence[str | None], *, is_inferred: bool) -> list[Any]:
    view = _view(caller, _seconds(caller) or 0.0, is_partial=caller.end is None)
    view[_VIEW.index("inferred")] = is_inferred
    return [*view, *ends, _annotations([caller])]


def _view(node: Node, duration: float, *, is_partial: bool) -> list[Any]:
    """Return the values of `_VIEW`."""
    flags = [node.fields.get(name) is True for name in ("error", "throttle", "fault")]
    ok = node.end is not None and True not in flags
    view = [ok, *flags, is_partial, node.is_inferred, _seconds(node), duration]
    http = node.fields.get("http")
    if not http:
        return [*view, None, None, None, None, None]
    request = http.get("request", {})
    status = http.get("response", {}).get("status")
    return [*view, status, *(request.get(name) for name in ("url", "method", "user_agent", "client_ip"))]


def _seconds(node: Node) -> float | None:
    return None if node.end is None else max(0.0, node.end - node.start)


def _texts(values: Iterable[Any]) -> list[str] | None:
    return list(dict.fromkeys(value for value in values if isinstance(value, str))) or None


def _annotations(nodes: Iterable[Node]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = defaultdict(list)
    for node in nodes:
        for key, value in node.fields.get("annotations", {}).items():
            found[key].append(value)
    return found
