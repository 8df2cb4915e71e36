"""A span as both SDKs hand it over and every way out takes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Event(NamedTuple):
    """`time` in nanoseconds since the epoch."""

    name: str
    time: int
    attributes: Mapping[str, Any]


class Link(NamedTuple):
    """Another span that this one has to do with."""

    trace_id: int
    span_id: int
    attributes: Mapping[str, Any]


class SpanData(NamedTuple):
    """Times in nanoseconds since the epoch; `end` is `None` while the span is open.

    `kind` and `status` are OpenTelemetry's names (`CLIENT`, `ERROR`).
    """

    trace_id: int
    span_id: int
    parent_id: int
    name: str
    kind: str
    start: int
    end: int | None
    attributes: Mapping[str, Any] = {}
    events: Sequence[Event] = ()
    links: Sequence[Link] = ()
    status: str = "UNSET"
    description: str | None = None
    scope: str = ""


def read(span: Any) -> SpanData:
    """Copy a span of the OpenTelemetry SDK, or one of the native adapter, which has the same properties."""
    context, parent, scope = span.context, span.parent, span.instrumentation_scope
    return SpanData(
        trace_id=context.trace_id,
        span_id=context.span_id,
        parent_id=parent.span_id if parent else 0,
        name=span.name,
        kind=span.kind.name,
        start=span.start_time,
        end=span.end_time,
        attributes=dict(span.attributes),
        events=[Event(event.name, event.timestamp, event.attributes or {}) for event in span.events],
        links=[
            Link(link.context.trace_id, link.context.span_id, link.attributes or {}) for link in span.links
        ],
        status=span.status.status_code.name,
        description=span.status.description,
        scope=scope.name if scope else "",
    )
