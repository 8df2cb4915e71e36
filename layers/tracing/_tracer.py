"""A tracer whose spans always know their parent."""

from __future__ import annotations

import functools
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind

from tracing._context import Contexts
from tracing._raised import CurrentSpan


class ParentedTracer(trace.Tracer):
    """Starts spans with `tracer`, in the context that `contexts` finds."""

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
