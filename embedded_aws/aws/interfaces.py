"""What the parts of the embedded AWS ask of each other: gateway and events of Lambda, all of X-Ray."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

from embedded_aws.aws.trace_header import TraceHeader

ACCOUNT_ID = "123456789012"
"""The account that moto, and so every ARN of the embedded AWS, uses."""

InvocationType = Literal["RequestResponse", "Event", "DryRun"]
Document = Mapping[str, Any]
"""One X-Ray segment document, parsed."""


@dataclass(frozen=True)
class InvokeRequest:
    """A call of Lambda's Invoke API; `function` is a name, a partial ARN or an ARN.

    `trace` is the caller's context: `parent` is the caller's segment or subsegment id.
    `links` starts a trace of its own, linked to those (event source mappings), and `event_source` is
    then the ARN of the queue or stream. With `log_tail` the result waits for the report line, and carries
    the log's last 4 KB.
    """

    function: str
    payload: bytes
    invocation_type: InvocationType = "RequestResponse"
    qualifier: str | None = None
    client_context: str | None = None
    trace: TraceHeader = TraceHeader()
    links: Sequence[TraceLink] = ()
    event_source: str | None = None
    log_tail: bool = False


@dataclass(frozen=True)
class InvokeResult:
    """The answer of Lambda's Invoke API.

    `status` is the HTTP status (200, 202 for Event, 204 for DryRun, 4xx/5xx when Lambda itself refused);
    then `error_type` names the exception (`TooManyRequestsException`) and `payload` holds its body.
    `function_error` (`Unhandled`) is set when the function failed; `status` is still 200. `recorded`: Lambda
    sends its segments of this invocation.
    """

    status: int
    payload: bytes = b""
    request_id: str = ""
    executed_version: str = "$LATEST"
    function_error: str | None = None
    error_type: str | None = None
    log_tail: bytes = b""
    recorded: bool = False


@dataclass(frozen=True)
class TraceLink:
    """A producer's trace that an invocation is linked to: SQS hands these to Lambda."""

    trace_id: str
    segment_id: str


class Lambda(Protocol):
    """The Lambda service, as the gateway, the endpoint and the event sources use it."""

    async def invoke(self, request: InvokeRequest) -> InvokeResult:
        """Invoke a function; never raises for what a function does."""


class EventSources(Protocol):
    """The event source mappings, as Lambda's API serves them: JSON of requests in, JSON of replies out."""

    async def create(self, request: Mapping[str, Any]) -> dict[str, Any]: ...
    def get(self, uuid: str) -> dict[str, Any]: ...
    def list(self, source_arn: str | None, function: str | None) -> dict[str, Any]: ...
    async def update(self, uuid: str, request: Mapping[str, Any]) -> dict[str, Any]: ...
    async def delete(self, uuid: str) -> dict[str, Any]: ...
    def tags(self, uuid: str) -> dict[str, str]: ...


class RequestMetrics(Protocol):
    """Counts requests to APIs."""

    def request(self, api: str, stage: str, status: int, seconds: float, called: float | None) -> None:
        """Count a request that took so many seconds, and its integration `called` of them."""


class InvocationMetrics(Protocol):
    """Counts runs of functions."""

    def began(self, function: str) -> None:
        """Count one more run of a function."""

    def ended(self, function: str, seconds: float, *, failed: bool) -> None:
        """Count a run that is over."""

    def throttled(self, function: str) -> None:
        """Count an invocation that was not let through."""


class NoMetrics:
    """Counts nothing."""

    def request(self, api: str, stage: str, status: int, seconds: float, called: float | None) -> None:
        """Forget a request."""

    def began(self, function: str) -> None:
        """Forget a run."""

    def ended(self, function: str, seconds: float, *, failed: bool) -> None:
        """Forget a run."""

    def throttled(self, function: str) -> None:
        """Forget an invocation."""


class SegmentSink(Protocol):
    """Takes segment documents of AWS's own services into X-Ray."""

    def emit(self, document: Document) -> None:
        """Store one segment; it is readable through the X-Ray API when this returns."""


class LogStream(NamedTuple):
    """The name of a log stream; its group's alone is not unique."""

    region: str
    group: str
    name: str


class LogEvent(NamedTuple):
    """One event of a log stream; `timestamp` in milliseconds since the epoch."""

    timestamp: int
    message: str


class LogSink(Protocol):
    """Takes what AWS's own services log into CloudWatch Logs."""

    def write(self, stream: LogStream, events: Sequence[LogEvent]) -> None:
        """Append events, oldest first, to a stream, made if there is none; may block without room."""

    def has_room(self) -> bool:
        """Tell whether whoever can wait may write now."""


@dataclass(frozen=True)
class SamplingRequest:
    """What X-Ray's sampling rules match on."""

    service_name: str
    service_type: str
    host: str
    method: str
    path: str
    resource_arn: str = "*"
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PassedOver:
    """A rule that was tried and did not match, and the first of its patterns that did not."""

    rule_name: str
    priority: int
    field: str
    pattern: str


@dataclass(frozen=True)
class Draw:
    """How a rule came to its decision, with its numbers as they were then.

    `taken`: one of `share` per second, what the rule's `reservoir` had for whoever asked; when not, chance
    decided by `rate` (0 to 1). `passed_over` are the rules tried before. Lambda's own rule has no `priority`.
    """

    taken: bool
    reservoir: int
    share: int
    rate: float
    priority: int | None = None
    boosted: bool = False
    passed_over: tuple[PassedOver, ...] = ()


@dataclass(frozen=True)
class SamplingDecision:
    """`rule_name` is the rule that decided; `None` when none of X-Ray's rules did.

    `draw` tells how; it is `None` when the decision came with the request.
    """

    sampled: bool
    rule_name: str | None = None
    draw: Draw | None = field(default=None, compare=False)


class Sampler(Protocol):
    """Decides at the head of a trace, by X-Ray's sampling rules."""

    def decide(self, request: SamplingRequest) -> SamplingDecision:
        """Take one request into account and decide for it."""
