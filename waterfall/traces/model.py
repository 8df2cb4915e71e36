"""What a trace is, once its documents have been put together. Times are seconds.

Everything that is text here came from outside and is untrusted; whoever shows it makes it harmless.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Document = Mapping[str, Any]
"""One X-Ray segment document, parsed."""

Status = Literal["ok", "error", "throttle", "fault"]
Phase = Literal["init", "restore", "overhead", "cost", "paused"]
Anomaly = Literal["orphan", "cycle", "duplicate", "unfinished", "untimed", "early", "late"]

STAGE = "AWS::ApiGateway::Stage"
LAMBDA_SERVICE = "AWS::Lambda"
LAMBDA_FUNCTION = "AWS::Lambda::Function"

FAULT_ANNOTATION = "fault.injected"
"""Names the experiments whose faults a segment or call met; the embedded AWS writes it."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something about a node that is not as it should be, and why, in one sentence."""

    anomaly: Anomaly
    reason: str


@dataclass(frozen=True, slots=True)
class Http:
    """The request and response of a node, as far as its document tells."""

    method: str | None = None
    url: str | None = None
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """One line of a stack."""

    path: str
    line: int | None
    label: str


@dataclass(frozen=True, slots=True)
class Failure:
    """One recorded exception; `cause_id` is the id of the exception that it was raised from."""

    type: str
    message: str
    id: str | None = None
    cause_id: str | None = None
    remote: bool = False
    stack: tuple[Frame, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """A segment of another trace that led to this one."""

    trace_id: str
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """What a call to an AWS service did: `PutItem` on `greetings`."""

    operation: str | None = None
    resource: str | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """Seconds that were taken out of a node `at` a time, because somebody stood at a line then."""

    at: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Node:
    """A segment or subsegment in its place.

    `parent` and `children` are positions in `Trace.nodes`. `end` is `None` while the node is unfinished.
    `type` is the origin of a segment, and of a call the origin of what it called, when X-Ray inferred that.
    `document` is the node's own document; its `subsegments` are nodes of their own. `pauses` are not in the
    times here, but in those of the document.
    """

    position: int
    parent: int | None
    depth: int
    id: str
    parent_id: str | None
    name: str
    is_segment: bool
    type: str | None
    namespace: str | None
    start: float
    end: float | None
    status: Status
    in_progress: bool
    inferred: bool
    cold_start: bool
    phase: Phase | None
    http: Http
    call: Call
    annotations: Mapping[str, Any]
    metadata: Mapping[str, Any]
    failures: tuple[Failure, ...]
    links: tuple[Link, ...]
    notes: tuple[Note, ...]
    children: tuple[int, ...]
    document: Document = field(repr=False)
    pauses: tuple[Pause, ...] = ()

    @property
    def paused(self) -> float:
        """Return the seconds that were taken out."""
        return sum(pause.seconds for pause in self.pauses)

    @property
    def is_function(self) -> bool:
        """Tell whether this is a function's own segment of an invocation."""
        return self.is_segment and self.type == LAMBDA_FUNCTION

    @property
    def is_lambda_service(self) -> bool:
        """Tell whether this is Lambda's own segment of an invocation, and not a call of Lambda's API."""
        return self.is_segment and self.type == LAMBDA_SERVICE

    @property
    def injected(self) -> str | None:
        """The names of the experiments that put faults into this, if any did."""
        found = self.annotations.get(FAULT_ANNOTATION)
        return None if found is None else str(found)

    def has(self, anomaly: Anomaly) -> bool:
        """Tell whether the node carries a note of that kind."""
        return any(note.anomaly == anomaly for note in self.notes)


@dataclass(frozen=True, slots=True)
class Trace:
    """A trace as a forest in reading order: each node comes right before its children, by start time.

    A sound trace has one root; orphans, and one node of each cycle, are further roots.
    `start` and `end` span everything known; `warnings` are about the trace as a whole.
    """

    id: str
    nodes: tuple[Node, ...]
    start: float
    end: float
    warnings: tuple[str, ...] = ()

    @property
    def duration(self) -> float:
        return self.end - self.start

    @property
    def roots(self) -> tuple[Node, ...]:
        return tuple(node for node in self.nodes if node.parent is None)

    @property
    def entry(self) -> Node | None:
        """The node that the trace begins with: its earliest sound root, else its first node."""
        sound = (node for node in self.roots if not node.has("orphan") and not node.has("cycle"))
        return next(sound, self.nodes[0] if self.nodes else None)

    @property
    def unfinished(self) -> bool:
        return any(node.in_progress for node in self.nodes)

    def end_of(self, node: Node) -> float:
        """Return when a node ended; an unfinished one lasts as long as anything known."""
        return self.end if node.end is None else node.end
