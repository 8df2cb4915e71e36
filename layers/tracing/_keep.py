"""Unsampled invocations: recorded into memory, and sent only when there is a reason to keep them.

AWS decides at the head of a trace, before any outcome is known, and sends no segments of its own for an
unsampled request. So a kept invocation brings what AWS leaves out: the function's segment and, where
another function called it, Lambda's. Their ids follow from the request id, which caller and called both
know: the tracing header cannot tell, as Lambda gives every active function a new parent.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from opentelemetry.trace import StatusCode

from tracing._aws import THROTTLED
from tracing._export import LAMBDA, Exporter
from tracing._sender import Losses
from tracing._settings import Keep
from tracing._span import (
    ANNOTATIONS,
    METADATA,
    STATUS,
    Link,
    SpanData,
    TraceHeader,
    parse,
    read,
    status_of,
)

KEPT = "kept"
"""The annotation of a kept function's segment: why it was kept."""

MOST_SPANS = 1000
MOST_BYTES = 2 * 1024 * 1024
"""What one invocation may hold, about; the oldest spans make room for new ones."""

_SPAN_BYTES = 512
_FUNCTION = "AWS::Lambda::Function"

MOST_LINKS = 20
"""X-Ray keeps at most this many links per segment."""

_OF_SERVICES = frozenset({"Records", "records", "requestContext", "detail-type", "awslogs"})
"""Top-level keys of the events that AWS's own services send."""

FAULT, ERROR, THROTTLE, TIMEOUT, SLOW = "fault", "error", "throttle", "timeout", "slow"

KINDS = (TIMEOUT, FAULT, THROTTLE, ERROR)
"""Kinds of failure, the gravest first. A client error is also known by its status, such as `404`."""


class Invoked(NamedTuple):
    """One invocation; `directly` when another program called Lambda's Invoke with an event of its own."""

    function: str
    arn: str | None
    request_id: str
    event: Any

    @property
    def directly(self) -> bool:
        service = isinstance(self.event, dict) and not _OF_SERVICES.isdisjoint(self.event)
        return bool(self.request_id) and not service

    def producers(self, failed: Sequence[str] | None) -> list[Link]:
        """Links to the spans that sent the queue's messages: of those that failed, if the function said."""
        records = self.event.get("Records") if isinstance(self.event, dict) else None
        links = []
        for record in records if isinstance(records, list) else ():
            if isinstance(record, dict) and (not failed or record.get("messageId") in failed):
                header = parse(str((record.get("attributes") or {}).get("AWSTraceHeader", "")))
                if header.trace_id and header.parent_id:
                    links.append(Link(header.trace_id, header.parent_id, {}))
        return links[:MOST_LINKS]


def read_invoked(event: Any, lambda_context: Any, environ: Mapping[str, str]) -> Invoked:
    """Describe the invocation of a handler."""
    name = getattr(lambda_context, "function_name", None) or environ.get("AWS_LAMBDA_FUNCTION_NAME")
    arn = getattr(lambda_context, "invoked_function_arn", None)
    request_id = getattr(lambda_context, "aws_request_id", None)
    return Invoked(str(name or "function"), arn, str(request_id or ""), event)


