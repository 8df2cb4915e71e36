"""What Lambda uses of the other services, and what it tells them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from embedded_aws.aws.ids import Clock, Ids
from embedded_aws.aws.interfaces import InvocationMetrics, LogSink, NoMetrics, SamplingDecision, SegmentSink
from embedded_aws.awslambda.faults import Faults, NoFaults
from embedded_aws.journal.records import InvocationRecord


class FunctionSampler(Protocol):
    """Decides for invocations that arrive without a decision."""

    def decide(self, function_arn: str) -> SamplingDecision:
        """Take one invocation into account and decide for it."""


@dataclass(frozen=True)
class Services:
    """`sink` takes segments, `logs` what workers write, `metrics` counts runs.

    `record` takes what is to be known of an invocation, when it is accepted and again when it has ended.
    `faults` says what experiments do to runs; `record_faults` whether an unsampled run of a function with
    these environment variables is recorded when an injected fault meets it.
    """

    sink: SegmentSink
    sampler: FunctionSampler
    logs: LogSink
    record: Callable[[InvocationRecord], None]
    clock: Clock
    ids: Ids
    faults: Faults = field(default_factory=NoFaults)
    metrics: InvocationMetrics = field(default_factory=NoMetrics)
    record_faults: Callable[[Mapping[str, str]], bool] = lambda _: False
