"""One invocation: its span, its outcome, its end, its deadline, and its ids in log records."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from opentelemetry import context as context_api
from opentelemetry import trace
from opentelemetry.trace import Span, StatusCode

from tracing._context import Contexts, header_of, incoming, with_header
from tracing._exceptions import note
from tracing._recorder import Recorder
from tracing._safely import safely
from tracing._settings import handler_name
from tracing._span import TraceHeader, span_id_text, trace_id_text

if TYPE_CHECKING:
    from tracing._keep import Memory

log = logging.getLogger("tracing")

R = TypeVar("R")

_STATUS_CODE = "http.response.status_code"

_SHARE = 0.1
_MARGIN = (0.05, 0.5)


class Invocation:
    """What the end of an invocation must undo."""

    def __init__(self, header: TraceHeader, span: Span, memory: Memory | None) -> None:
        self.header = header
        self.span = span
        self.memory = memory
        self.token: Any = None


class Runtime:
    """Runs handlers inside a span of their own; whatever goes wrong here, the handler runs the same."""

    def __init__(
        self,
        recorder: Recorder,
        contexts: Contexts,
        tracer: trace.Tracer,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self.recorder = recorder
        self.contexts = contexts
        self._tracer = tracer
        self._environ = environ
        self._current = context_api.create_key("tracing-invocation")
        self._watched: dict[int, Invocation] = {}
        self._watchdog = Watchdog(self._about_to_time_out)
        self._log_ids = TraceIds(contexts)
        self._name = ""

    def reset(self) -> None:
        """Start anew, in a forked process."""
        self.recorder.reset()
        self._watchdog.reset()

    def invoke(self, handler: Callable[..., R], args: Sequence[Any], kwargs: Mapping[str, Any]) -> R:
        """Call the handler; a call from within another traced handler is passed on."""
        if context_api.get_value(self._current) is not None:
            return handler(*args, **kwargs)
        lambda_context = args[1] if len(args) > 1 else kwargs.get("context")
        event = args[0] if args else kwargs.get("event")
        invocation = _guarded(self._begin, handler, event, lambda_context)
        if invocation is None:
            return handler(*args, **kwargs)
        try:
            result = handler(*args, **kwargs)
        except BaseException as error:
            note(invocation.span, error)
            raise
        else:
            _guarded(_returned, invocation, result)
            return result
        finally:
            _guarded(self._end, invocation)

    def _begin(self, handler: Callable[..., Any], event: Any, lambda_context: Any) -> Invocation:
        header = incoming(lambda_context, self._environ)
        sampled = bool(header.sampled and header.trace_id and header.parent_id)
        memory = None
        if self.recorder.keeper and not sampled:
            memory = self.recorder.keeper.begin(header, event, lambda_context, self._environ)
        parent_id = memory.segment_id if memory else header.parent_id
        self.recorder.invoked(header.trace_id, parent_id, sampled=sampled, memory=memory)
        below = TraceHeader(header.trace_id, parent_id, header.sampled and sampled, header.extra)
        context = with_header(below, context_api.Context())
        self._name = self._name or handler_name(self._environ)
        span = self._tracer.start_span(self._name or _name(handler), context)
        context = trace.set_span_in_context(span, context)
        invocation = Invocation(header, span, memory)
        context = context_api.set_value(self._current, invocation, context)
        key = id(invocation)
        self.contexts.running[key] = context
        self._log_ids.install()
        if sampled or memory:
            self._watch(key, invocation, lambda_context)
        invocation.token = context_api.attach(context)
        return invocation

    def _watch(self, key: int, invocation: Invocation, lambda_context: Any) -> None:
        remaining = getattr(lambda_context, "get_remaining_time_in_millis", None)
        if callable(remaining):
            self._watched[key] = invocation
            self._watchdog.watch(key, remaining() / 1000)

    def _end(self, invocation: Invocation) -> None:
        key = id(invocation)
        self._watchdog.forget(key)
        self._watched.pop(key, None)
        self.contexts.running.pop(key, None)
        if not self.contexts.running:
            self._log_ids.remove()
        context_api.detach(invocation.token)
        invocation.span.end()
        if invocation.memory:
            self.recorder.finish(invocation.memory, invocation.span)
        others = list(self.contexts.running.values())
        running = {header_of(context).trace_id for context in others} if others else frozenset()
        self.recorder.invocation_ended(running)
        self.recorder.flush()

    def _about_to_time_out(self, key: int) -> None:
        invocation = self._watched.get(key)
        if invocation is None:
            return
        if invocation.memory:
            _guarded(self.recorder.timing_out, invocation.memory)
        else:
            _guarded(self.recorder.unfinished, invocation.header.trace_id)


def _guarded(function: Callable[..., R], *args: Any) -> R | None:
    """Tracing that fails is logged and never reaches the handler."""
    with safely(function.__name__.strip("_")):
        return function(*args)
    return None


def _name(handler: Callable[..., Any]) -> str:
    """`front.handler`, where no configuration names it."""
    name = getattr(handler, "__qualname__", type(handler).__qualname__)
    return f"{handler.__module__}.{name}"


def _returned(invocation: Invocation, result: Any) -> None:
    """A proxy response: 5xx is a fault, 4xx an error, 429 a throttle."""
    span = invocation.span
    if invocation.memory:
        invocation.memory.returned(result)
    status = result.get("statusCode") if isinstance(result, dict) else None
    if isinstance(status, str) and status.isdecimal():
        status = int(status)
    if isinstance(status, int) and not isinstance(status, bool):
        span.set_attribute(_STATUS_CODE, status)
        if status >= 500:
            span.set_status(StatusCode.ERROR)


class TraceIds(logging.Filter):
    """Adds both forms of the trace id to the log records of an invocation, where they have no such fields.

    `trace_id` and `span_id` are OpenTelemetry's names for logs that are not OTLP
    (https://opentelemetry.io/docs/specs/otel/compatibility/logging_trace_context/), `xray_trace_id` is that
    of Powertools' Logger. Lambda's JSON format prints such fields of a record by itself; text stays as it is.

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


def margin(remaining: float) -> float:
    """Seconds before the deadline at which to ring."""
    return min(max(remaining * _SHARE, _MARGIN[0]), _MARGIN[1])


class Watchdog:
    """Rings shortly before an invocation's deadline: a timed-out function is killed without a word.

    One daemon thread, started by the first invocation; later ones only write their time down.

    The thread sleeps until the earliest time that it knows of when it goes to sleep; as later invocations
    ring later, it need not be woken for them.
    """

    def __init__(self, ring: Callable[[int], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._ring = ring
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        """Start anew, in a forked process."""
        self._wake = threading.Condition()
        self._times: dict[int, float] = {}
        self._asleep_until: float | None = None
        self._thread: threading.Thread | None = None

    def watch(self, key: int, remaining: float) -> None:
        """Ring with `key` shortly before `remaining` seconds have passed."""
        at = self._clock() + remaining - margin(remaining)
        with self._wake:
            self._times[key] = at
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="tracing-watchdog", daemon=True)
                self._thread.start()
            elif self._asleep_until is None or at < self._asleep_until:
                self._wake.notify()

    def forget(self, key: int) -> None:
        self._times.pop(key, None)

    def _run(self) -> None:
        while True:
            for key in self._due():
                self._ring(key)

    def _due(self) -> list[int]:
        with self._wake:
            now = self._clock()
            due = [key for key, at in list(self._times.items()) if at <= now]
            for key in due:
                self.forget(key)
            if not due:
                self._asleep_until = min(list(self._times.values()), default=None)
                timeout = None if self._asleep_until is None else self._asleep_until - now
                self._wake.wait(timeout)
            return due
