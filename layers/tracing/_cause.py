"""Exceptions of a span: what is noted of them, and how X-Ray's `cause` follows from it.

Both modes write and read the same text, so that the two cannot differ. Frames are as Lambda's own runtime
writes them: outermost first, full paths.
https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html#api-segmentdocuments-errors
"""

from __future__ import annotations

import os
import re
import traceback
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

from tracing._safely import set_traceback, traceback_of
from tracing._span import Event, SpanData

T = TypeVar("T")

MAX_FRAMES = 10

_CHAINED = re.compile(
    r"\n\n(?:The above exception was the direct cause of the following exception"
    r"|During handling of the above exception, another exception occurred):\n\n"
)
_FRAME = re.compile(r'^  File "(?P<path>.+)", line (?P<line>\d+), in (?P<label>.+)$', re.MULTILINE)
_REPEATED = re.compile(r"^  \[Previous line repeated (\d+) more times?\]$", re.MULTILINE)
_ERROR_LINE = re.compile(r"^(?P<type>[^\W\d][\w.<>]*)(?:: (?P<message>.*))?\Z", re.MULTILINE | re.DOTALL)
_MACHINERY = re.compile(r"[/\\](?:wrapt|aws_xray_sdk|opentelemetry)[/\\]|[/\\]contextlib\.py$|^<frozen ")
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


def of(span: SpanData, children: Sequence[Recorded], new_id: Callable[[], str]) -> Any:
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
    blocks = _CHAINED.split(str(event.attributes.get("exception.stacktrace", "")))[::-1]
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
    left_out = sum(map(int, _REPEATED.findall(block))) + max(0, len(frames) - MAX_FRAMES)
    if left_out:
        entry["truncated"] = left_out
    return entry


def _frames(block: str) -> list[dict[str, Any]]:
    """The user's frames: what called the handler and what traces it are left out."""
    frames: list[dict[str, Any]] = []
    for frame in _FRAME.finditer(block):
        path = frame["path"]
        if path.startswith(_HERE):
            frames = [] if frame["label"] == "invoke" else frames
        elif not _MACHINERY.search(path):
            frames.append({"path": path, "line": int(frame["line"]), "label": frame["label"]})
    return frames


def _error_line(block: str) -> tuple[str, str]:
    """Type and message from the text below the frames, whose lines are all indented."""
    start = max((frame.end() for frame in _FRAME.finditer(block)), default=0)
    match = _ERROR_LINE.search(block.rstrip("\n"), start)
    return (match["type"].rpartition(".")[2], match["message"] or "") if match else ("", "")
