"""The other way out: OTLP, as ADOT's Lambda layer sends it to the X-Ray daemon, or over HTTP.

It is written by hand: the protobuf package is what layers clash on most.
https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto
"""

from __future__ import annotations

import base64
import http.client
import logging
import re
import struct
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from tracing._exceptions import explained
from tracing._export import LAMBDA, TIMEOUT_MESSAGE, TIMEOUT_TYPE
from tracing._sender import BUDGET, Item, Losses, Pack, Sender, fit
from tracing._span import Event, Link, SpanData, span_id_text

log = logging.getLogger("tracing")

_HTTP_TIMEOUT = 1.0
_HTTP_PAUSE = 30.0
_HTTP_BYTES = 1024 * 1024

IN_PROGRESS = "aws.xray.inprogress"
"""The span attribute of which X-Ray's exporters make `in_progress`."""
TIMEOUT = {"exception.type": TIMEOUT_TYPE, "exception.message": TIMEOUT_MESSAGE}

_AWS_HOST = re.compile(r"xray\.([a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|api\.aws)")

_DATAGRAM_BYTES = 12 * 1024
"""Spans are packed up to this size: smaller packets let a busy receiver keep up."""

_KINDS = {"INTERNAL": 1, "SERVER": 2, "CLIENT": 3, "PRODUCER": 4, "CONSUMER": 5}
_STATUSES = {"UNSET": 0, "OK": 1, "ERROR": 2}
_SAMPLED = 1
_INT64 = 1 << 63


class Otlp:
    """OTLP spans, as ADOT's Lambda layer sends them, or over HTTP."""

    def __init__(self, sender: Sender, losses: Losses, resource: Mapping[str, Any]) -> None:
        self.sender = sender
        self._losses = losses
        self._budget = span_budget(resource)

    def finished(self, span: SpanData, base: Mapping[str, Any], *, waits: bool = False) -> None:
        del base
        variable = {"attributes": span.attributes, "events": [event.attributes for event in span.events]}
        variable, shortened = fit(variable, lambda value: len(_encoded(span, value)), self._budget)
        if shortened:
            self._losses.add("a span over 64 kB was truncated", span.name)
        ids = span_id_text(span.span_id), span_id_text(span.parent_id)
        self.sender.add(Item(*ids, _encoded(span, variable), span.scope, span.trace_id), waits=waits)

    def segment(self, span: SpanData, more: Mapping[str, Any]) -> None:
        """A span of kind SERVER becomes a segment, named like the function that sends it.

        So Lambda's segment of a called function becomes a span inside the caller; the called function
        leaves it to its caller. An open segment ends now: X-Ray keeps the later copy of an id.
        """
        if more.get("origin") == LAMBDA:
            if span.end is None:
                return
            span = span._replace(kind="INTERNAL")
        self.finished(span._replace(end=span.end or time.time_ns()), more)

    def unfinished(self, spans: Sequence[SpanData], *, timing_out: bool = False) -> None:
        """OTLP's spans have an end: that of an open one is now, and an attribute marks it for X-Ray.

        The innermost tells of a time-out; those around it are faults, as in segment documents.
        """
        now = time.time_ns()
        for span in spans:
            marked = span._replace(end=span.end or now, attributes={**span.attributes, IN_PROGRESS: True})
            if timing_out:
                marked = marked._replace(status="ERROR")
                if span is spans[-1] and not explained(span):
                    marked = marked._replace(events=[*span.events, Event("exception", now, TIMEOUT)])
            self.finished(marked, {})

    def forget(self, running: Collection[int]) -> None:
        """OTLP repeats the exceptions of children; nothing is noted."""


