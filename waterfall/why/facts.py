"""What is known of a request, as values; texts in them came from outside and are untrusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, TypeVar


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A sampling rule that did not match, and the first of its patterns that did not."""

    rule: str
    priority: int
    field: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Draw:
    """How a rule decided: `taken` as one of `share` of its `reservoir` per second, else by its `rate`."""

    taken: bool
    reservoir: int
    share: int
    rate: float
    priority: int | None = None
    boosted: bool = False
    passed_over: tuple[PassedOver, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """`rule` is `None` when no rule of X-Ray decided, `draw` when the decision came with the request."""

    sampled: bool
    rule: str | None = None
    draw: Draw | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """What a request and an invocation have in common; times in epoch seconds.

    `header` is the tracing header that came, `decision` what was decided about it here.
    """

    id: str
    at: float
    header: str | None = None
    trace_id: str | None = None
    decision: Decision | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRequest(_Entry):
    """A request that an API answered.

    `url` begins with the stage. `api_name` is `None` when no such stage is deployed, `route` when it has none
    for the request, `function` when none was called, `decision` when the stage does not trace.
    """

    method: str
    url: str
    status: int
    api_id: str
    stage: str
    api_name: str | None = None
    api_type: str = "REST"
    route: str | None = None
    error: str | None = None
    w3c: bool = False
    tracing: bool = False
    function: str | None = None
    invocation_id: str | None = None

    @property
    def stage_name(self) -> str:
        return f"{self.api_name or self.api_id}/{self.stage}"


@dataclass(frozen=True, slots=True, kw_only=True)
class InvocationRecord(_Entry):
    """An invocation of a function.

    `sampled` is the decision in the caller's `header`, `decision` Lambda's own. `recorded`: Lambda sends its
    segments. `failed` and `end` are `None` until it is over.
    """

    function: str
    type: str
    mode: str
    sampled: bool | None = None
    recorded: bool = False
    event_source: str | None = None
    links: tuple[str, ...] = ()
    status: int = 200
    failed: bool | None = None
    end: float | None = None

    @property
    def source_kind(self) -> Literal["queue", "stream"] | None:
        """What invoked it, unless somebody called it."""
        if self.event_source is None:
            return None
        return "queue" if ":sqs:" in self.event_source else "stream"


Entry = ApiRequest | InvocationRecord
_Kind = TypeVar("_Kind", PassedOver, Draw, ApiRequest, InvocationRecord)


@dataclass(frozen=True, slots=True)
class Function:
    """How a function is configured now; `layers` are ARNs."""

    name: str
    mode: str
    variables: Mapping[str, str] = field(default_factory=dict)
    layers: tuple[str, ...] = ()

    @property
    def library(self) -> str:
        """The mode of the tracing library: `otel`, `native`, `off`, or empty where none is named."""
        return self.variables.get("TRACING_MODE", "").strip().lower()

    @property
    def keeps(self) -> str:
        """What unsampled invocations are sent for after all, such as `fault,404`."""
        return self.variables.get("TRACING_KEEP", "").strip()


@dataclass(frozen=True, slots=True)
class Refusal:
    """A document that X-Ray refused."""

    name: str | None
    message: str


@dataclass(frozen=True, slots=True)
class StoredTrace:
    """A trace that is there: `own` counts what functions sent, by invocation; `kept` says why, if so."""

    id: str
    own: Mapping[str, int] = field(default_factory=dict)
    kept: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known of one request. `daemon` counts what happened since the daemon started."""

    entry: Entry | None
    invocations: tuple[InvocationRecord, ...] = ()
    documents: Mapping[str, int] = field(default_factory=dict)
    refused: tuple[Refusal, ...] = ()
    daemon: Mapping[str, int] = field(default_factory=dict)
    functions: Mapping[str, Function] = field(default_factory=dict)
    stored: tuple[StoredTrace, ...] = ()
    deployed: Mapping[str, str] = field(default_factory=dict)


def read_entry(given: Mapping[str, Any]) -> Entry:
    """Read a request or an invocation, as the embedded AWS tells of it."""
    if given.get("kind") != "request":
        return read_invocation(given)
    return _read(ApiRequest, given, decision=_decision(given.get("decision")))


def read_invocation(given: Mapping[str, Any]) -> InvocationRecord:
    decision, links = _decision(given.get("decision")), tuple(given.get("links") or ())
    return _read(InvocationRecord, given, decision=decision, links=links)


def _decision(given: Mapping[str, Any] | None) -> Decision | None:
    if given is None:
        return None
    return Decision(given["sampled"], given.get("rule_name"), _draw(given.get("draw")))


def _draw(given: Mapping[str, Any] | None) -> Draw | None:
    if given is None:
        return None
    passed_over = tuple(_read(PassedOver, one, rule=one["rule_name"]) for one in given.get("passed_over", ()))
    return _read(Draw, given, passed_over=passed_over)


def _read(kind: type[_Kind], given: Mapping[str, Any], **read: Any) -> _Kind:
    """Make a value of the fields that this version knows, some of them `read` already."""
    known = {one.name for one in fields(kind)}
    return kind(**{name: value for name, value in given.items() if name in known} | read)
