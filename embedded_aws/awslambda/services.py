"""What Lambda uses of the other services, and what it tells them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from embedded_aws.aws.ids import Clock, Ids
from embedded_aws.aws.interfaces import InvocationMetrics, LogSink, NoMetrics, SamplingDecision, SegmentSink
from embedded_aws.awslambda.faults import NONE, Injection
from embedded_aws.debugging.debugger import Debugger
from embedded_aws.debugging.standstill import Standstill
from embedded_aws.delivery.courier import Delivery
from embedded_aws.journal.records import InvocationRecord


@dataclass(frozen=True)
class Services:
    """`sink` takes segments, `logs` what workers write, `metrics` counts runs.

    `decide` decides for invocations of a function, by its ARN, that arrive without a decision.
    `record` takes what is to be known of an invocation, when it is accepted and again when it has ended.
    `injection` returns the faults of the next run of a function: by its ARN, and by the one that was invoked,
    which may end in a version or an alias. `record_faults` tells whether an unsampled run of a function with
    these environment variables is recorded when an injected fault meets it. `deliver` takes what goes to
    destinations and dead-letter queues. `standstill` holds the time limits; with a `debugger` somebody
    may stand at a line.
    """

    sink: SegmentSink
    decide: Callable[[str], SamplingDecision]
    logs: LogSink
    record: Callable[[InvocationRecord], None]
    clock: Clock
    ids: Ids
    deliver: Callable[[Delivery], None]
    injection: Callable[[str, str], Injection] = lambda *_: NONE
    metrics: InvocationMetrics = field(default_factory=NoMetrics)
    record_faults: Callable[[Mapping[str, str]], bool] = lambda _: False
    standstill: Standstill = field(default_factory=lambda: Standstill(time.time))
    debugger: Debugger | None = None
