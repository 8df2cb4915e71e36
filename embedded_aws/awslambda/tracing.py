"""What one invocation does with its caller's trace context: pure decisions, no I/O.

https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from embedded_aws.aws.ids import Ids
from embedded_aws.aws.interfaces import SamplingDecision, TraceLink
from embedded_aws.aws.trace_header import TraceHeader

TracingMode = Literal["Active", "PassThrough"]

MAX_LINKS = 20
"""X-Ray keeps at most this many links per segment."""


@dataclass(frozen=True)
class InvocationTrace:
    """The trace of one invocation.

    `recorded`: Lambda sends its own segments. `service_id` is the `AWS::Lambda` segment's id;
    `upstream` is the caller's context, completed with a root and a lineage. `decision` is Lambda's own,
    `None` where it made none.
    """

    upstream: TraceHeader
    recorded: bool
    active: bool
    service_id: str
    links: tuple[TraceLink, ...] = ()
    decision: SamplingDecision | None = None

    @property
    def root(self) -> str:
        return self.upstream.root or ""

    def destination_header(self) -> TraceHeader:
        """Return the context with which Lambda hands on what an invocation came to.

        With active tracing that is the service's segment and Lambda's decision, else the caller's context.
        AWS does not say; so a destination is called by the function, and not by whoever invoked that.
        """
        if not self.active:
            return self.upstream
        return TraceHeader(
            self.root, self.service_id, self.recorded, self.upstream.lineage, self.upstream.extra
        )

    def runtime_header(self, function_id: str) -> str:
        """Return what the runtime finds in `_X_AMZN_TRACE_ID`.

        With active tracing the parent is the function segment, whether it is recorded or not;
        without, the caller's header passes through unchanged.
        """
        if not self.active:
            return self.upstream.format()
        return TraceHeader(
            self.root, function_id, self.recorded, self.upstream.lineage, self.upstream.extra
        ).format()


def trace_invocation(
    mode: TracingMode,
    upstream: TraceHeader,
    links: Sequence[TraceLink],
    arn: str,
    *,
    decide: Callable[[str], SamplingDecision],
    ids: Ids,
    now: float,
) -> InvocationTrace:
    """Decide about one invocation.

    The upstream decision wins. Without one, an active function asks `decide` (1 request per second and
    5 % of the rest), and a pass-through function hands on a context without any decision: the SDKs then
    do not record.
    """
    lineage = upstream.lineage or _new_lineage(arn)
    if upstream.root is None:
        # Links start a trace of their own; the producers' decision still holds for it.
        upstream = TraceHeader(root=ids.trace_id(now), sampled=upstream.sampled)
        upstream = _with_lineage(upstream, lineage)
    elif mode == "Active":
        upstream = _with_lineage(upstream, lineage)
    active = mode == "Active"
    decision = decide(arn) if active and upstream.sampled is None else None
    sampled = decision.sampled if decision else upstream.sampled
    return InvocationTrace(
        upstream=upstream,
        recorded=active and bool(sampled),
        active=active,
        service_id=ids.segment_id(),
        links=tuple(links[:MAX_LINKS]),
        decision=decision,
    )


def _with_lineage(header: TraceHeader, lineage: str) -> TraceHeader:
    return TraceHeader(header.root, header.parent, header.sampled, lineage, header.extra)


def _new_lineage(arn: str) -> str:
    # AWS does not publish the field's meaning; observed values have this shape.
    return f"1:{hashlib.sha256(arn.encode()).hexdigest()[:8]}:0"
