"""Exceptions that pass through a span: noted on it, otherwise left alone, and told as X-Ray's `cause`.

OpenTelemetry's own code calls `str(exception)` on the way, and lets whatever that raises take its place.
Both modes write and read the same text, so that the two cannot differ. Frames are as Lambda's own runtime
writes them: outermost first, full paths.
https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html#api-segmentdocuments-errors
"""

from __future__ import annotations

import os
import re
import traceback
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from opentelemetry import context as context_api
from opentelemetry import trace
from opentelemetry.trace import Span, StatusCode

from tracing._safely import safely, set_traceback, traceback_of
from tracing._span import Event, SpanData

if TYPE_CHECKING:
    from types import TracebackType

try:  # decorates as the API's own: the same frames with tracing on and off
    from opentelemetry.util._decorator import _AgnosticContextManager as ContextManager
except ImportError:
    from contextlib import ContextDecorator as ContextManager  # type: ignore[assignment]

T = TypeVar("T")

MAX_FRAMES = 10

# Text, not compiled: `re` does that when there is an exception, not at every cold start.
_CHAINED = (
    r"\n\n(?:The above exception was the direct cause of the following exception"
    r"|During handling of the above exception, another exception occurred):\n\n"
)
_FRAME = r'(?m)^  File "(?P<path>.+)", line (?P<line>\d+), in (?P<label>.+)$'
_REPEATED = r"(?m)^  \[Previous line repeated (\d+) more times?\]$"
_ERROR_LINE = r"(?ms)^(?P<type>[^\W\d][\w.<>]*)(?:: (?P<message>.*))?\Z"
_MACHINERY = r"[/\\](?:wrapt|aws_xray_sdk|opentelemetry)[/\\]|[/\\]contextlib\.py$|^<frozen "
_HERE = os.path.dirname(__file__)  # noqa: PTH120 - pathlib costs a cold start


class Told(NamedTuple):
    """An exception in words: `headline` is `Type: message`, `stack` the lines that Python would print."""

    type: str
    message: str
    headline: str
    stack: list[str]

    def attributes(self, *, escaped: bool) -> dict[str, str]:
        """https://opentelemetry.io/docs/specs/semconv/exceptions/exceptions-spans/ ."""
        return {
            "exception.type": self.type,
            "exception.message": self.message,
            "exception.stacktrace": "".join(self.stack),
            "exception.escaped": str(escaped),
        }


class Recorded(NamedTuple):
    """An exception that a finished child left: its parents name it instead of repeating it."""

    type: str
    message: str
    id: str


def tell(error: BaseException) -> Told:
    """Put an exception into words, and leave it as it is.

    What its own methods refuse to tell has a placeholder, the one that Python prints.
    """
    kind, trace = type(error), traceback_of(error)
    try:
        name = _tried(lambda: str.__str__(kind.__name__), "Exception")
        message = _tried(lambda: str.__str__(str(error)), "<exception str() failed>")
        headline = f"{name}: {message}"
        frames = ["Traceback (most recent call last):\n", *traceback.format_tb(trace), f"{headline}\n"]
        stack = _tried(lambda: traceback.format_exception(kind, error, trace), frames)
        return Told(_tried(lambda: _qualified(kind), name), message, headline, stack)
    finally:
        set_traceback(error, trace)  # a method that raises the exception itself adds frames to it


def _tried(read: Callable[[], T], otherwise: T) -> T:
    """What code of the exception's author says, whatever it raises."""
    try:
        return read()
    except BaseException:  # noqa: BLE001 - as Python's own printing of exceptions does
        return otherwise


def _qualified(kind: type) -> str:
    module, name = kind.__module__, kind.__qualname__
    return f"{module}.{name}" if module and module != "builtins" else str.__str__(name)


def cause_of(span: SpanData, children: Sequence[Recorded], new_id: Callable[[], str]) -> Any:
    """The `cause` of a span: an object, the id of a child's exception, or `None`."""
    remote = span.attributes.get("rpc.system") == "aws-api" and "http.response.status_code" in span.attributes
    events = _distinct(event for event in span.events if event.name == "exception")
    if len(events) == 1:
        name, message = _name(events[0]), _message(events[0])
        for child in children:
            if (child.type, child.message) == (name, message):
                return child.id
    exceptions = [entry for event in events for entry in _exceptions(event, new_id, remote=remote)]
    if not exceptions and span.status == "ERROR" and span.description:
        exceptions = [{"id": new_id(), "message": span.description, "remote": remote}]
    return {"working_directory": os.getcwd(), "exceptions": exceptions} if exceptions else None  # noqa: PTH109 - pathlib costs a cold start


def explained(span: SpanData) -> bool:
    """Whether the span itself tells what went wrong."""
    recorded_one = any(event.name == "exception" for event in span.events)
    return recorded_one or (span.status == "ERROR" and bool(span.description))


def recorded(cause: Any, children: Sequence[Recorded]) -> Recorded | None:
    """What the parents of a span with this `cause` may point to."""
    if isinstance(cause, str):
        return next((child for child in children if child.id == cause), None)
    if not cause or not cause["exceptions"]:
        return None
    first = cause["exceptions"][0]
    return Recorded(first.get("type", ""), first.get("message", ""), first["id"])


def _distinct(events: Iterable[Event]) -> list[Event]:
    """A later event about the same exception says nothing new: the first has the longer stack."""
    found: dict[tuple[str, str], Event] = {}
    for event in events:
        found.setdefault((_name(event), _message(event)), event)
    return list(found.values())


def _name(event: Event) -> str:
    return str(event.attributes.get("exception.type", "")).rpartition(".")[2]


def _message(event: Event) -> str:
    return str(event.attributes.get("exception.message", ""))


def _exceptions(event: Event, new_id: Callable[[], str], *, remote: bool) -> list[dict[str, Any]]:
    """The exception of an event and those that it was raised from, newest first."""
    blocks = re.split(_CHAINED, str(event.attributes.get("exception.stacktrace", "")))[::-1]
    entries = [_entry(_name(event), _message(event), blocks[0], new_id(), remote=remote)]
    for block in blocks[1:]:
        name, message = _error_line(block)
        entries[-1]["cause"] = new_id()
        entries.append(_entry(name, message, block, entries[-1]["cause"], remote=remote))
    return entries


def _entry(name: str, message: str, block: str, identifier: str, *, remote: bool) -> dict[str, Any]:
    frames = _frames(block)
    entry: dict[str, Any] = {"id": identifier, "type": name, "message": message, "remote": remote}
    if frames:
        entry["stack"] = frames[-MAX_FRAMES:]
    left_out = sum(map(int, re.findall(_REPEATED, block))) + max(0, len(frames) - MAX_FRAMES)
    if left_out:
        entry["truncated"] = left_out
    return entry


def _frames(block: str) -> list[dict[str, Any]]:
    """The user's frames: what called the handler and what traces it are left out."""
    frames: list[dict[str, Any]] = []
    for frame in re.finditer(_FRAME, block):
        path = frame["path"]
        if path.startswith(_HERE):
            frames = [] if frame["label"] == "invoke" else frames
        elif not re.search(_MACHINERY, path):
            frames.append({"path": path, "line": int(frame["line"]), "label": frame["label"]})
    return frames


def _error_line(block: str) -> tuple[str, str]:
    """Type and message from the text below the frames, whose lines are all indented."""
    start = max((frame.end() for frame in re.finditer(_FRAME, block)), default=0)
    match = re.search(_ERROR_LINE, block.rstrip("\n")[start:])
    return (match["type"].rpartition(".")[2], match["message"] or "") if match else ("", "")


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
