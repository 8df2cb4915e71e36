"""Exceptions that pass through a span: noted on it, and otherwise left alone.

OpenTelemetry's own code calls `str(exception)` on the way, and lets whatever that raises take its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from opentelemetry import context as context_api
from opentelemetry import trace
from opentelemetry.trace import Span, StatusCode

from tracing._cause import tell
from tracing._safely import safely

if TYPE_CHECKING:
    from types import TracebackType

try:
    # also decorates coroutine functions, as the API's does
    from opentelemetry.util._decorator import _agnosticcontextmanager as contextmanager
except ImportError:
    from contextlib import contextmanager  # type: ignore[assignment]

__all__ = ["Recording", "contextmanager", "note", "use_span"]


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


@contextmanager
def use_span(
    span: Span,
    end_on_exit: bool = False,  # noqa: FBT001, FBT002 - the OpenTelemetry API
    record_exception: bool = True,  # noqa: FBT001, FBT002
    set_status_on_exception: bool = True,  # noqa: FBT001, FBT002
) -> Iterator[Span]:
    """The API's `use_span`, which leaves the exception as it is."""
    try:
        token = context_api.attach(trace.set_span_in_context(span))
        try:
            yield span
        finally:
            context_api.detach(token)
    except Exception as error:
        note(span, error, event=record_exception, status=set_status_on_exception)
        raise
    finally:
        if end_on_exit:
            span.end()


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
