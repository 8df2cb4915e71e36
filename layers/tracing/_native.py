"""Mode `native`: the X-Ray SDK behind the OpenTelemetry API; one subsegment for each span.

The SDK keeps its context in thread-locals. Here it lives in OpenTelemetry's context, a context variable:
tasks, threads and invocations never mix, and both APIs see the same current span.
"""

from __future__ import annotations

import functools
import importlib
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from opentelemetry import context as context_api
from opentelemetry import trace
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.context import Context
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
)

from tracing._context import Contexts, ParentedTracer, header_of
from tracing._exceptions import Recording
from tracing._export import name as xray_name
from tracing._later import postponing
from tracing._recorder import Recorder
from tracing._safely import safely
from tracing._span import span_id_text, trace_id_text

_SCALARS = frozenset({str, int, float, bool})
_TASK_ROOT = "LAMBDA_TASK_ROOT"


@contextmanager
def _as_in_lambda() -> Iterator[None]:
    """Outside Lambda the SDK would open an AWS session at import, for sampling rules not needed here."""
    before = os.environ.get(_TASK_ROOT)
    os.environ[_TASK_ROOT] = before or "."
    try:
        yield
    finally:
        if before is None:
            del os.environ[_TASK_ROOT]
        else:
            os.environ[_TASK_ROOT] = before


with _as_in_lambda():
    # What it imports without a use for it here: `asyncio` is for contexts of its own.
    postponing(("asyncio",), functools.partial(importlib.import_module, "aws_xray_sdk.core"))
    from aws_xray_sdk import global_sdk_config
    from aws_xray_sdk.core import context as sdk_context
    from aws_xray_sdk.core import patch, xray_recorder
    from aws_xray_sdk.core.models.dummy_entities import DummySegment
    from aws_xray_sdk.core.models.facade_segment import FacadeSegment
    from aws_xray_sdk.core.models.subsegment import Subsegment
    from aws_xray_sdk.core.models.trace_header import TraceHeader


class Scope:
    """Who made the span."""

    def __init__(self, name: str) -> None:
        self.name = name


class Event:
    """`timestamp` in nanoseconds since the epoch."""

    def __init__(self, name: str, timestamp: int, attributes: Mapping[str, Any]) -> None:
        self.name = name
        self.timestamp = timestamp
        self.attributes = attributes


class Identity:
    """What never changes in a span."""

    def __init__(  # noqa: PLR0917 - as spans are started
        self,
        context: SpanContext,
        parent: SpanContext | None,
        kind: SpanKind,
        scope: Scope,
        start_time: int,
        record_exception: bool = True,  # noqa: FBT001, FBT002 - the OpenTelemetry API
        set_status_on_exception: bool = True,  # noqa: FBT001, FBT002
    ) -> None:
        self.context = context
        self.parent = parent
        self.kind = kind
        self.scope = scope
        self.start_time = start_time
        self.record_exception = record_exception
        self.set_status_on_exception = set_status_on_exception


class NativeSpan(Recording):
    """Has the properties of the OpenTelemetry SDK's spans, so that both are read the same way."""

    def __init__(self, recorder: Recorder, subsegment: Any, name: str, identity: Identity) -> None:
        self._recorder = recorder
        self._identity = identity
        self.subsegment = subsegment
        self.name = name
        self.attributes: dict[str, Any] = {}
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
        self.set_attributes({key: value})

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Take what the OpenTelemetry SDK takes, the latest last as there."""
        if not self.is_recording():
            return
        known = self.attributes
        for key, value in attributes.items():
            if key in known:
                del known[key]
            if type(value) in _SCALARS and key and type(key) is str:
                known[key] = value
            else:
                known.update(BoundedAttributes(attributes={key: value}))

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


class Tracer:
    """Starts subsegments; a parent that is not sampled has no children to record."""

    def __init__(self, recorder: Recorder, scope: Scope) -> None:
        self._recorder = recorder
        self._scope = scope

    def start_span(  # noqa: PLR0917 - the OpenTelemetry API
        self,
        name: str,
        context: Context,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Any = None,
        links: Any = (),
        start_time: int | None = None,
        record_exception: bool = True,  # noqa: FBT001, FBT002 - the OpenTelemetry API
        set_status_on_exception: bool = True,  # noqa: FBT001, FBT002
    ) -> Span:
        parent = trace.get_current_span(context)
        parent_context = parent.get_span_context()
        if not (parent_context.is_valid and parent_context.trace_flags.sampled):
            return NonRecordingSpan(parent_context)
        subsegment = Subsegment(xray_name(name), None, _segment(parent, context))
        subsegment.parent_id = span_id_text(parent_context.span_id)
        identity = Identity(
            _span_context(subsegment, parent_context),
            parent_context,
            kind,
            self._scope,
            start_time or time.time_ns(),
            record_exception,
            set_status_on_exception,
        )
        span = NativeSpan(self._recorder, subsegment, name, identity)
        span.set_attributes(attributes or {})
        for link in links or ():
            span.add_link(link.context, link.attributes)
        self._recorder.started(span)
        return span


class Provider(trace.TracerProvider):
    """A provider of tracers over the X-Ray SDK."""

    def __init__(self, recorder: Recorder, contexts: Contexts) -> None:
        self._recorder = recorder
        self._contexts = contexts

    def get_tracer(self, instrumenting_module_name: str, *args: Any, **kwargs: Any) -> trace.Tracer:
        del args, kwargs
        return ParentedTracer(Tracer(self._recorder, Scope(instrumenting_module_name)), self._contexts)

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Send what waits, as the OpenTelemetry SDK's provider does."""
        del timeout_millis
        self._recorder.flush()
        return True


