"""The trace context of an invocation, in OpenTelemetry's context: one for each, never mixed.

It comes and goes in the tracing header `X-Amzn-Trace-Id`.
https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
"""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from opentelemetry import context as context_api
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, TraceFlags

from tracing._exceptions import CurrentSpan
from tracing._span import TraceHeader, from_traceparent, parse

if TYPE_CHECKING:
    from tracing._recorder import Recorder

NAME = "X-Amzn-Trace-Id"
ENVIRONMENT = "_X_AMZN_TRACE_ID"

_INCOMING = context_api.create_key("tracing-incoming-header")
_SAMPLED, _NOT_SAMPLED = TraceFlags(TraceFlags.SAMPLED), TraceFlags(TraceFlags.DEFAULT)
_ON_CONTEXT_OBJECT = ("x_amzn_trace_id", "xray_trace_id", "trace_id")


def incoming(lambda_context: Any, environ: Mapping[str, str]) -> TraceHeader:
    """The header of an invocation: from Lambda's context object first, then the environment.

    Where several invocations share a process, the environment variable is not set.
    """
    for attribute in _ON_CONTEXT_OBJECT:
        value = getattr(lambda_context, attribute, None)
        if isinstance(value, str) and (header := parse(value)).trace_id:
            return header
    if (given := environ.get(ENVIRONMENT)) is not None:
        return parse(given)
    fields = getattr(lambda_context, "w3c", None)
    found = fields() if callable(fields) else None
    return from_traceparent(found.get("traceparent")) if isinstance(found, dict) else TraceHeader()


def with_header(header: TraceHeader, context: Context | None = None) -> Context:
    """A context whose spans become children of the header's parent."""
    context = context_api.set_value(_INCOMING, header, context)
    flags = _SAMPLED if header.sampled else _NOT_SAMPLED
    remote = SpanContext(header.trace_id, header.parent_id, is_remote=True, trace_flags=flags)
    return trace.set_span_in_context(NonRecordingSpan(remote), context)


def header_of(context: Context) -> TraceHeader:
    """The header that the context's trace came in with."""
    header = context.get(_INCOMING)
    return header if isinstance(header, TraceHeader) else TraceHeader()


class Contexts:
    """Finds the parent of a span that has none in its context, and writes outgoing headers."""

    def __init__(self, recorder: Recorder, environ: Mapping[str, str] = os.environ) -> None:
        self._recorder = recorder
        self._environ = environ
        self.running: dict[int, Context] = {}

    def parented(self, context: Context | None) -> Context:
        """The context itself if it belongs to a trace, else that of the process.

        A thread without context belongs to the invocation when exactly one is running; work at import
        to the first invocation that will come.
        """
        if context is None:
            context = context_api.get_current()
        if _INCOMING in context or trace.get_current_span(context).get_span_context().is_valid:
            return context
        return self._ambient(context)

    def _ambient(self, context: Context) -> Context:
        running = list(self.running.values())
        if len(running) == 1:
            return Context({**running[0], **context})
        if running:
            return context
        if header := self._environ.get(ENVIRONMENT):
            return with_header(parse(header), context)
        if self._recorder.initializing:
            node = self._recorder.init
            return with_header(TraceHeader(node.trace_id, node.span_id, sampled=True), context)
        return context

    def outgoing(self, context: Context | None = None) -> str | None:
        """The header for a call made now, or `None` when there is nothing to say.

        Unsampled and undecided contexts go on as they came in; one that is recorded into memory names
        its span as the parent, and leaves the decision as it was.
        """
        context = self.parented(context)
        header = header_of(context)
        span = trace.get_current_span(context)
        current = span.get_span_context()
        if current.trace_id == self._recorder.init.trace_id:
            return None
        ours = current.trace_id == header.trace_id
        sampled: bool | None = bool(current.trace_flags.sampled)
        if not current.is_valid or (ours and not sampled and not span.is_recording()):
            return header.format() or None
        extra = header.extra if ours else ()
        if ours and not sampled:
            sampled = header.sampled
        return TraceHeader(current.trace_id, current.span_id, sampled, extra).format()


class ParentedTracer(trace.Tracer):
    """Starts spans with `tracer` that always know their parent, in the context that `contexts` finds."""

    def __init__(self, tracer: Any, contexts: Contexts) -> None:
        self._tracer = tracer
        self._contexts = contexts

    def start_span(self, name: str, context: Context | None = None, *args: Any, **kwargs: Any) -> Span:
        span: Span = self._tracer.start_span(name, self._contexts.parented(context), *args, **kwargs)
        return span

    def start_as_current_span(  # noqa: PLR0917 - the OpenTelemetry API
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Any = None,
        links: Any = (),
        start_time: int | None = None,
        record_exception: bool = True,  # noqa: FBT001, FBT002
        set_status_on_exception: bool = True,  # noqa: FBT001, FBT002
        end_on_exit: bool = True,  # noqa: FBT001, FBT002
    ) -> CurrentSpan:
        recording = (record_exception, set_status_on_exception)
        start = functools.partial(
            self.start_span, name, context, kind, attributes, links, start_time, *recording
        )
        return CurrentSpan(start, end_on_exit, *recording)
