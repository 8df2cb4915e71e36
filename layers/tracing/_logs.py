"""Both forms of the trace id in every log record of an invocation.

`trace_id` and `span_id` are OpenTelemetry's names for logs that are not OTLP
(https://opentelemetry.io/docs/specs/otel/compatibility/logging_trace_context/), `xray_trace_id` is that of
Powertools' Logger. Lambda's JSON format prints such fields of a record by itself; text stays as it is.
"""

from __future__ import annotations

import logging
from contextlib import suppress

from opentelemetry import trace

from tracing._context import Contexts, header_of
from tracing._header import span_id_text, trace_id_text


class TraceIds(logging.Filter):
    """Adds `xray_trace_id`, `trace_id` and `span_id` to records, where they have no such field.

    A filter of handlers, as a record factory that set these would have `logging` refuse them in `extra`.
    """

    def __init__(self, contexts: Contexts) -> None:
        super().__init__()
        self._contexts = contexts

    def install(self) -> None:
        """Filter on the root logger's handlers, where Lambda's own is."""
        for handler in logging.getLogger().handlers:
            handler.addFilter(self)

    def remove(self) -> None:
        for handler in logging.getLogger().handlers:
            handler.removeFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        with suppress(Exception):  # the record matters more
            for key, text in self._fields().items():
                record.__dict__.setdefault(key, text)
        return True

    def _fields(self) -> dict[str, str]:
        """The current span's ids; those of the caller where no span is recorded."""
        context = self._contexts.parented(None)
        span, header = trace.get_current_span(context).get_span_context(), header_of(context)
        trace_id, span_id = span.trace_id or header.trace_id, span.span_id or header.parent_id
        if not trace_id:
            return {}
        ids = {"xray_trace_id": trace_id_text(trace_id), "trace_id": f"{trace_id:032x}"}
        return {**ids, "span_id": span_id_text(span_id)} if span_id else ids