class SdkContext(sdk_context.Context):  # type: ignore[misc]  # the SDK is untyped
    """The X-Ray SDK's view of the current span: its patches and its own API find their parent here."""

    def __init__(self, recorder: Recorder, contexts: Contexts) -> None:
        super().__init__()
        self._recorder = recorder
        self._contexts = contexts

    def _context(self) -> Context:
        """The current context; a new one for a thread that left open what it began in an earlier invocation.

        So does the SDK itself. Here, what was begun would keep all that was begun before it.
        """
        span = trace.get_current_span()
        begun = isinstance(span, NativeSpan) and span.token is not None and span.is_recording()
        if begun and self._contexts.running and span.get_span_context().span_id not in self._recorder.open:
            context_api.attach(Context())
        return self._contexts.parented(None)

    def get_trace_entity(self) -> Any:
        context = self._context()
        span = trace.get_current_span(context)
        if isinstance(span, NativeSpan):
            return span.subsegment
        return _segment(span, context)

    def put_subsegment(self, subsegment: Any) -> None:
        """Make the SDK's subsegment the current span."""
        if not subsegment.sampled:
            return
        context = self._context()
        parent = trace.get_current_span(context).get_span_context()
        subsegment.parent_id = span_id_text(parent.span_id)
        aws = subsegment.namespace == "aws"
        remote = aws or subsegment.namespace == "remote"
        identity = Identity(
            _span_context(subsegment, parent),
            parent,
            SpanKind.CLIENT if remote else SpanKind.INTERNAL,
            Scope("aws_xray_sdk"),
            int(subsegment.start_time * 1e9),
        )
        span = NativeSpan(self._recorder, subsegment, subsegment.name, identity)
        subsegment.namespace = None  # the document says it, by kind and attributes
        if aws:
            span.set_attributes({"rpc.system": "aws-api", "peer.service": subsegment.name})
        self._recorder.started(span)
        span.token = context_api.attach(trace.set_span_in_context(span, context))

    def end_subsegment(self, end_time: float | None = None) -> bool:
        """End the SDK's subsegment. The answer keeps the SDK from sending it a second time."""
        span = trace.get_current_span()
        if isinstance(span, NativeSpan) and span.token is not None:
            context_api.detach(span.token)
            span.end(int(end_time * 1e9) if end_time else None)
        return False

    def put_segment(self, segment: Any) -> None:
        """Lambda's own segment cannot be replaced."""

    def end_segment(self, end_time: float | None = None) -> None:
        """Lambda ends its own segment."""

    def set_trace_entity(self, trace_entity: Any) -> None:
        """Make an open subsegment the current span, as threads of X-Ray SDK users do."""
        span = self._recorder.open.get(int(trace_entity.id, 16))
        if span is not None:
            context_api.attach(trace.set_span_in_context(span))

    def clear_trace_entities(self) -> None:
        """Contexts end with their task or thread."""

    def handle_context_missing(self) -> None:
        """Nothing to say: unsampled work is not an error."""


def provider(recorder: Recorder, contexts: Contexts) -> trace.TracerProvider:
    """Take over the X-Ray SDK's recorder; raises when the SDK is switched off by its own variable."""
    if not global_sdk_config.sdk_enabled():
        raise RuntimeError("AWS_XRAY_SDK_ENABLED switches the X-Ray SDK off")
    xray_recorder.configure(context=SdkContext(recorder, contexts))
    return Provider(recorder, contexts)


def instrument() -> None:
    """Patch botocore, once. What the SDK would note about a call, and its header, both modes write alike."""
    patched: Any = importlib.import_module("aws_xray_sdk.ext.botocore.patch")
    patched.inject_header = lambda wrapped, _instance, args, kwargs: wrapped(*args, **kwargs)
    patched.aws_meta_processor = lambda **_: None
    patch(("botocore",))


def _span_context(subsegment: Any, parent: SpanContext) -> SpanContext:
    flags = TraceFlags(TraceFlags.SAMPLED)
    return SpanContext(parent.trace_id, int(subsegment.id, 16), is_remote=False, trace_flags=flags)


def _segment(parent: Span, context: Context) -> Any:
    """The SDK's stand-in for Lambda's segment, with what the SDK's own headers must carry on."""
    if isinstance(parent, NativeSpan):
        return parent.subsegment.parent_segment
    found = parent.get_span_context()
    if not (found.is_valid and found.trace_flags.sampled):
        return DummySegment()
    trace_id, span_id = trace_id_text(found.trace_id), span_id_text(found.span_id)
    segment = FacadeSegment("facade", span_id, trace_id, sampled=True)
    extra = dict(header_of(context).extra)
    segment.save_origin_trace_header(TraceHeader(trace_id, span_id, sampled=True, data=extra))
    return segment