def failed_messages(result: Any) -> list[str] | None:
    """The messages that a partial batch response gives back; `None` for any other result.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    found = result.get("batchItemFailures") if isinstance(result, dict) else None
    if not isinstance(found, list):
        return None
    return [str(item.get("itemIdentifier")) for item in found if isinstance(item, dict)]


class Memory:
    """What one unsampled invocation has recorded so far."""

    def __init__(self, invoked: Invoked, segment_id: int) -> None:
        self.invoked = invoked
        self.segment_id = segment_id
        self.dropped = 0
        self.outcomes: set[str] = set()
        self.failed: list[str] | None = None
        self._closed = False
        self._lock = threading.Lock()
        self._spans: deque[tuple[Any, Mapping[str, Any], int]] = deque()
        self._bytes = 0

    def add(self, span: Any, base: Mapping[str, Any]) -> None:
        """Take a finished span, of the SDK or already copied."""
        size = _size(span)
        with self._lock:
            if self._closed:
                return
            self.outcomes.update(suspected(span))
            self._spans.append((span, base, size))
            self._bytes += size
            while len(self._spans) > MOST_SPANS or self._bytes > MOST_BYTES:
                self._bytes -= self._spans.popleft()[2]
                self.dropped += 1

    def returned(self, result: Any) -> None:
        """Take what the function returned: it may give messages back."""
        self.failed = failed_messages(result)

    def take(self) -> list[tuple[SpanData, Mapping[str, Any]]]:
        """Return the spans, oldest first, and forget them."""
        with self._lock:
            spans, self._spans, self._bytes = self._spans, deque(), 0
        return [(span if isinstance(span, SpanData) else read(span), base) for span, base, _ in spans]

    def close(self) -> None:
        """Forget the spans and take no more."""
        with self._lock:
            self._closed = True
            self._spans.clear()


class Limit:
    """So many per second; what goes beyond is counted."""

    def __init__(self, per_second: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._clock = clock
        self._lock = threading.Lock()
        self._second = -1
        self._taken = 0
        self._refused = 0

    def take(self) -> bool:
        with self._lock:
            second = int(self._clock())
            if second != self._second:
                self._second, self._taken = second, 0
            if self._taken >= self._per_second:
                self._refused += 1
                return False
            self._taken += 1
            return True

    def refused(self) -> int:
        """How many were refused since the last answer."""
        with self._lock:
            refused, self._refused = self._refused, 0
            return refused


class Keeper:
    """Decides at the end of an unsampled invocation, and sends what it keeps."""

    def __init__(
        self,
        keep: Keep,
        losses: Losses,
        new_id: Callable[[], int],
        limit: Limit | None = None,
    ) -> None:
        self._keep = keep
        self._losses = losses
        self._new_id = new_id
        self.limit = limit or Limit(keep.per_second)
        self._memories: dict[int, Memory] = {}

    def begin(
        self, header: TraceHeader, event: Any, lambda_context: Any, environ: Mapping[str, str]
    ) -> Memory | None:
        """Start to remember an invocation; without a trace id it would belong to nothing."""
        if not header.trace_id:
            return None
        memory = Memory(read_invoked(event, lambda_context, environ), self._new_id())
        self._memories[memory.segment_id] = memory
        return memory

    def started(self, span: Any) -> None:
        """A span belongs to its parent's invocation."""
        memory = self._memories.get(span.parent.span_id) if span.parent else None
        if memory:
            self._memories[span.context.span_id] = memory

    def ended(self, span: Any, base: Mapping[str, Any]) -> None:
        memory = self._memories.pop(span.context.span_id, None)
        if memory:
            memory.add(span, base)

    def finish(self, memory: Memory, root: Any, open_spans: Iterable[Any], exporter: Exporter) -> None:
        """Send an invocation whose span `root` has ended, if there is a reason, with what is open in it."""
        self._memories.pop(memory.segment_id, None)
        if memory.failed:
            memory.outcomes.add("fault")
        reason = self._reason(memory, (root.end_time - root.start_time) / 1e9)
        if reason and self._allowed(memory):
            self._send(memory, read(root), reason, exporter)
            exporter.unfinished([read(span) for span in self._open_in(memory, open_spans)])
        memory.close()
        for span_id in [key for key, one in list(self._memories.items()) if one is memory]:
            self._memories.pop(span_id, None)

    def timing_out(self, memory: Memory, open_spans: Iterable[Any], exporter: Exporter) -> None:
        """Send an invocation that is about to be killed, with what is open in it."""
        found = self._open_in(memory, open_spans)
        if not found or not self._allowed(memory):
            return
        memory.outcomes.add(TIMEOUT)
        root = read(found[0])
        self._send(memory, root._replace(status="ERROR"), TIMEOUT, exporter)
        exporter.unfinished([read(span) for span in found], timing_out=True)

    def _open_in(self, memory: Memory, open_spans: Iterable[Any]) -> list[Any]:
        """The open spans of an invocation, outermost first."""
        found = [span for span in list(open_spans) if self._memories.get(span.context.span_id) is memory]
        return sorted(found, key=lambda span: span.start_time)

    def _reason(self, memory: Memory, seconds: float) -> str | None:
        for kind in KINDS:
            if kind in memory.outcomes and kind in self._keep.kinds:
                return kind
        status = next((kind for kind in sorted(memory.outcomes) if kind in self._keep.kinds), None)
        slow = self._keep.slower_than is not None and seconds > self._keep.slower_than
        return status or (SLOW if slow else None)

    def _allowed(self, memory: Memory) -> bool:
        if TIMEOUT in memory.outcomes or self.limit.take():
            return True
        self._losses.add(f"more than {self._keep.per_second} unsampled invocations in a second to keep")
        return False

    def _send(self, memory: Memory, root: SpanData, reason: str, exporter: Exporter) -> None:
        spans = memory.take()
        for span, base in spans:
            exporter.finished(span, base)
        for span, _ in spans:
            if called := _called(span):
                aws = {"request_id": span.attributes["aws.request_id"]}
                exporter.segment(called, {"origin": LAMBDA, "aws": aws})
        for segment, more in self._segments(memory, root, reason):
            exporter.segment(segment, more)

    def _segments(
        self, memory: Memory, root: SpanData, reason: str
    ) -> Iterable[tuple[SpanData, Mapping[str, Any]]]:
        """The function's segment and, when it was invoked directly, Lambda's, whose end only callers know."""
        invoked = memory.invoked
        losses = Counter(spans_dropped=memory.dropped, invocations_over_limit=self.limit.refused())
        notes = {key: count for key, count in losses.items() if count}
        attributes = {ANNOTATIONS: (KEPT,), KEPT: reason, **status_of(root)}
        if notes:
            attributes[METADATA + "tracing"] = json.dumps(notes)
        service_id = service_segment_id(invoked.request_id) if invoked.directly else 0
        function = root._replace(
            span_id=memory.segment_id,
            parent_id=service_id,
            name=invoked.function,
            kind="SERVER",
            attributes=attributes,
            events=[event for event in root.events if event.name == "exception"],
            links=invoked.producers(memory.failed),
        )
        more: dict[str, Any] = {"resource_arn": invoked.arn, "aws": {"request_id": invoked.request_id}}
        yield function, {"origin": _FUNCTION, **more}
        if service_id:
            service = SpanData(
                root.trace_id,
                service_id,
                0,
                invoked.function,
                "SERVER",
                root.start,
                None,
                attributes,
                status=root.status,
            )
            yield service, {"origin": LAMBDA, **more}


