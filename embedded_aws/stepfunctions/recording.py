"""Records an execution as it goes on: its segment, its states, the calls that they make."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from embedded_aws.aws.execution_steps import Answered, Execution, Failure, Sent, Step
from embedded_aws.stepfunctions.segments import (
    Place,
    Span,
    call_subsegment,
    execution_segment,
    state_subsegment,
)

if TYPE_CHECKING:
    from embedded_aws.aws.calls import AwsCalls
    from embedded_aws.aws.ids import Clock, Ids
    from embedded_aws.aws.interfaces import Document, SegmentSink
    from embedded_aws.aws.trace_header import TraceHeader
    from embedded_aws.stepfunctions.tracing import Machine, Trace


@dataclass(frozen=True)
class Services:
    """What executions use: `calls` are made on `loop`, and segments go to `sink`."""

    calls: AwsCalls
    loop: asyncio.AbstractEventLoop
    sink: SegmentSink
    clock: Clock
    ids: Ids


@dataclass
class ExecutionRecord(Execution):
    """One execution; `begun` and `over` are set when it has, and all of it is recorded."""

    services: Services
    machine: Machine
    execution_arn: str
    trace: Trace
    start: float
    begun: bool = False
    over: threading.Event = field(default_factory=threading.Event)

    def begin(self) -> None:
        """Send the segment of an execution that goes on."""
        self.begun = True
        self._emit_own(Span(self.start), None)

    def enter(self, state: str) -> Step:
        return StateRecord(self, state, Place(self.services.ids.segment_id(), self.trace.segment_id))

    def caught(self, failure: Failure) -> None:
        """Do nothing: only states catch."""

    def leave(self, failure: Failure | None) -> None:
        self._emit_own(Span(self.start, self.services.clock()), failure)
        self.over.set()

    def call(self, sent: Sent) -> Answered:
        """Call AWS outside of a state, which nothing does, and nothing records."""
        return self.send(sent, self.trace.to_call(self.trace.segment_id))

    def emit(self, document: Document) -> None:
        """Send what is recorded."""
        if self.trace.recorded:
            self.services.sink.emit(document)

    def send(self, sent: Sent, trace: TraceHeader) -> Answered:
        """Wait for an answer of AWS; raises `ConnectionError` when the embedded AWS has ended."""
        loop = self.services.loop
        if loop.is_closed():
            raise ConnectionError("the embedded AWS has ended")
        call = self.services.calls.send(sent.method, sent.url, sent.headers, sent.body, trace)
        answer = asyncio.run_coroutine_threadsafe(call, loop).result()
        return Answered(answer.status, answer.headers, answer.body)

    def _emit_own(self, span: Span, failure: Failure | None) -> None:
        self.emit(execution_segment(self.trace, self.machine, self.execution_arn, span, failure))


@dataclass
class StateRecord(Step):
    """One run of a state, of whatever type; a retry belongs to the run that it is in."""

    execution: ExecutionRecord
    name: str
    place: Place
    start: float = 0.0
    failure: Failure | None = None

    def __post_init__(self) -> None:
        """Take the time."""
        self.start = self.execution.services.clock()

    def enter(self, state: str) -> Step:
        return StateRecord(
            self.execution, state, Place(self.execution.services.ids.segment_id(), self.place.id)
        )

    def caught(self, failure: Failure) -> None:
        self.failure = failure

    def leave(self, failure: Failure | None) -> None:
        span = Span(self.start, self.execution.services.clock())
        failure = failure or self.failure
        self.execution.emit(state_subsegment(self.execution.trace, self.place, self.name, span, failure))

    def call(self, sent: Sent) -> Answered:
        execution = self.execution
        trace, clock = execution.trace, execution.services.clock
        call = Place(execution.services.ids.segment_id(), self.place.id)
        start = clock()
        answered = execution.send(sent, trace.to_call(call.id))
        if not sent.is_poll:
            execution.emit(call_subsegment(trace, call, sent, Span(start, clock()), answered))
        return answered
