"""A span of the OpenTelemetry API that is a subsegment of the X-Ray SDK."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode

from tracing._raised import Recording
from tracing._recorder import Recorder
from tracing._safely import safely


class Scope(NamedTuple):
    """Who made the span."""

    name: str


class Event(NamedTuple):
    """`timestamp` in nanoseconds since the epoch."""

    name: str
    timestamp: int
    attributes: Mapping[str, Any]


class Identity(NamedTuple):
    """What never changes in a span."""

    context: SpanContext
    parent: SpanContext | None
    kind: SpanKind
    scope: Scope
    start_time: int
    record_exception: bool = True
    set_status_on_exception: bool = True


class NativeSpan(Recording):
    """Has the properties of the OpenTelemetry SDK's spans, so that both are read the same way."""

    def __init__(self, recorder: Recorder, subsegment: Any, name: str, identity: Identity) -> None:
        self._recorder = recorder
        self._identity = identity
        self.subsegment = subsegment
        self.name = name
        self.attributes = BoundedAttributes(immutable=False)
        self.events: list[Event] = []
        self.links: list[Link] = []
        self.status = Status(StatusCode.UNSET)
        self.end_time: int | None = None
        self.token: Any = None
        self._record_exception = identity.record_exception
        self._set_status_on_exception = identity.set_status_on_exception

    context = property(lambda self: self._identity.context)
    parent = property(lambda self: self._identity.parent)
    kind = property(lambda self: self._identity.kind)
    start_time = property(lambda self: self._identity.start_time)
    instrumentation_scope = property(lambda self: self._identity.scope)

    def get_span_context(self) -> SpanContext:
        return self._identity.context

    def is_recording(self) -> bool:
        return self.end_time is None

    def set_attribute(self, key: str, value: Any) -> None:
        if self.is_recording():
            self.attributes[key] = value

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        for key, value in attributes.items():
            self.set_attribute(key, value)

    def add_event(self, name: str, attributes: Any = None, timestamp: int | None = None) -> None:
        if self.is_recording():
            self.events.append(
                Event(name, timestamp or time.time_ns(), BoundedAttributes(attributes=attributes))
            )

    def add_link(self, context: SpanContext, attributes: Any = None) -> None:
        if self.is_recording() and context.is_valid:
            self.links.append(Link(context, BoundedAttributes(attributes=attributes)))

    def update_name(self, name: str) -> None:
        if self.is_recording():
            self.name = name

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        """`OK` is final, `UNSET` says nothing: https://opentelemetry.io/docs/specs/otel/trace/api/#set-status."""
        new = status if isinstance(status, Status) else Status(status, description)
        final = self.status.status_code is StatusCode.OK
        if self.is_recording() and not final and new.status_code is not StatusCode.UNSET:
            self.status = new

    def end(self, end_time: int | None = None) -> None:
        if not self.is_recording():
            return
        self.end_time = end_time or time.time_ns()
        with safely("sending a subsegment"):
            self.subsegment.close(self.end_time / 1e9)
            self._recorder.ended(self, self._noted())

    def _noted(self) -> Mapping[str, Any]:
        """What code that knows the X-Ray SDK put on the subsegment itself."""
        noted: dict[str, Any] = self.subsegment.to_dict()
        return noted
