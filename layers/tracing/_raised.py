"""Exceptions that pass through a span: noted on it, and otherwise left alone.

OpenTelemetry's own code calls `str(exception)` on the way, and lets whatever that raises take its place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from opentelemetry import context as context_api
from opentelemetry import trace
from opentelemetry.trace import Span, StatusCode

from tracing._cause import tell
from tracing._safely import safely

if TYPE_CHECKING:
    from types import TracebackType

try:  # decorates as the API's own: the same frames with tracing on and off
    from opentelemetry.util._decorator import _AgnosticContextManager as ContextManager
except ImportError:
    from contextlib import ContextDecorator as ContextManager  # type: ignore[assignment]


def note(
    span: Span,
    error: BaseException,
    *,
    event: bool = True,
    status: bool = True,
    escaped: bool = False,
    stack: Callable[[list[str]], list[str]] | None = None,
) -> None:
    """Note an exception as an event and as the span's status; `stack` edits the lines of its stack."""
    with safely("recording an exception"):
        if span.is_recording():
            told = tell(error)
            if stack:
                told = told._replace(stack=stack(told.stack))
            if event:
                span.add_event("exception", told.attributes(escaped=escaped))
            if status:
                span.set_status(StatusCode.ERROR, told.headline)


class CurrentSpan(ContextManager):  # type: ignore[type-arg]  # the other one takes none
    """`with` makes a span current and notes what passes; as a decorator, a new one for each call.

    The API's own is a generator: that takes longer, and sets attributes of the exception on its way.
    """

    def __init__(
        self,
        start: Callable[[], Span],
        end_on_exit: bool = True,  # noqa: FBT001, FBT002 - the OpenTelemetry API
        record_exception: bool = True,  # noqa: FBT001, FBT002
        set_status_on_exception: bool = True,  # noqa: FBT001, FBT002
    ) -> None:
        self._start = start
        self._end_on_exit = end_on_exit
        self._recording = record_exception, set_status_on_exception

    def __enter__(self) -> Span:
        self._span = self._start()
        self._token = context_api.attach(trace.set_span_in_context(self._span))
        return self._span

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        context_api.detach(self._token)
        if error is not None and kind is not None and issubclass(kind, Exception):
            event, status = self._recording
            note(self._span, error, event=event, status=status)
        if self._end_on_exit:
            self._span.end()

    def _recreate_cm(self) -> CurrentSpan:
        return CurrentSpan(self._start, self._end_on_exit, *self._recording)


def use_span(
    span: Span,
    end_on_exit: bool = False,  # noqa: FBT001, FBT002 - the OpenTelemetry API
    record_exception: bool = True,  # noqa: FBT001, FBT002
    set_status_on_exception: bool = True,  # noqa: FBT001, FBT002
) -> CurrentSpan:
    """The API's `use_span`, which leaves the exception as it is."""
    return CurrentSpan(lambda: span, end_on_exit, record_exception, set_status_on_exception)


class Recording(Span):
    """What both SDKs' spans do with exceptions."""

    _record_exception: bool
    _set_status_on_exception: bool

    def record_exception(
        self,
        exception: BaseException,
        attributes: Any = None,
        timestamp: int | None = None,
        escaped: bool = False,  # noqa: FBT001, FBT002 - the OpenTelemetry API
    ) -> None:
        with safely("recording an exception"):
            told = tell(exception).attributes(escaped=escaped)
            self.add_event("exception", {**told, **(attributes or {})}, timestamp)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            note(
                self,
                error,
                event=self._record_exception,
                status=self._set_status_on_exception,
                escaped=True,
            )
        self.end()
