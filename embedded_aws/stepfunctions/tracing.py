"""What an execution does with the trace of whoever started it: a pure decision.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-xray-tracing.html
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from embedded_aws.aws.interfaces import Sampler, SamplingRequest
from embedded_aws.aws.trace_header import TraceHeader

if TYPE_CHECKING:
    from embedded_aws.aws.ids import Ids

ORIGIN = "AWS::StepFunctions::StateMachine"


@dataclass(frozen=True)
class Machine:
    """The state machine of an execution; `is_traced`: its tracing is enabled."""

    name: str
    arn: str
    is_traced: bool


@dataclass(frozen=True)
class Trace:
    """The trace of one execution.

    `recorded`: a segment is sent, whose id is `segment_id`; `inferred`: on AWS it would not be.
    `sampled` is what callees are told.
    """

    incoming: TraceHeader
    root: str
    segment_id: str
    recorded: bool
    inferred: bool
    sampled: bool | None

    def to_call(self, call_id: str) -> TraceHeader:
        """The context of a call whose subsegment has this id."""
        parent = call_id if self.recorded else self.incoming.parent
        return replace(self.incoming, root=self.root, parent=parent, sampled=self.sampled)


def begin(machine: Machine, incoming: TraceHeader, sampler: Sampler, ids: Ids, now: float) -> Trace:
    """Decide about one execution.

    A trace that is passed on is followed, also where the machine's tracing is off; where it is on, one is
    begun if none came. X-Ray's rules decide what the header leaves open.

    Without either, AWS sends nothing and hands on nothing. So that the execution is seen here, a segment that
    is marked `inferred` stands for it, as for an HTTP API; Lambda then decides by itself whether it traces.
    """
    if incoming.root is None:
        incoming = TraceHeader()
    sampled = incoming.sampled
    if sampled is None:
        request = SamplingRequest(machine.name, ORIGIN, "", "", "", machine.arn)
        sampled = sampler.decide(request).sampled
    inferred = incoming.root is None and not machine.is_traced
    return Trace(
        incoming,
        incoming.root or ids.trace_id(now),
        ids.segment_id(),
        recorded=sampled,
        inferred=inferred,
        sampled=None if inferred else sampled,
    )
