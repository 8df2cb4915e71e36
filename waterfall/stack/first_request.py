"""The first request to a fresh stack, and the wait until its trace is whole."""

from __future__ import annotations

import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from email.message import Message
from http.client import HTTPException

from botocore.exceptions import BotoCoreError, ClientError

from waterfall.stack.requests import Request
from waterfall.traces import arguments
from waterfall.traces.client import Reader, ReadError, Source, client
from waterfall.traces.links import is_linked, sends_messages
from waterfall.traces.model import LAMBDA_FUNCTION, Node, Trace

WHOLE_WITHIN = 10.0
"""Seconds after the response within which a local trace is whole, if ever."""
STEP = 0.05
TIMEOUT = 60.0
_HEADER = "X-Amzn-Trace-Id"


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """What a request was answered; `trace_id` is `None` when the response names none.

    `sampled` is `None` when the response does not tell.
    """

    url: str
    status: int
    body: str
    trace_id: str | None
    sampled: bool | None


@dataclass(frozen=True, slots=True)
class Polling:
    """How to wait: `clock` in seconds, `pause` for a number of seconds, `limit` in all."""

    limit: float = WHOLE_WITHIN
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep

    def tries(self) -> Iterator[None]:
        """Yield at once, then after each pause until the limit is reached."""
        end = self.clock() + self.limit
        yield
        while self.clock() < end:
            self.pause(STEP)
            yield


def get(url: str) -> HttpResponse:
    """Send one GET request; raises ReadError when there is no answer at all."""
    return send(Request("GET", url, {}, None))


def send(request: Request, *, trace_id: str | None = None) -> HttpResponse:
    """Send a request to a URL; raises ReadError when there is no answer at all.

    With a `trace_id` it is part of that trace, which is then known when the answer does not name one.
    """
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    headers = {**request.headers, **({_HEADER: f"Root={trace_id}"} if trace_id else {})}
    url = request.target
    sent = urllib.request.Request(url, request.body, headers, method=request.method)  # noqa: S310 - of a stack's API
    try:
        with direct.open(sent, timeout=TIMEOUT) as response:
            answer = _answer(url, response.status, response.headers, response.read())
    except urllib.error.HTTPError as error:
        answer = _answer(url, error.code, error.headers, error.read())
    except (OSError, HTTPException, ValueError) as error:
        raise ReadError(f"the request, {request.method} {url}, got no answer: {error}") from error
    return answer if answer.trace_id else replace(answer, trace_id=trace_id)


def new_trace_id(now: float) -> str:
    """Return the id of a new trace."""
    return f"1-{int(now):08x}-{secrets.token_hex(12)}"


def _answer(url: str, status: int, headers: Message, body: bytes) -> HttpResponse:
    header = headers.get(_HEADER, "")
    fields = dict(part.strip().partition("=")[::2] for part in header.lower().split(";"))
    try:
        trace_id = arguments.trace_id(header)
    except ValueError:
        trace_id = None
    sampled = {"1": True, "0": False}.get(fields.get("sampled", ""))
    return HttpResponse(url, status, body.decode("utf-8", "replace"), trace_id, sampled)


def whole_trace(reader: Reader, trace_id: str, polling: Polling) -> Trace | None:
    """Wait until a trace is whole and no longer grows; return what is there at the latest then."""
    last: Trace | None = None
    for _ in polling.tries():
        found = next(iter(reader.get([trace_id])), None)
        if found and last and is_whole(found) and len(found.nodes) == len(last.nodes):
            return found
        last = found or last
    return last


def is_whole(trace: Trace) -> bool:
    """Tell whether everything that the trace itself promises has come."""
    entry = trace.entry
    if entry is None or entry.end is None or trace.unfinished:
        return False
    is_one_tree = len(trace.roots) == 1 and not (entry.has("orphan") or entry.has("cycle"))
    return is_one_tree and not any(_awaits_function(trace, node) for node in trace.nodes)


def _awaits_function(trace: Trace, node: Node) -> bool:
    """Tell whether Lambda accepted an invocation whose function segment has not come."""
    if not node.is_lambda_service or node.status in {"error", "throttle"}:
        return False
    attempts = [trace.nodes[child] for child in node.children]  # of an asynchronous invocation
    below = [*attempts, *(trace.nodes[child] for attempt in attempts for child in attempt.children)]
    return not any(child.type == LAMBDA_FUNCTION for child in below)


def has_consumers(trace: Trace, source: Source) -> bool:
    """Tell whether waiting for a linked trace makes sense."""
    try:
        lambda_ = client(source, "lambda")
        mappings = lambda_.list_event_source_mappings()["EventSourceMappings"]
        # What a stream invokes is not linked to who wrote into it.
        return sends_messages(trace) and any(":sqs:" in one.get("EventSourceArn", "") for one in mappings)
    except (BotoCoreError, ClientError):
        return False


def linked_trace(reader: Reader, trace: Trace, now: Callable[[], float], polling: Polling) -> str | None:
    """Wait for a trace that is linked to this one, such as a queue consumer's; return its id."""
    seen: set[str] = {trace.id}
    for _ in polling.tries():
        summaries = reader.summaries(trace.start - 1, now() + 1)
        fresh = [summary.id for summary in summaries if summary.id not in seen]
        for other in reader.get(fresh):
            if is_linked(other, trace):
                return other.id
            if is_whole(other):
                seen.add(other.id)
    return None
