"""Segment documents as they arrive: JSON text of any depth, and fields of any type.

Nothing here trusts a field to be of its documented type: what does not fit is left out.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from waterfall.traces.model import Call, Document, Failure, Frame, Http, Link, Phase, Status

_PHASES: Mapping[str, Phase] = {
    "Init": "init",
    "Initialization": "init",
    "Restore": "restore",
    "Overhead": "overhead",
    "Paused": "paused",
}
COSTS = "init"
"""The subsegment that our library sends of a cold start, and the metadata of it and of each cost in it."""
_RESOURCES = ("function_name", "table_name", "bucket_name", "queue_url", "topic_arn")
_RESOURCE_LISTS = ("table_names", "resource_names")


def parse(text: str) -> Document:
    """Parse one document; raises ValueError when it is not a JSON object."""
    try:
        value = json.loads(text)
    except RecursionError:  # a trace may nest deeper than the interpreter's stack
        value = parse_deep(text)
    if not isinstance(value, Mapping):
        raise ValueError("a segment document is a JSON object")  # noqa: TRY004 - callers handle bad documents alike
    return value


_DECODER = json.JSONDecoder()
_TOKEN = re.compile(r"[ \t\n\r]*(?:([{}\[\],:])|(\")|([^\s{}\[\],:\"]+))")


def parse_deep(text: str) -> Any:
    """Parse JSON without recursion. Lenient about commas; the text already passed a JSON scanner's start."""
    stack: list[list[Any]] = [[]]
    is_object: list[bool] = [False]
    at = 0
    while match := _TOKEN.match(text, at):
        at = match.end()
        mark, quote, literal = match.groups()
        if quote:
            value, at = _DECODER.raw_decode(text, at - 1)
            stack[-1].append(value)
        elif literal:
            stack[-1].append(json.loads(literal))
        elif mark in "{[":
            stack.append([])
            is_object.append(mark == "{")
        elif mark in "}]":
            items = stack.pop()
            if not stack or is_object[-1] != (mark == "}"):
                raise ValueError("unbalanced brackets")
            closed: Any = _pairs(items) if is_object.pop() else items
            stack[-1].append(closed)
    if len(stack) != 1 or len(stack[0]) != 1:
        raise ValueError("unbalanced brackets")
    return stack[0][0]


def _pairs(items: list[Any]) -> dict[str, Any]:
    if not all(isinstance(key, str) for key in items[::2]):
        raise ValueError("a key is not a string")
    return dict(zip(items[::2], items[1::2], strict=True))


def text_of(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def number_of(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    try:
        return float(value) if is_number and math.isfinite(value) else None
    except OverflowError:
        return None


def whole_of(value: Any) -> int | None:
    number = number_of(value)
    return None if number is None else int(number)


def mapping_of(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def list_of(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


DEEPEST_VALUE = 50
"""Levels of an annotation's or metadata's value that are shown."""


def bounded(value: Any, levels: int = DEEPEST_VALUE) -> Any:
    """Return a JSON value with what lies too deep to be written replaced by `…`."""
    if not isinstance(value, Mapping | list):
        return value
    if not levels:
        return "…"
    if isinstance(value, list):
        return [bounded(item, levels - 1) for item in value]
    return {key: bounded(item, levels - 1) for key, item in value.items()}


def status_of(document: Document) -> Status:
    """Return the worst of a document's flags: a fault outweighs a throttle, which is also an error."""
    for status in ("fault", "throttle", "error"):
        if document.get(status) is True:
            return status
    return "ok"


def http_of(document: Document) -> Http:
    http = mapping_of(document.get("http"))
    request, response = mapping_of(http.get("request")), mapping_of(http.get("response"))
    return Http(
        method=text_of(request.get("method")),
        url=text_of(request.get("url")),
        status=whole_of(response.get("status")),
    )


def call_of(document: Document) -> Call:
    aws = mapping_of(document.get("aws"))
    candidates = [aws.get(key) for key in _RESOURCES]
    candidates += [item for key in _RESOURCE_LISTS for item in list_of(aws.get(key))[:1]]
    resource = next((text for text in map(text_of, candidates) if text), None)
    return Call(operation=text_of(aws.get("operation")), resource=resource and _short_resource(resource))


def _short_resource(resource: str) -> str:
    """Return the last part of an ARN or a URL: what people call the thing."""
    if resource.startswith("arn:"):
        parts = resource.split(":")
        return ":".join(parts[6:]) if parts[2:3] == ["lambda"] else parts[-1].rpartition("/")[2]
    return resource.rpartition("/")[2] if "://" in resource else resource


def phase_of(document: Document) -> Phase | None:
    """Return which part of Lambda's own work a subsegment of a function segment is.

    Pauses of a debugger count as such: the embedded AWS notes them, and says why.
    """
    phase = _PHASES.get(text_of(document.get("name")) or "")
    return None if phase == "paused" and not mapping_of(document.get("metadata")).get("debugger") else phase


def is_cost(document: Document) -> bool:
    """Tell whether this is what our library measured of a cold start: what imports and clients took."""
    return isinstance(mapping_of(document.get("metadata")).get(COSTS), Mapping)


def links_of(document: Document) -> tuple[Link, ...]:
    links = [mapping_of(link) for link in list_of(document.get("links"))]
    pairs = [(text_of(link.get("trace_id")), text_of(link.get("id"))) for link in links]
    return tuple(dict.fromkeys(Link(trace_id, id_) for trace_id, id_ in pairs if trace_id))


def failures_of(document: Document) -> tuple[Failure, ...]:
    """Return the exceptions that a document records itself; one that names another's is empty here."""
    cause = mapping_of(document.get("cause"))
    return tuple(_failure(item, cause) for item in map(mapping_of, list_of(cause.get("exceptions"))) if item)


def frames_of(exception: Mapping[str, Any], cause: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the stack of an exception in a cause, the outermost frame first.

    X-Ray says nothing of the order. Lambda and Python's X-Ray SDK write them as Python prints them, and note
    a working directory. What came as OTLP has none, and begins where the exception was raised; so do the
    stacks of other languages.
    """
    frames = [mapping_of(frame) for frame in list_of(exception.get("stack"))]
    as_printed = "working_directory" in cause and any(
        (text_of(frame.get("path")) or "").endswith(".py") for frame in frames
    )
    return frames if as_printed else frames[::-1]


def _failure(exception: Mapping[str, Any], cause: Mapping[str, Any]) -> Failure:
    return Failure(
        type=text_of(exception.get("type")) or "exception",
        message=text_of(exception.get("message")) or "",
        id=text_of(exception.get("id")),
        cause_id=text_of(exception.get("cause")),
        remote=exception.get("remote") is True,
        stack=tuple(map(_frame, frames_of(exception, cause))),
    )


def _frame(frame: Mapping[str, Any]) -> Frame:
    return Frame(
        path=text_of(frame.get("path")) or "?",
        line=whole_of(frame.get("line")),
        label=text_of(frame.get("label")) or "",
    )
