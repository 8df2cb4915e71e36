"""One invocation: its span, its outcome, its end."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from opentelemetry import context as context_api
from opentelemetry import trace
from opentelemetry.trace import Span, StatusCode

from tracing._context import Contexts, header_of, incoming, with_header
from tracing._header import TraceHeader
from tracing._invoked import failed_messages, read_invoked
from tracing._logs import TraceIds
from tracing._raised import note
from tracing._recorder import Recorder
from tracing._safely import safely
from tracing._watchdog import Watchdog

if TYPE_CHECKING:
    from tracing._keep import Memory

log = logging.getLogger("tracing")

R = TypeVar("R")

_HANDLER_VARIABLES = ("ORIG_HANDLER", "_HANDLER")
_STATUS_CODE = "http.response.status_code"


class Invocation:
    """What the end of an invocation must undo."""

    def __init__(self, header: TraceHeader, span: Span, memory: Memory | None) -> None:
        self.header = header
        self.span = span
        self.memory = memory
        self.failed: list[str] | None = None
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
            memory = self.recorder.keeper.begin(header, read_invoked(event, lambda_context, self._environ))
        parent_id = memory.segment_id if memory else header.parent_id
        self.recorder.invoked(header.trace_id, parent_id, sampled=sampled, memory=memory)
        below = header._replace(parent_id=parent_id, sampled=header.sampled and sampled)
        context = with_header(below, context_api.Context())
        span = self._tracer.start_span(_name(handler, self._environ), context)
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
        if invocation.memory and self.recorder.keeper:
            unfinished = self.recorder.open.values()
            self.recorder.keeper.finish(invocation.memory, invocation.span, invocation.failed, unfinished)
        running = {header_of(context).trace_id for context in list(self.contexts.running.values())}
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


def _name(handler: Callable[..., Any], environ: Mapping[str, str]) -> str:
    """`front.handler`, as the function's configuration names it."""
    for variable in _HANDLER_VARIABLES:
        if name := environ.get(variable):
            return name.replace("/", ".")
    name = getattr(handler, "__qualname__", type(handler).__qualname__)
    return f"{handler.__module__}.{name}"


def _returned(invocation: Invocation, result: Any) -> None:
    """A proxy response: 5xx is a fault, 4xx an error, 429 a throttle."""
    span = invocation.span
    if invocation.memory:
        invocation.failed = failed_messages(result)
    status = result.get("statusCode") if isinstance(result, dict) else None
    if isinstance(status, str) and status.isdecimal():
        status = int(status)
    if isinstance(status, int) and not isinstance(status, bool):
        span.set_attribute(_STATUS_CODE, status)
        if status >= 500:
            span.set_status(StatusCode.ERROR)
