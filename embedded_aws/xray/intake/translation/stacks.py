"""Printed stack traces of the languages that the collector reads -> X-Ray's exceptions with their frames.

A language's reader gets the text and the exception that the span recorded. It returns that one with its
frames, and after it each exception that caused the one before, where the language prints causes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from embedded_aws.aws.ids import Ids
from embedded_aws.xray.intake.translation import python_stack
from embedded_aws.xray.intake.translation.frames import Frames, causing, frame, whole_number

Reader = Callable[[str, Mapping[str, Any], Ids], list[dict[str, Any]]]

_JAVA_FRAME = "\tat "
_JAVA_CAUSE = "Caused by: "
_GOROUTINE = re.compile(r"goroutine.*\brunning\b.*:", re.ASCII)
_GO_PLACE = re.compile(r"([^:\t\n\f\r ]+):([0-9]+)")


def exceptions(language: str, text: str, first: Mapping[str, Any], ids: Ids) -> list[dict[str, Any]]:
    """Return `first` with the frames that `text` names, and its causes; alone for any other language."""
    reader = _READERS.get(language)
    return [dict(first)] if reader is None or not text else reader(text, first, ids)


def _java(text: str, first: Mapping[str, Any], ids: Ids) -> list[dict[str, Any]]:
    r"""Read `\tat label(path:line)`, and `Caused by: type: message`, which may span lines."""
    found = [{**first, "stack": []}]
    lines = iter(_below_the_first(text))
    line = next(lines, None)
    while line is not None:
        following = None
        if line.startswith(_JAVA_FRAME):
            found[-1]["stack"] += _java_frame(line)
        elif line.startswith(_JAVA_CAUSE):
            kind, _, message = line.removeprefix(_JAVA_CAUSE).partition(":")
            message = message[1:]
            for following in lines:
                if following.startswith(_JAVA_FRAME) and _java_frame(following):
                    break
                message += following
            else:
                following = None
            found.append(causing(found[-1], kind, message, ids))
        line = next(lines, None) if following is None else following
    return found


def _java_frame(line: str) -> Frames:
    label, paren, place = line.removeprefix(_JAVA_FRAME).partition("(")
    if not paren or not place.endswith(")"):
        return []
    path, _, number = place[:-1].partition(":")
    # What precedes a slash is the class loader or the module.
    return [frame(path, label.partition("/")[2] if "/" in label else label, number)]


def _javascript(text: str, first: Mapping[str, Any], ids: Ids) -> list[dict[str, Any]]:
    """Read `    at label (path:line:column)` and `    at path:line:column`, as V8 prints them."""
    del ids
    lines = [line for line in _below_the_first(text) if line.startswith("    at ")]
    return [{**first, "stack": [found for line in lines for found in _javascript_frame(line[7:])]}]


def _javascript_frame(text: str) -> Frames:
    label, paren, place = text.partition("(")
    if not paren:
        label, place = "", text
    elif place.endswith(")"):
        place = place[:-1]
    else:
        label = place = ""
    path, colon, numbers = place.partition(":")
    number, has_column, _ = numbers.partition(":")
    if has_column:
        place = path
    else:
        number = ""
        if not colon and "native" in path:
            place = "native"
    return [frame(place, label, number)] if place or label or whole_number(number) else []


def _dotnet(text: str, first: Mapping[str, Any], ids: Ids) -> list[dict[str, Any]]:
    """Read `at label in path:line 5` and `at label`."""
    del ids
    lines = [line.strip() for line in _below_the_first(text)]
    return [{**first, "stack": [found for line in lines for found in _dotnet_frame(line)]}]


def _dotnet_frame(line: str) -> Frames:
    if not line.startswith("at "):
        return []
    parts = line.split(" in ")
    if len(parts) == 1:
        end = line.rfind(")")
        return [frame("", line[3 : end + 1], "")] if end >= 0 else []
    path, colon, number = parts[1].rpartition(":")
    if not colon:
        return [frame(parts[1], parts[0][3:], "")]
    return [frame(path, parts[0][3:], number[5:] if number.startswith("line") else number)]


def _go(text: str, first: Mapping[str, Any], ids: Ids) -> list[dict[str, Any]]:
    """Read pairs of lines, function and place; a pair without a place has that of the pair before."""
    del ids
    stack: Frames = []
    path, number = "", ""
    lines = iter(_below_the_first(text))
    for line in lines:
        label = next(lines, "") if _GOROUTINE.fullmatch(line) else line
        place = _GO_PLACE.search(next(lines, ""))
        if place:
            path, number = place.groups()
        stack.append(frame(path, label, number))
    return [{**first, "stack": stack}]


def _below_the_first(text: str) -> list[str]:
    """Return the lines but for the first, which repeats type and message."""
    *whole, rest = text.split("\n")
    return [*(line.removesuffix("\r") for line in whole), *([rest] if rest else [])][1:]


_READERS: Mapping[str, Reader] = {
    "java": _java,
    "php": _java,  # PHP's SDK prints stacks as Java does
    "python": python_stack.exceptions,
    "javascript": _javascript,
    "nodejs": _javascript,
    "webjs": _javascript,
    "dotnet": _dotnet,
    "go": _go,
}
