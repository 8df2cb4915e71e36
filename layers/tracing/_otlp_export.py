"""The other way out: OTLP, as ADOT's Lambda layer sends it to the X-Ray daemon, or over HTTP."""

from __future__ import annotations

import base64
import http.client
import logging
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from tracing import _otlp
from tracing._export import LAMBDA, TIMEOUT_MESSAGE
from tracing._fit import BUDGET, fit
from tracing._header import span_id_text
from tracing._sender import PACKET_BYTES, Item, Losses, Pack, Sender
from tracing._span import SpanData

log = logging.getLogger("tracing")

_HTTP_TIMEOUT = 1.0
_HTTP_PAUSE = 30.0
_HTTP_BYTES = 1024 * 1024


class Otlp:
    """OTLP spans, as ADOT's Lambda layer sends them, or over HTTP."""

    def __init__(self, sender: Sender, losses: Losses, resource: Mapping[str, Any]) -> None:
        self.sender = sender
        self._losses = losses
        self._budget = span_budget(resource)

    def finished(self, span: SpanData, base: Mapping[str, Any]) -> None:
        del base
        variable = {"attributes": span.attributes, "events": [event.attributes for event in span.events]}
        variable, shortened = fit(variable, lambda value: len(_encode(span, value)), self._budget)
        if shortened:
            self._losses.add("a span over 64 kB was truncated", span.name)
        ids = span_id_text(span.span_id), span_id_text(span.parent_id)
        self.sender.add(Item(*ids, _encode(span, variable), span.scope))

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
        """OTLP has no open spans: they end now, marked; X-Ray keeps the later copy of an id."""
        for span in spans:
            attributes = {**span.attributes, "aws.xray.in_progress": True}
            marked = span._replace(end=span.end or time.time_ns(), attributes=attributes)
            if timing_out:
                marked = marked._replace(status="ERROR", description=TIMEOUT_MESSAGE)
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
        self._clock = clock
        self._not_before = 0.0
        self._url = urlsplit(url)
        self._headers = {"Content-Type": "application/x-protobuf", **headers}

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
            connection.request(
                "POST", f"{path}?{self._url.query}" if self._url.query else path, body, self._headers
            )
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            log.debug("tracing: cannot send to %s: %s", self._url.netloc, error)
            return False
        finally:
            connection.close()
        return status < 400


def pack_spans(resource: Mapping[str, Any], *, datagrams: bool) -> Pack:
    """OTLP requests; for datagrams with X-Ray's mark for sampled spans, base64 as ADOT's own exporter."""
    limit = PACKET_BYTES * 3 // 4 if datagrams else _HTTP_BYTES

    def pack(items: Sequence[Item]) -> Iterable[bytes]:
        for group in _groups(items, limit):
            scopes: dict[str, list[bytes]] = {}
            for item in group:
                scopes.setdefault(item.scope, []).append(item.payload)
            body = _otlp.request(resource, scopes)
            yield b"T1S" + base64.b64encode(body) if datagrams else body

    return pack


def span_budget(resource: Mapping[str, Any]) -> int:
    """Bytes of spans that one datagram holds: base64 makes four of three."""
    return (BUDGET - len(b"T1S")) * 3 // 4 - len(_otlp.request(resource, {})) - 256


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


def _encode(span: SpanData, variable: Mapping[str, Any]) -> bytes:
    pairs = zip(span.events, variable["events"], strict=False)
    events = [event._replace(attributes=attributes) for event, attributes in pairs]
    return _otlp.encode(span._replace(attributes=variable["attributes"], events=events))
