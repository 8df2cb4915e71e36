"""The way out of a finished span: X-Ray segment documents.

https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import urlsplit

from tracing import _aws
from tracing._exceptions import Recorded, cause_of, recorded
from tracing._sender import Item, Losses, Sender, fit_document
from tracing._span import (
    ANNOTATIONS,
    MAX_ANNOTATIONS,
    METADATA,
    STATUS,
    Link,
    SpanData,
    annotation_key,
    namespace_of,
    plain,
    public_url,
    span_id_text,
    trace_id_text,
)

LAMBDA = "AWS::Lambda"
"""The origin of the segment that Lambda's service sends for an invocation."""

TIMEOUT_TYPE = "Timeout"
TIMEOUT_MESSAGE = "about to time out: still open shortly before the function's deadline"

MAX_ANNOTATION_LENGTH = 1000
MAX_NAME_LENGTH = 200

_NOT_IN_NAME = r"[^\w\s.:/%&#=+\-@]"
_PLAIN_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_ .:/%&#=+-@")
_METHOD = ("http.request.method", "http.method")
_URL = ("url.full", "http.url")
_HOST = ("server.address", "net.peer.name", "http.host")
_PLACED = frozenset({ANNOTATIONS, *STATUS})
_HTTP_PREFIXES = ("http.", "url.", "server.", "net.", "network.", "user_agent.", "client.", "peer.", "error.")


def new_id() -> str:
    """16 hex digits from the operating system: a restored snapshot must not repeat them."""
    return os.urandom(8).hex()


class Exporter(Protocol):
    """`base` is what the X-Ray SDK itself noted on the span."""

    sender: Sender

    def finished(self, span: SpanData, base: Mapping[str, Any], *, waits: bool = False) -> None:
        """Send a finished span, one that `waits` for its parent together with that."""

    def segment(self, span: SpanData, more: Mapping[str, Any]) -> None:
        """Send a segment of its own; `more` is what only documents have (`origin`, `aws`)."""

    def unfinished(self, spans: Sequence[SpanData], *, timing_out: bool = False) -> None:
        """Send spans that are open at the end of their invocation, or near its deadline, outermost first."""

    def forget(self, running: Collection[int]) -> None:
        """Forget what was noted for traces other than these."""


class XRay:
    """Segment documents; an exception that went through several spans is written once."""

    def __init__(self, sender: Sender, losses: Losses, ids: Callable[[], str] = new_id) -> None:
        self.sender = sender
        self._losses = losses
        self._ids = ids
        self._failed_children: dict[tuple[int, int], list[Recorded]] = {}

    def finished(self, span: SpanData, base: Mapping[str, Any], *, waits: bool = False) -> None:
        children = self._failed_children.pop((span.trace_id, span.span_id), [])
        content = document(span, children, self._ids)
        if exception := recorded(content.get("cause"), children):
            self._failed_children.setdefault((span.trace_id, span.parent_id), []).append(exception)
        self._send(span, merge(base, content) if base else content, waits=waits)

    def unfinished(self, spans: Sequence[SpanData], *, timing_out: bool = False) -> None:
        self.sender.flush()  # what an open span embeds would go with it, once it is sent whole
        identifier = self._ids()
        for span in spans:
            content = document(span, self._failed_children.get((span.trace_id, span.span_id), ()), self._ids)
            if timing_out:
                content["fault"] = True
                content.setdefault("cause", identifier if span is not spans[-1] else _timeout(identifier))
            self._send(span, content)

    def forget(self, running: Collection[int]) -> None:
        for key in [key for key in list(self._failed_children) if key[0] not in running]:
            self._failed_children.pop(key, None)

    def segment(self, span: SpanData, more: Mapping[str, Any]) -> None:
        children = self._failed_children.pop((span.trace_id, span.span_id), [])
        content = document(span, children, self._ids)
        del content["type"]
        described = {**content, **{key: value for key, value in more.items() if value}}
        text, _ = fit_document(described)
        # Named as nobody's child, so that it is never embedded as a subsegment.
        self.sender.add(Item(content["id"], "", text.encode("ascii")))

    def _send(self, span: SpanData, content: Mapping[str, Any], *, waits: bool = False) -> None:
        text, shortened = fit_document(content)
        if shortened:
            self._losses.add("a span over 64 kB was truncated", span.name)
        parent = content.get("parent_id", "")
        self.sender.add(Item(content["id"], parent, text.encode("ascii")), waits=waits)


def merge(base: Mapping[str, Any], content: Mapping[str, Any]) -> dict[str, Any]:
    """What the X-Ray SDK noted, and over it what the span says."""
    merged = {key: value for key, value in base.items() if value is not False and value is not None}
    merged.update(content)
    if recorder := base.get("aws", {}).get("xray"):
        merged["aws"] = {**merged.get("aws", {}), "xray": recorder}
    http = merged.get("http", {})
    if url := http.get("request", {}).get("url"):
        merged["http"] = {**http, "request": {**http["request"], "url": public_url(url)}}
    if annotations := {**base.get("annotations", {}), **content.get("annotations", {})}:
        merged["annotations"] = annotations
    namespaces = dict(base.get("metadata", {}))
    for namespace, values in content.get("metadata", {}).items():
        namespaces[namespace] = {**namespaces.get(namespace, {}), **values}
    if namespaces:
        merged["metadata"] = namespaces
    return merged


def _timeout(identifier: str) -> dict[str, Any]:
    exception = {"id": identifier, "type": TIMEOUT_TYPE, "message": TIMEOUT_MESSAGE}
    return {"exceptions": [exception]}


