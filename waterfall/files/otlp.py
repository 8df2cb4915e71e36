"""A trace as an OTLP request in JSON: what OpenTelemetry has words for, and X-Ray's document besides.

https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
"""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterator, Mapping
from typing import Any

from waterfall.files.documents import document_of, sent
from waterfall.traces.documents import mapping_of, text_of
from waterfall.traces.model import Failure, Node, Trace
from waterfall.traces.pauses import measured

DOCUMENT = "aws.xray.document"
"""Attribute that carries the segment document: any backend keeps it, the embedded AWS takes it for the span.

Origins, metadata and exceptions with frames have no other way through OTLP."""

_SPAN_ID = re.compile(r"[0-9a-fA-F]{16}")
_INTERNAL, _SERVER, _CLIENT = 1, 2, 3
_FAILED = 2
_NANOSECONDS = 1_000_000_000

Attribute = dict[str, Any]


def otlp_shape(trace: Trace, ids: Container[str] | None = None) -> dict[str, Any]:
    """Return an ExportTraceServiceRequest: the spans of each service, which is what a segment is called.

    With `ids`, only those of these nodes.

    What has no id that OTLP allows is left out, and so is what X-Ray inferred.
    """
    services: dict[str, list[dict[str, Any]]] = {}
    names: dict[int, str] = {}
    for node in trace.nodes:
        above = None if node.is_segment or node.parent is None else names.get(node.parent)
        names[node.position] = node.name if above is None else above
    for node in sent(trace):
        if _SPAN_ID.fullmatch(node.id) and (ids is None or node.id in ids):
            services.setdefault(names[node.position], []).append(_span(trace, node))
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": [_attribute("service.name", name)]},
                "scopeSpans": [{"scope": {"name": "waterfall"}, "spans": spans}],
            }
            for name, spans in services.items()
        ]
    }


def _span(trace: Trace, node: Node) -> dict[str, Any]:
    parent_id = node.parent_id if node.parent is None else trace.nodes[node.parent].id
    start, ended = measured(node)
    end = max(start, trace.end_of(node) if ended is None else ended)
    attributes = {**_told(node), DOCUMENT: json.dumps(document_of(trace, node), separators=(",", ":"))}
    failed = node.status != "ok"
    message = {"message": _text(node.failures[0].message)} if failed and node.failures else {}
    return {
        "traceId": _hex(trace.id),
        "spanId": node.id,
        **({"parentSpanId": parent_id} if parent_id and _SPAN_ID.fullmatch(parent_id) else {}),
        "name": _text(" ".join(filter(None, (node.name, node.call.operation)))),
        "kind": _SERVER if node.is_segment else _CLIENT if node.namespace in {"aws", "remote"} else _INTERNAL,
        "startTimeUnixNano": _nanoseconds(start),
        "endTimeUnixNano": _nanoseconds(end),
        "attributes": [_attribute(key, value) for key, value in attributes.items()],
        "events": [_exception(failure, end) for failure in node.failures],
        "links": [
            {"traceId": _hex(link.trace_id), "spanId": link.id}
            for link in node.links
            if link.id and _SPAN_ID.fullmatch(link.id) and len(_hex(link.trace_id)) == 32
        ],
        "status": {"code": _FAILED, **message} if failed else {},
    }


def _told(node: Node) -> Mapping[str, Any]:
    """Return what a node says in the words of OpenTelemetry's conventions, and its annotations."""
    aws = mapping_of(node.document.get("aws"))
    request = mapping_of(mapping_of(node.document.get("http")).get("request"))
    of_aws = node.namespace == "aws"
    told = {
        "http.request.method": node.http.method,
        "url.full": node.http.url,
        "http.response.status_code": node.http.status,
        "user_agent.original": text_of(request.get("user_agent")),
        "client.address": text_of(request.get("client_ip")),
        "rpc.system": "aws-api" if of_aws else None,
        "rpc.service": node.name if of_aws else None,
        "rpc.method": node.call.operation,
        "cloud.region": text_of(aws.get("region")),
        "aws.request_id": text_of(aws.get("request_id")),
        "faas.coldstart": node.cold_start or None,
        "exception.type": node.failures[0].type if node.failures else None,
        **{key: value for key, value in node.annotations.items() if isinstance(value, str | int | float)},
    }
    return {key: value for key, value in told.items() if value is not None}


def _exception(failure: Failure, time: float) -> dict[str, Any]:
    told = {
        "exception.type": failure.type,
        "exception.message": failure.message,
        "exception.stacktrace": "\n".join(_lines(failure)) if failure.stack else "",
    }
    attributes = [_attribute(key, value) for key, value in told.items() if value]
    return {"name": "exception", "timeUnixNano": _nanoseconds(time), "attributes": attributes}


def _lines(failure: Failure) -> Iterator[str]:
    for frame in failure.stack:
        yield f'  File "{frame.path}", line {frame.line or 0}, in {frame.label}'
    yield f"{failure.type}: {failure.message}"


def _attribute(key: str, value: str | float) -> Attribute:
    """Return a KeyValue; a 64-bit integer is a string in protobuf's JSON."""
    match value:
        case bool():
            typed: dict[str, Any] = {"boolValue": value}
        case int() if -(2**63) <= value < 2**63:
            typed = {"intValue": str(value)}
        case float():
            typed = {"doubleValue": value}
        case _:
            typed = {"stringValue": _text(str(value))}
    return {"key": _text(key), "value": typed}


def _text(value: str) -> str:
    """Replace half a surrogate pair, which protobuf's texts cannot hold."""
    return value.encode("utf-8", "replace").decode()


def _hex(trace_id: str) -> str:
    return trace_id.removeprefix("1-").replace("-", "")


def _nanoseconds(seconds: float) -> str:
    return str(max(0, round(seconds * _NANOSECONDS)))
