"""OTLP messages as plain Python values, checked once, so that the rules read like the rules."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from opentelemetry.proto.trace.v1 import trace_pb2

if TYPE_CHECKING:
    from opentelemetry.proto.common.v1 import common_pb2

Attributes = Mapping[str, Any]
"""Values are str, bytes, int, float, bool, None, lists and dicts of those."""

Kind = Literal["INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"]

_KINDS: Mapping[int, Kind] = {
    trace_pb2.Span.SPAN_KIND_SERVER: "SERVER",
    trace_pb2.Span.SPAN_KIND_CLIENT: "CLIENT",
    trace_pb2.Span.SPAN_KIND_PRODUCER: "PRODUCER",
    trace_pb2.Span.SPAN_KIND_CONSUMER: "CONSUMER",
}

_TRACE_ID_BYTES = 16
_SHORTEST_EXPONENT = 1e21
"""From here on the collector writes numbers with an exponent."""
_SPAN_ID_BYTES = 8


class SpanError(ValueError):
    """A span that cannot become a segment; the text is one of a few fixed causes."""


@dataclass(frozen=True)
class SpanEvent:
    """Something that happened during a span; `time` in nanoseconds since the epoch."""

    name: str
    time: int = 0
    attributes: Attributes = field(default_factory=dict)


@dataclass(frozen=True)
class Link:
    """A pointer to another span, ids in X-Ray's form; absent, a span's is empty and a trace's all zeros."""

    trace_id: str
    span_id: str
    attributes: Attributes = field(default_factory=dict)


@dataclass(frozen=True)
class Span:
    """One span: ids in X-Ray's form, times in nanoseconds since the epoch; `parent_id` empty for a root.

    `failed` says that the status is ERROR; `status_message` is its description.
    """

    trace_id: str
    span_id: str
    name: str
    kind: Kind = "INTERNAL"
    parent_id: str = ""
    start: int = 0
    end: int = 0
    attributes: Attributes = field(default_factory=dict)
    events: tuple[SpanEvent, ...] = ()
    links: tuple[Link, ...] = ()
    failed: bool = False
    status_message: str = ""

    @property
    def is_aws_call(self) -> bool:
        return bool(self.attributes.get("rpc.system") == "aws-api")


def read_span(message: trace_pb2.Span) -> Span:
    """Check and convert one OTLP span. Raises `SpanError` for ids that OTLP does not allow."""
    return Span(
        trace_id=_trace_id(message.trace_id),
        span_id=_span_id(message.span_id),
        name=message.name,
        # OTLP: an unspecified kind is to be taken for INTERNAL.
        kind=_KINDS.get(message.kind, "INTERNAL"),
        parent_id=_span_id(message.parent_span_id) if any(message.parent_span_id) else "",
        start=message.start_time_unix_nano,
        end=message.end_time_unix_nano,
        attributes=read_attributes(message.attributes),
        events=tuple(
            SpanEvent(event.name, event.time_unix_nano, read_attributes(event.attributes))
            for event in message.events
        ),
        links=tuple(
            Link(
                _trace_id(link.trace_id or bytes(_TRACE_ID_BYTES), zeros=True),
                _span_id(link.span_id) if any(link.span_id) else "",
                read_attributes(link.attributes),
            )
            for link in message.links
        ),
        failed=message.status.code == trace_pb2.Status.STATUS_CODE_ERROR,
        status_message=message.status.message,
    )


def read_attributes(pairs: Iterable[common_pb2.KeyValue]) -> dict[str, Any]:
    """Convert OTLP attributes; of a repeated key the last value counts."""
    return {pair.key: _value(pair.value) for pair in pairs}


def text(value: Any) -> str:
    """Return a string attribute; any other type counts as empty, as in the collector."""
    return value if isinstance(value, str) else ""


def plain(value: Any) -> Any:
    """Return what JSON can hold: bytes in base64, and as text the numbers that it lacks."""
    match value:
        case bytes():
            return base64.b64encode(value).decode()
        case float() if not math.isfinite(value):
            return str(value)  # the collector loses the whole span here
        case list():
            return [plain(item) for item in value]
        case dict():
            return {key: plain(item) for key, item in value.items()}
        case _:
            return value


def printed(value: Any) -> str:
    """Return any attribute as text: numbers and lists as JSON has them, nothing for null."""
    value = plain(value)
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, float) and value.is_integer() and abs(value) < _SHORTEST_EXPONENT:
        value = int(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def integer(value: Any) -> int:
    """Return an integer attribute; any other type counts as 0, as in the collector."""
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def latest(attributes: Attributes, *keys: str) -> Any:
    """Return the value of the last of these attributes, in the span's own order; None without any.

    So the collector decides between the old and the new name of one thing.
    """
    present = [key for key in keys if key in attributes]
    if len(present) > 1:
        present = [key for key in attributes if key in present]
    return attributes[present[-1]] if present else None


def without_empty(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out nulls, empty strings and empty lists; an empty object tells that there was something."""
    return {key: value for key, value in fields.items() if value is not None and value not in ("", [])}


def _value(value: common_pb2.AnyValue) -> Any:
    match value.WhichOneof("value"):
        case "array_value":
            return [_value(item) for item in value.array_value.values]
        case "kvlist_value":
            return read_attributes(value.kvlist_value.values)
        case None:
            return None
        case name:
            return getattr(value, name)


def _trace_id(raw: bytes, *, zeros: bool = False) -> str:
    """Split W3C's 32 hex digits into X-Ray's epoch and unique parts.

    The epoch part may hold anything: AWS has stopped to check it, so that W3C ids work.
    """
    if len(raw) != _TRACE_ID_BYTES or not (zeros or any(raw)):
        raise SpanError("a trace id is not 16 bytes, or all zeros")
    digits = raw.hex()
    return f"1-{digits[:8]}-{digits[8:]}"


def _span_id(raw: bytes) -> str:
    if len(raw) != _SPAN_ID_BYTES or not any(raw):
        raise SpanError("a span id is not 8 bytes, or all zeros")
    return raw.hex()
