"""A tracer whose spans always know their parent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span

from tracing._context import Contexts
from tracing._raised import contextmanager, use_span


class ParentedTracer(trace.Tracer):
    """Starts spans with `tracer`, in the context that `contexts` finds."""

    def __init__(self, tracer: Any, contexts: Contexts) -> None:
        self._tracer = tracer
        self._contexts = contexts

    def start_span(self, name: str, context: Context | None = None, *args: Any, **kwargs: Any) -> Span:
        span: Span = self._tracer.start_span(name, self._contexts.parented(context), *args, **kwargs)
        return span

    @contextmanager
    def start_as_current_span(
        self,
        name: str,
        context: Context | None = None,
        *args: Any,
        end_on_exit: bool = True,
        **kwargs: Any,
    ) -> Iterator[Span]:
        recording = {key: kwargs.get(key, True) for key in ("record_exception", "set_status_on_exception")}
        span = self.start_span(name, context, *args, **kwargs)
        with use_span(span, end_on_exit=end_on_exit, **recording):
            yield span
