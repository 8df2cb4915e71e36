"""Spans made by the real OpenTelemetry SDK and encoded by its real OTLP encoder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from embedded_aws.xray.intake import otlp

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

TRACE_ID = 0x6A1B2C3D_0102030405060708090A0B0C
XRAY_TRACE_ID = "1-6a1b2c3d-0102030405060708090a0b0c"
PARENT_ID = 0x1122334455667788
PARENT = f"{PARENT_ID:016x}"


class CountingIds:
    """Ids 1, 2, 3 …, so that a test can name them."""

    def __init__(self) -> None:
        self._last = 0

    def segment_id(self) -> str:
        self._last += 1
        return f"{self._last:016x}"

    def trace_id(self, now: float) -> str:
        return f"1-{int(now):08x}-{self.segment_id():0>24}"

    def request_id(self) -> str:
        return self.segment_id()


def context(span_id: int = PARENT_ID) -> SpanContext:
    return SpanContext(TRACE_ID, span_id, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def request(
    attributes: Mapping[str, Any] | None = None,
    *,
    name: str = "work",
    kind: SpanKind = SpanKind.INTERNAL,
    resource: Mapping[str, Any] | None = None,
    child: bool = True,
    failed: str | None = None,
    events: Sequence[tuple[str, Mapping[str, Any]]] = (),
    raising: BaseException | None = None,
    links: Sequence[Link] = (),
) -> ExportTraceServiceRequest:
    """Return one span as OTLP; `child` gives it a parent, `failed` an error status with that text."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource(dict(resource or {})))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    parent = trace.set_span_in_context(NonRecordingSpan(context())) if child else None
    span = provider.get_tracer("test").start_span(
        name, parent, kind, dict(attributes or {}), links, start_time=1_700_000_000_250_000_000
    )
    for event, values in events:
        span.add_event(event, dict(values), timestamp=1_700_000_000_123_456_000)
    if raising is not None:
        span.record_exception(raising)
    if failed is not None:
        span.set_status(Status(StatusCode.ERROR, failed))
    span.end(1_700_000_001_500_000_000)
    provider.shutdown()
    return encode_spans(exporter.get_finished_spans())


def documents(
    attributes: Mapping[str, Any] | None = None, *, options: otlp.Options = otlp.DEFAULTS, **span: Any
) -> list[dict[str, Any]]:
    """Return the documents of one span, over the wire format."""
    payload = request(attributes, **span).SerializeToString()
    translation = otlp.translate_request(payload, CountingIds(), options)
    assert not translation.rejected
    return translation.documents


def document(attributes: Mapping[str, Any] | None = None, **span: Any) -> dict[str, Any]:
    """Return the only document of one span."""
    (only,) = documents(attributes, **span)
    return only
