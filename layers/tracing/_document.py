"""A span as an X-Ray segment document.

https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from tracing import _aws, _cause
from tracing._header import span_id_text, trace_id_text
from tracing._span import SpanData

ANNOTATIONS = "aws.xray.annotations"
"""The span attribute that lists which attributes are annotations, as X-Ray's own conversion reads it."""

METADATA = "aws.xray.metadata."
"""Followed by a namespace: an attribute whose value is the JSON text of that namespace."""

MAX_ANNOTATIONS = 50
MAX_ANNOTATION_LENGTH = 1000
MAX_NAME_LENGTH = 200

_NOT_IN_NAME = re.compile(r"[^\w\s.:/%&#=+\-@]")
_NOT_IN_KEY = re.compile(r"[^A-Za-z0-9_]")
STATUS = ("http.response.status_code", "http.status_code")
_METHOD = ("http.request.method", "http.method")
_URL = ("url.full", "http.url")
_HOST = ("server.address", "net.peer.name", "http.host")
_HTTP_PREFIXES = ("http.", "url.", "server.", "net.", "network.", "user_agent.", "client.", "peer.", "error.")


def document(
    span: SpanData, children: Sequence[_cause.Recorded], new_id: Callable[[], str]
) -> dict[str, Any]:
    """Write a span as an independent subsegment; an open one as in progress."""
    aws = span.attributes.get("rpc.system") == "aws-api"
    http = _http(span)
    fields: dict[str, Any] = {
        "name": _name(span, http, aws=aws),
        "id": span_id_text(span.span_id),
        "trace_id": trace_id_text(span.trace_id),
        "parent_id": span_id_text(span.parent_id) if span.parent_id else None,
        "type": "subsegment",
        "start_time": _seconds(span.start),
        **({"in_progress": True} if span.end is None else {"end_time": _seconds(span.end)}),
        "namespace": "aws" if aws else "remote" if span.kind in {"CLIENT", "PRODUCER"} else None,
        "http": http,
        **_flags(span),
        "cause": _cause.of(span, children, new_id),
        "aws": _aws.block(span.attributes) if aws else None,
        **_notes(span, aws=aws),
        "links": [
            _dropping_empty(
                {
                    "trace_id": trace_id_text(link.trace_id),
                    "id": span_id_text(link.span_id),
                    "attributes": plain(link.attributes),
                }
            )
            for link in span.links
        ],
    }
    return _dropping_empty(fields)


def annotation_key(key: str) -> str:
    """X-Ray drops annotations whose keys have other characters than letters, digits and `_`."""
    return _NOT_IN_KEY.sub("_", key)


def name(text: str) -> str:
    """Only the characters that X-Ray allows in names."""
    return _NOT_IN_NAME.sub("", text)[:MAX_NAME_LENGTH].strip() or "span"


def status_of(span: SpanData) -> dict[str, Any]:
    """The span's HTTP status, as the attributes that say it."""
    return {key: span.attributes[key] for key in STATUS if key in span.attributes}


def plain(value: Any) -> Any:
    """What JSON can say: no tuples, no bytes, no infinite numbers, text for unknown objects."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)


def _dropping_empty(fields: Mapping[str, Any]) -> dict[str, Any]:
    empty: tuple[Any, ...] = ({}, [])
    return {
        key: value
        for key, value in fields.items()
        if value is not None and value is not False and value not in empty
    }


def _seconds(nanoseconds: int) -> float:
    return round(nanoseconds / 1e9, 6)


def _first(attributes: Mapping[str, Any], keys: Sequence[str]) -> Any:
    return next((attributes[key] for key in keys if key in attributes), None)


def _name(span: SpanData, http: Mapping[str, Any], *, aws: bool) -> str:
    peer = span.attributes.get("peer.service")
    if aws:
        return name(str(peer or span.attributes.get("rpc.service") or span.name))
    if span.kind == "CLIENT" and "request" in http:
        host = urlsplit(str(http["request"].get("url", ""))).hostname
        return name(str(peer or host or _first(span.attributes, _HOST) or span.name))
    if span.kind in {"CLIENT", "PRODUCER"} and peer:
        return name(str(peer))
    return name(span.name)


def _http(span: SpanData) -> dict[str, Any]:
    """`request` for outgoing calls other than AWS's."""
    found: dict[str, Any] = {}
    status = _first(span.attributes, STATUS)
    method = _first(span.attributes, _METHOD)
    if method and span.kind == "CLIENT" and span.attributes.get("rpc.system") != "aws-api":
        request = {"method": str(method).upper()}
        if url := _first(span.attributes, _URL):
            request["url"] = str(url)
        found["request"] = request
    if isinstance(status, int):
        found["response"] = {"status": status}
    return found


def _flags(span: SpanData) -> dict[str, bool]:
    status = _first(span.attributes, STATUS)
    throttle = status == 429 or bool(span.attributes.get(_aws.THROTTLED))
    if isinstance(status, int) and 400 <= status < 500:
        return {"error": True, "throttle": throttle}
    failed = span.status == "ERROR" or (isinstance(status, int) and status >= 500)
    return {"fault": failed, "throttle": throttle}


def _notes(span: SpanData, *, aws: bool) -> dict[str, Any]:
    """Annotations and metadata: what is neither an annotation nor has its own place is metadata."""
    annotations: dict[str, Any] = {}
    metadata: dict[str, dict[str, Any]] = {}
    indexed = _listed(span.attributes.get(ANNOTATIONS))
    http_call = span.kind == "CLIENT" and _first(span.attributes, _METHOD) is not None
    for key, value in span.attributes.items():
        if key in indexed and isinstance(value, bool | int | float | str):
            if len(annotations) < MAX_ANNOTATIONS:
                annotations[annotation_key(key)] = _annotation(value)
            else:
                metadata.setdefault("default", {})[key] = plain(value)
        elif key.startswith(METADATA):
            _add_namespace(metadata, key, value)
        elif (
            key not in (ANNOTATIONS, *STATUS)
            and not aws
            and not (http_call and key.startswith(_HTTP_PREFIXES))
        ):
            metadata.setdefault("default", {})[key] = plain(value)
    if events := _events(span):
        metadata.setdefault("otel", {})["events"] = events
    return {"annotations": annotations, "metadata": metadata}


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else ()


def _annotation(value: Any) -> Any:
    if isinstance(value, str) and len(value) > MAX_ANNOTATION_LENGTH:
        return value[: MAX_ANNOTATION_LENGTH - 15] + "... [truncated]"
    return plain(value)


def _add_namespace(metadata: dict[str, dict[str, Any]], key: str, value: Any) -> None:
    try:
        content = json.loads(value)
    except (TypeError, ValueError):
        content = None
    if isinstance(content, dict):
        metadata.setdefault(key.removeprefix(METADATA), {}).update(content)
    else:
        metadata.setdefault("default", {})[key] = plain(value)


def _events(span: SpanData) -> list[dict[str, Any]]:
    return [
        {"name": event.name, "time": _seconds(event.time), "attributes": plain(event.attributes)}
        for event in span.events
        if event.name != "exception"
    ]