def document(span: SpanData, children: Sequence[Recorded], new_id: Callable[[], str]) -> dict[str, Any]:
    """Write a span as an independent subsegment; an open one as in progress."""
    attributes, kind = span.attributes, span.kind
    aws = attributes.get("rpc.system") == "aws-api"
    outgoing = kind == "CLIENT"
    method = _first(attributes, _METHOD) if outgoing else None
    status = _first(attributes, STATUS)
    http = _http(attributes, None if aws else method, status)
    found: dict[str, Any] = {
        "name": _name(span, http, aws=aws),
        "id": span_id_text(span.span_id),
        "trace_id": trace_id_text(span.trace_id),
    }
    if span.parent_id:
        found["parent_id"] = span_id_text(span.parent_id)
    found["type"] = "subsegment"
    found["start_time"] = _seconds(span.start)
    if span.end is None:
        found["in_progress"] = True
    else:
        found["end_time"] = _seconds(span.end)
    if aws or outgoing or kind == "PRODUCER":
        found["namespace"] = "aws" if aws else "remote"
    if http:
        found["http"] = http
    if status is not None or span.status == "ERROR" or _aws.THROTTLED in attributes:
        _flag(found, span, status)
    if (span.events or span.status == "ERROR") and (cause := cause_of(span, children, new_id)):
        found["cause"] = cause
    if aws and (block := _aws.block(attributes)):
        found["aws"] = block
    if attributes or span.events:
        _note(found, span, aws=aws, http_call=method is not None)
    if span.links:
        found["links"] = [_link(link) for link in span.links]
    return found


def _link(link: Link) -> dict[str, Any]:
    found = {"trace_id": trace_id_text(link.trace_id), "id": span_id_text(link.span_id)}
    return {**found, "attributes": plain(link.attributes)} if link.attributes else found


def name(text: str) -> str:
    """Only the characters that X-Ray allows in names."""
    if _PLAIN_NAME.issuperset(text) and len(text) <= MAX_NAME_LENGTH:
        return text.strip() or "span"
    return re.sub(_NOT_IN_NAME, "", text)[:MAX_NAME_LENGTH].strip() or "span"


def _seconds(nanoseconds: int) -> float:
    return round(nanoseconds / 1e9, 6)


def _first(attributes: Mapping[str, Any], keys: Sequence[str]) -> Any:
    for key in keys:
        if key in attributes:
            return attributes[key]
    return None


def _name(span: SpanData, http: Mapping[str, Any], *, aws: bool) -> str:
    if not aws and span.kind not in {"CLIENT", "PRODUCER"}:
        return name(span.name)
    peer = span.attributes.get("peer.service")
    if aws:
        return name(str(peer or span.attributes.get("rpc.service") or span.name))
    if span.kind == "CLIENT" and "request" in http:
        host = urlsplit(str(http["request"].get("url", ""))).hostname
        return name(str(peer or host or _first(span.attributes, _HOST) or span.name))
    return name(str(peer or span.name))


def _http(attributes: Mapping[str, Any], method: Any, status: Any) -> dict[str, Any]:
    """`request` for outgoing calls other than AWS's, which alone have a `method` here."""
    found: dict[str, Any] = {}
    if method:
        request = {"method": str(method).upper()}
        if url := _first(attributes, _URL):
            request["url"] = str(url)
        found["request"] = request
    if isinstance(status, int):
        found["response"] = {"status": status}
    return found


def _flag(found: dict[str, Any], span: SpanData, status: Any) -> None:
    if isinstance(status, int) and 400 <= status < 500:
        found["error"] = True
    elif span.status == "ERROR" or (isinstance(status, int) and status >= 500):
        found["fault"] = True
    if status == 429 or span.attributes.get(_aws.THROTTLED):
        found["throttle"] = True


def _note(found: dict[str, Any], span: SpanData, *, aws: bool, http_call: bool) -> None:
    """Annotations and metadata: what is neither an annotation nor has its own place is metadata."""
    annotations: dict[str, Any] = {}
    metadata: dict[str, dict[str, Any]] = {}
    indexed = _listed(span.attributes.get(ANNOTATIONS))
    for key, value in span.attributes.items():
        if key in indexed and isinstance(value, bool | int | float | str):
            if len(annotations) < MAX_ANNOTATIONS:
                annotations[annotation_key(key)] = _annotation(value)
            else:
                metadata.setdefault("default", {})[key] = plain(value)
        elif key.startswith(METADATA):
            _add_namespace(metadata, key, value)
        elif not (aws or key in _PLACED or (http_call and key.startswith(_HTTP_PREFIXES))):
            metadata.setdefault("default", {})[key] = plain(value)
    if span.events and (events := _events(span)):
        metadata.setdefault("otel", {})["events"] = events
    if annotations:
        found["annotations"] = annotations
    if metadata:
        found["metadata"] = metadata


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else ()


def _annotation(value: Any) -> Any:
    if isinstance(value, str) and len(value) > MAX_ANNOTATION_LENGTH:
        return value[: MAX_ANNOTATION_LENGTH - 15] + "... [truncated]"
    return plain(value)


def _add_namespace(metadata: dict[str, dict[str, Any]], key: str, value: Any) -> None:
    if (content := namespace_of(value)) is not None:
        metadata.setdefault(key.removeprefix(METADATA), {}).update(content)
    else:
        metadata.setdefault("default", {})[key] = plain(value)


def _events(span: SpanData) -> list[dict[str, Any]]:
    return [
        {"name": event.name, "time": _seconds(event.time), "attributes": plain(event.attributes)}
        for event in span.events
        if event.name != "exception"
    ]
