"""Segment documents: what PutTraceSegments accepts, and which code it refuses the rest with.

https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NotRequired, TypedDict

from embedded_aws.aws.parsing import read_json

MAX_DOCUMENT_BYTES = 64 * 1024
MAX_NESTING = 300
"""Levels of JSON in one document: what was read with an almost full stack could not be written again."""
LATEST_TIME = 253402300800.0
"""The year 10000: clients turn times into dates and cannot read a whole answer that holds a later one."""

_NUMBERS = (float, int)
_TRACE_ID = re.compile(r"1-[0-9a-fA-F]{8}-[0-9a-fA-F]{24}")
_ID = re.compile(r"[0-9a-fA-F]{16}")
_NAME = re.compile(r"[\w\s.:/%&#=+\\\-@]{1,200}")
_NOT_IN_NAME = re.compile(r"[^\w\s.:/%&#=+\\\-@]")


class Unprocessed(TypedDict):
    """A document that PutTraceSegments refused; `Id` is absent when it could not be read."""

    Id: NotRequired[str]
    ErrorCode: str
    Message: str


@dataclass(frozen=True, slots=True)
class SegmentDocument:
    """An accepted document, as the store keeps it.

    Times are epoch seconds; `end` is `start` while the segment is in progress.
    """

    trace_id: str
    id: str
    complete: bool
    start: float
    end: float
    text: str


class RefusedError(Exception):
    """A document that X-Ray would not take; `code` is X-Ray's word for the reason."""

    def __init__(self, code: str, *, subsegment: bool = False) -> None:
        kind, cause = ("subsegment", ", Cause: null") if subsegment else ("segment", "")
        super().__init__(f"Invalid {kind}. ErrorCode: {code}{cause}")
        self.code = code


def read(text: str) -> Iterator[SegmentDocument | Unprocessed]:
    """Read one string of PutTraceSegments: a segment, a lone subsegment, or an array of subsegments."""
    try:
        parsed = _parse(text)
    except RefusedError as refused:
        yield {"ErrorCode": refused.code, "Message": str(refused)}
        return
    if isinstance(parsed, list) and parsed:
        for item in parsed:
            yield check(item, json.dumps(item))
    else:
        # X-Ray answers MissingId to an empty array, and so to anything else that has no fields
        yield check(parsed, text)


def check(document: Any, text: str) -> SegmentDocument | Unprocessed:
    """Check one parsed document, of which `text` is the JSON."""
    try:
        return _accepted(document, text)
    except RefusedError as refused:
        answer: Unprocessed = {"ErrorCode": refused.code, "Message": str(refused)}
        if isinstance(document, Mapping) and isinstance(document.get("id"), str):
            answer["Id"] = document["id"]
        return answer


def over_trace_limit(document: SegmentDocument) -> Unprocessed:
    """Refuse a document whose trace has become too large, in X-Ray's words."""
    return {
        "Id": document.id,
        "ErrorCode": "InvalidSegment",
        "Message": "Trace Size Exceeded. "
        "Reduce the number of segments per trace and the size of your segment documents.",
    }


def is_trace_id(text: str) -> bool:
    return _TRACE_ID.fullmatch(text) is not None


def legal_name(name: str) -> str:
    """Replace what X-Ray refuses in a name; AWS's own segments may be named after anything."""
    return _NOT_IN_NAME.sub("_", name)[:200] or "_"


def with_legal_names(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a segment of which each name, at every depth, is one that X-Ray takes."""
    named = {**document, "name": legal_name(str(document.get("name", "")))}
    if inner := document.get("subsegments"):
        named["subsegments"] = [with_legal_names(each) for each in inner]
    return named


def _parse(text: str) -> Any:
    # The codes for broken JSON and for size are not published; these two are this module's choice.
    try:
        size = len(text) if text.isascii() else len(text.encode())
        if size > MAX_DOCUMENT_BYTES:
            raise RefusedError("SegmentTooLarge")
        return read_json(text, MAX_NESTING)
    except ValueError as error:
        raise RefusedError("ParseError") from error


def _accepted(document: Any, text: str) -> SegmentDocument:
    if not isinstance(document, dict):
        raise RefusedError("MissingId")
    lone = document.get("type") == "subsegment"
    _check_fields(document, subsegment=lone)
    trace_id = _text(document, "trace_id", _TRACE_ID, "TraceId", subsegment=lone)
    parent = document.get("parent_id")
    if lone or parent is not None:
        _text(document, "parent_id", _ID, "ParentId", subsegment=lone)
    _check_subsegments(document)
    start = float(document["start_time"])
    complete = document.get("in_progress") is not True
    end = float(document["end_time"]) if complete else start
    return SegmentDocument(trace_id, document["id"], complete, start, end, text)


def _check_subsegments(document: Mapping[str, Any]) -> None:
    # A loop and not recursion: depth is the sender's choice.
    pending = [document]
    while pending:
        for child in children(pending.pop()):
            if not isinstance(child, dict):
                raise RefusedError("MissingId", subsegment=True)
            _check_fields(child, subsegment=True)
            if "subsegments" in child:
                pending.append(child)


def children(document: Mapping[str, Any]) -> list[Any]:
    """Return the embedded subsegments; a `subsegments` that is not a list counts as absent."""
    found = document.get("subsegments")
    return found if isinstance(found, list) else []


def _check_fields(document: Mapping[str, Any], *, subsegment: bool) -> None:
    _text(document, "id", _ID, "Id", subsegment=subsegment)
    _text(document, "name", _NAME, "Name", subsegment=subsegment)
    _check_time(document, "start_time", "StartTime", subsegment=subsegment)
    if document.get("in_progress") is not True:
        _check_time(document, "end_time", "EndTime", subsegment=subsegment)


def _text(
    document: Mapping[str, Any], field: str, allowed: re.Pattern[str], what: str, *, subsegment: bool
) -> str:
    value = document.get(field)
    if value is None or value == "":
        raise RefusedError(f"Missing{what}", subsegment=subsegment)
    if not isinstance(value, str) or not allowed.fullmatch(value):
        raise RefusedError(f"Invalid{what}", subsegment=subsegment)
    return value


def _check_time(document: Mapping[str, Any], field: str, what: str, *, subsegment: bool) -> None:
    value = document.get(field)
    if value is None:
        raise RefusedError(f"Missing{what}", subsegment=subsegment)
    if type(value) not in _NUMBERS or not 0 <= value < LATEST_TIME:
        raise RefusedError(f"Invalid{what}", subsegment=subsegment)
