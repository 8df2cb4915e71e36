"""Status flags, and what went wrong: `error`, `fault`, `throttle` and the `cause` object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from embedded_aws.xray.intake.translation import stacks
from embedded_aws.xray.intake.translation.spans import (
    Attributes,
    Span,
    SpanEvent,
    integer,
    printed,
    text,
    without_empty,
)

if TYPE_CHECKING:
    from embedded_aws.aws.ids import Ids

STATUS_TEXT = "http.status_text"
"""The attribute that a failed span without exceptions is explained by, and so loses."""


@dataclass(frozen=True)
class Flags:
    """X-Ray's three flags; a span never has both `error` and `fault`."""

    error: bool
    fault: bool
    throttle: bool


def flags(span: Span) -> Flags:
    """Judge by the HTTP status; without one between 400 and 599 by the span's own status."""
    attributes = span.attributes
    code = integer(attributes.get("http.status_code", attributes.get("http.response.status_code")))
    if 400 <= code <= 499:
        return Flags(error=True, fault=False, throttle=code == 429)
    return Flags(error=False, fault=500 <= code <= 599 or span.failed, throttle=False)


def cause(span: Span, resource: Attributes, ids: Ids) -> dict[str, Any] | None:
    """Return the exceptions that the span recorded, else its error status, as X-Ray's `cause`.

    Recorded exceptions count even when the status is not an error; then no flag is set.
    """
    if any(_is_exception(span, event) for event in span.events):
        found = [item for event in span.events for item in _exceptions(span, event, resource, ids)]
        return without_empty({"exceptions": found})
    if explained_by_status_text(span):
        message = span.status_message or text(span.attributes.get(STATUS_TEXT))
        if message:
            return {"exceptions": [{"id": ids.segment_id(), "type": "", "message": message}]}
    return None


def explained_by_status_text(span: Span) -> bool:
    """Tell whether the span failed without having recorded why."""
    return span.failed and not any(_is_exception(span, event) for event in span.events)


def _is_exception(span: Span, event: SpanEvent) -> bool:
    return event.name == "exception" or (span.is_aws_call and event.name == "HTTP request failure")


def _exceptions(span: Span, event: SpanEvent, resource: Attributes, ids: Ids) -> list[dict[str, Any]]:
    if event.name == "exception":
        return _recorded(span, event, resource, ids)
    if _is_exception(span, event):
        return _failed_attempt(event, ids)
    return []


def _recorded(span: Span, event: SpanEvent, resource: Attributes, ids: Ids) -> list[dict[str, Any]]:
    """Convert an `exception` event: itself, and what its printed stack says of its causes."""
    first = {
        "id": ids.segment_id(),
        "type": text(event.attributes.get("exception.type")),
        "message": text(event.attributes.get("exception.message")),
        "remote": span.kind in {"CLIENT", "PRODUCER"},
    }
    language = text(resource.get("telemetry.sdk.language"))
    stacktrace = text(event.attributes.get("exception.stacktrace"))
    found = stacks.exceptions(language, stacktrace, first, ids)
    return [{key: value for key, value in exception.items() if value != []} for exception in found]


def _failed_attempt(event: SpanEvent, ids: Ids) -> list[dict[str, Any]]:
    """Convert one HTTP attempt that an AWS SDK retried: `<status>@<epoch seconds>@<message>`."""
    if not {"http.response.status_code", "aws.http.error_message"} <= event.attributes.keys():
        return []
    status = printed(event.attributes["http.response.status_code"])
    seconds, micros = divmod(event.time // 1000, 1_000_000)
    return [
        {
            "id": ids.segment_id(),
            "type": "aws.http.error.event",
            "remote": True,
            "message": f"{status}@{seconds}.{micros:06d}@{text(event.attributes['aws.http.error_message'])}",
        }
    ]