class Http:
    """OTLP over HTTP, once for an invocation: a request for each span would cost the handler too much."""

    hold_seconds = float("inf")
    held_bytes = 4 * 1024 * 1024

    def __init__(
        self, url: str, headers: Mapping[str, str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`headers` go with each request; to AWS they are signed, unless one of them is `Authorization`."""
        self._clock = clock
        self._not_before = 0.0
        self._url = urlsplit(url)
        self._headers = {"Content-Type": "application/x-protobuf", **headers}
        of_aws = _AWS_HOST.fullmatch(self._url.hostname or "")
        signed_already = any(key.lower() == "authorization" for key in headers)
        self._sign = _signer(url, of_aws[1]) if of_aws and not signed_already else None

    def idle(self) -> bool:
        return False

    def send(self, body: bytes) -> bool:
        """After a failure nothing is tried for a while: a dead receiver must not slow every invocation."""
        if self._clock() < self._not_before:
            return False
        accepted = self._post(body)
        if not accepted:
            self._not_before = self._clock() + _HTTP_PAUSE
        return accepted

    def _post(self, body: bytes) -> bool:
        secure = self._url.scheme == "https"
        connect = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = connect(self._url.hostname or "", self._url.port, timeout=_HTTP_TIMEOUT)
        try:
            path = self._url.path or "/"
            target = f"{path}?{self._url.query}" if self._url.query else path
            headers = self._sign(body, self._headers) if self._sign else self._headers
            connection.request("POST", target, body, headers)
            response = connection.getresponse()
            if response.status >= 400:
                log.warning(
                    "tracing: %s refused spans: %d %s",
                    self._url.netloc, response.status, response.read(500).decode(errors="replace"),
                )  # fmt: skip
        except (OSError, http.client.HTTPException) as error:
            log.debug("tracing: cannot send to %s: %s", self._url.netloc, error)
            return False
        finally:
            connection.close()
        return response.status < 400


def _signer(url: str, region: str) -> Callable[[bytes, Mapping[str, str]], Mapping[str, str]]:
    """Sign requests to AWS's own OTLP endpoint with the function's credentials; OSError when it has none.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-OTLPEndpoint.html
    """

    @cache
    def session() -> Any:
        from botocore.session import Session  # noqa: PLC0415 - slow to import, and needed by few

        return Session()

    def sign(body: bytes, headers: Mapping[str, str]) -> Mapping[str, str]:
        try:
            credentials = session().get_credentials()
            from botocore.auth import SigV4Auth  # noqa: PLC0415
            from botocore.awsrequest import AWSRequest  # noqa: PLC0415

            request = AWSRequest("POST", url, dict(headers), body)
            SigV4Auth(credentials, "xray", region).add_auth(request)
        except Exception as error:
            raise OSError(f"the request cannot be signed: {error}") from error
        return dict(request.headers.items())

    return sign


def pack_spans(resource: Mapping[str, Any], *, datagrams: bool) -> Pack:
    """OTLP requests; for datagrams with X-Ray's mark for sampled spans, base64 as ADOT's own exporter.

    A datagram has spans of one trace: the mark is of a trace.
    """

    def pack(items: Sequence[Item]) -> Iterable[bytes]:
        for group in _of_one_trace(items) if datagrams else _groups(items, _HTTP_BYTES):
            scopes: dict[str, list[bytes]] = {}
            for item in group:
                scopes.setdefault(item.scope, []).append(item.payload)
            body = request(resource, scopes)
            yield b"T1S" + base64.b64encode(body) if datagrams else body

    return pack


def span_budget(resource: Mapping[str, Any]) -> int:
    """Bytes of spans that one datagram holds: base64 makes four of three."""
    return (BUDGET - len(b"T1S")) * 3 // 4 - len(request(resource, {})) - 256


def _of_one_trace(items: Sequence[Item]) -> Iterable[list[Item]]:
    traces: dict[int, list[Item]] = {}
    for item in items:
        traces.setdefault(item.trace_id, []).append(item)
    for trace in traces.values():
        yield from _groups(trace, _DATAGRAM_BYTES)


def _groups(items: Sequence[Item], limit: int) -> Iterable[list[Item]]:
    group: list[Item] = []
    size = 0
    for item in items:
        cost = len(item.payload) + len(item.scope) + 32
        if group and size + cost > limit:
            yield group
            group, size = [], 0
        group.append(item)
        size += cost
    if group:
        yield group


def _encoded(span: SpanData, variable: Mapping[str, Any]) -> bytes:
    pairs = zip(span.events, variable["events"], strict=False)
    events = [event._replace(attributes=attributes) for event, attributes in pairs]
    return encode(span._replace(attributes=variable["attributes"], events=events))


def request(resource: Mapping[str, Any], scopes: Mapping[str, Iterable[bytes]]) -> bytes:
    """An `ExportTraceServiceRequest`: encoded spans by the name of their scope."""
    body = _message(1, _attributes(1, resource))
    for scope, spans in scopes.items():
        encoded = b"".join(_message(2, span) for span in spans)
        body += _message(2, _message(1, _text(1, scope)) + encoded)
    return _message(1, body)


def encode(span: SpanData) -> bytes:
    """One `Span`; an open one ends now as far as `end` says nothing."""
    parts = [
        _bytes(1, span.trace_id.to_bytes(16, "big")),
        _bytes(2, span.span_id.to_bytes(8, "big")),
        _bytes(4, span.parent_id.to_bytes(8, "big")) if span.parent_id else b"",
        _text(5, span.name),
        _number(6, _KINDS.get(span.kind, 1)),
        _fixed64(7, span.start),
        _fixed64(8, span.end or span.start),
        _attributes(9, span.attributes),
        *(_message(11, _event(event)) for event in span.events),
        *(_message(13, _link(link)) for link in span.links),
        _message(15, _text(2, span.description or "") + _number(3, _STATUSES[span.status])),
        _tag(16, 5) + struct.pack("<I", _SAMPLED),
    ]
    return b"".join(parts)


def _event(event: Event) -> bytes:
    return _fixed64(1, event.time) + _text(2, event.name) + _attributes(3, event.attributes)


def _link(link: Link) -> bytes:
    ids = _bytes(1, link.trace_id.to_bytes(16, "big")) + _bytes(2, link.span_id.to_bytes(8, "big"))
    return ids + _attributes(4, link.attributes)


def _attributes(field: int, attributes: Mapping[str, Any]) -> bytes:
    return b"".join(_message(field, _pair(key, value)) for key, value in attributes.items())


def _pair(key: str, value: Any) -> bytes:
    return _text(1, key) + _message(2, _any(value))


def _any(value: Any) -> bytes:  # noqa: PLR0911 - one return for each kind
    """An `AnyValue`; the fields of a oneof are written even when they are zero."""
    if value is None:
        return b""
    if isinstance(value, bool):
        return _tag(2, 0) + _varint(value)
    if isinstance(value, int) and -_INT64 <= value < _INT64:
        return _tag(3, 0) + _varint(value % (1 << 64))
    if isinstance(value, float):
        return _tag(4, 1) + struct.pack("<d", value)
    if isinstance(value, bytes):
        return _bytes(7, value)
    if isinstance(value, Mapping):
        return _message(6, b"".join(_message(1, _pair(str(key), item)) for key, item in value.items()))
    if isinstance(value, list | tuple):
        return _message(5, b"".join(_message(1, _any(item)) for item in value))
    return _bytes(1, _utf8(str(value)))


def _message(field: int, content: bytes) -> bytes:
    return _bytes(field, content)


def _text(field: int, value: str) -> bytes:
    return _bytes(field, _utf8(value)) if value else b""


def _utf8(value: str) -> bytes:
    return value.encode("utf-8", "replace")


def _number(field: int, value: int) -> bytes:
    return _tag(field, 0) + _varint(value) if value else b""


def _fixed64(field: int, value: int) -> bytes:
    return _tag(field, 1) + struct.pack("<Q", value)


def _bytes(field: int, content: bytes) -> bytes:
    return _tag(field, 2) + _varint(len(content)) + content


def _tag(field: int, wire_type: int) -> bytes:
    return _varint(field << 3 | wire_type)


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
