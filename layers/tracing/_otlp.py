"""OTLP in protobuf, written by hand: the protobuf package is what layers clash on most.

https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from typing import Any

from tracing._span import Event, Link, SpanData

_KINDS = {"INTERNAL": 1, "SERVER": 2, "CLIENT": 3, "PRODUCER": 4, "CONSUMER": 5}
_STATUSES = {"UNSET": 0, "OK": 1, "ERROR": 2}
_SAMPLED = 1
_INT64 = 1 << 63


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