def service_segment_id(request_id: str) -> int:
    """The id of the segment that stands in for Lambda's own: caller and called derive the same."""
    return int.from_bytes(hashlib.sha256(request_id.encode()).digest()[:8], "big") or 1


def _called(span: SpanData) -> SpanData | None:
    """Lambda's segment below a call of `Invoke`, if `span` is one that was answered."""
    attributes = span.attributes
    name, request_id = attributes.get("aws.function_name"), attributes.get("aws.request_id")
    if attributes.get("aws.operation") not in {"Invoke", "InvokeAsync"} or not (name and request_id):
        return None
    failed = bool(attributes.get("aws.function_error"))
    return SpanData(
        span.trace_id,
        service_segment_id(str(request_id)),
        span.span_id,
        str(name).rpartition(":function:")[2].partition(":")[0],
        "SERVER",
        span.start,
        span.end,
        status_of(span),
        status="ERROR" if failed else "UNSET",
    )


def _size(span: Any) -> int:
    """About what a span holds in memory; text counts, small values are in the flat rate."""
    values = [*span.attributes.values()]
    for event in span.events:
        values += (event.attributes or {}).values()
    return _SPAN_BYTES + sum(len(value) for value in values if isinstance(value, str | bytes | tuple | list))


def suspected(span: Any) -> Iterable[str]:
    """The kinds of failure that a finished span shows, by X-Ray's rules; empty for a healthy one."""
    attributes = span.attributes
    status = next((attributes[key] for key in STATUS if key in attributes), None)
    if isinstance(status, int) and 400 <= status < 500:
        yield ERROR
        yield str(status)
    elif (
        _is_error(span) or (isinstance(status, int) and status >= 500) or attributes.get("aws.function_error")
    ):
        yield FAULT
    if status == 429 or attributes.get(THROTTLED):
        yield THROTTLE


def _is_error(span: Any) -> bool:
    status = span.status
    return status == "ERROR" if isinstance(status, str) else status.status_code is StatusCode.ERROR
