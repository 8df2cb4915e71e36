"""What is remembered of a request to an API, and of an invocation: small values, made where it is decided."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from embedded_aws.aws.interfaces import SamplingDecision

MOST_CHARACTERS = 2_000
"""Of a URL or a header; a client may send far longer ones, and a thousand requests are kept."""

MOST_BODY = 16_000
"""Bytes of a body that are kept, to send the request again."""

MOST_HEADERS = 60


@dataclass(frozen=True, slots=True)
class Sent:
    """What a client sent: `body` is `None` when it is no text or too long, `size` its bytes."""

    headers: tuple[tuple[str, str], ...]
    body: str | None
    size: int


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """A request to a deployed API that was answered; times in epoch seconds.

    `url` is path and query, from the stage's name on. `api_name` is `None` when no such stage is deployed,
    `route` when the API has none for it, `function` when none was called; `error` is the message of an error
    of API Gateway's own. `header` is the tracing header as it came, `w3c` tells of a `traceparent` beside it.
    `decision` is `None` when the stage does not trace. `api_type` is `URL` for a function URL. `sent` is what
    is needed to send it again.
    """

    id: str
    at: float
    end: float
    method: str
    url: str
    status: int
    api_id: str
    stage: str
    api_name: str | None = None
    api_type: Literal["REST", "HTTP", "URL"] = "REST"
    route: str | None = None
    error: str | None = None
    header: str | None = None
    w3c: bool = False
    tracing: bool = False
    trace_id: str | None = None
    decision: SamplingDecision | None = None
    function: str | None = None
    invocation_id: str | None = None
    sent: Sent | None = None


@dataclass(frozen=True, slots=True)
class InvocationRecord:
    """An invocation of a function; times in epoch seconds.

    `header` is the caller's context as it came, `sampled` the decision in it, `decision` Lambda's own where
    it made one. `recorded`: Lambda sends its segments. `status` is Lambda's, 202 for an asynchronous one;
    `failed` and `end` are `None` until it is over.
    """

    id: str
    at: float
    function: str
    type: str
    mode: str
    trace_id: str
    header: str
    sampled: bool | None
    recorded: bool
    decision: SamplingDecision | None = None
    event_source: str | None = None
    links: tuple[str, ...] = ()
    status: int = 200
    failed: bool | None = None
    end: float | None = None


def shortened(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 1]}…"


def sent(headers: Iterable[tuple[str, str]], body: bytes) -> Sent:
    """Keep what a client sent, as far as it is short."""
    kept = tuple((name, shortened(value)) for name, value in islice(headers, MOST_HEADERS))
    return Sent(kept, _text(body) if len(body) <= MOST_BODY else None, len(body))


def _text(body: bytes) -> str | None:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None
