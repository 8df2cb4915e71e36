"""Faults that leave a trace although the request is not sampled: of runs, and of calls that runs make.

On AWS this is impossible: the decision is made at the head of the trace, FIS does not change it, and where
the handler does not run no code of the function can record anything. Here the service that injects the fault
knows before the run that there will be something to see. So where `record_faults` says so of a function's
environment variables, that run is recorded like a sampled one.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from embedded_aws.aws.ids import service_segment_id
from embedded_aws.awslambda.catalog import Function
from embedded_aws.awslambda.faults import Injection
from embedded_aws.awslambda.runtime.outcome import Outcome, Span, Timing
from embedded_aws.awslambda.segments import Subject, service_segment
from embedded_aws.awslambda.tracing import InvocationTrace

_OF_SERVICES = frozenset({"Records", "records", "requestContext", "detail-type", "awslogs"})
"""Top-level keys of the events that AWS's own services send."""


class FaultRecording:
    """Decides what is recorded for its fault alone, and has the trace ids of the runs that may be.

    The ids are there while such runs last: faults in their calls are recorded as well.
    """

    def __init__(self, record_faults: Callable[[Mapping[str, str]], bool]) -> None:
        self._record_faults = record_faults
        self._roots: Counter[str] = Counter()

    def __contains__(self, root: str) -> bool:
        return root in self._roots

    @contextmanager
    def during(self, function: Function, root: str) -> Iterator[None]:
        """Know of a run until the block ends."""
        if not self._record_faults(function.variables):
            yield
            return
        self._roots[root] += 1
        try:
            yield
        finally:
            self._roots[root] -= 1
            self._roots += Counter()  # drops what is down to zero

    def trace(
        self, trace: InvocationTrace, function: Function, request_id: str, injection: Injection
    ) -> InvocationTrace | None:
        """Return the trace of a run that is recorded only for its fault; `None` for every other run.

        The service segment's id follows from the request id: a caller that records its failures by itself
        sends that segment with its own as the parent. Whether one does, nobody knows yet.
        """
        if trace.recorded or not trace.active or not injection.experiments:
            return None
        if not self._record_faults(function.variables):
            return None
        upstream = replace(trace.upstream, parent=None)
        return replace(trace, upstream=upstream, recorded=True, service_id=service_segment_id(request_id))


def recorded_service_segment(  # noqa: PLR0917 - what the segment is made of
    trace: InvocationTrace,
    subject: Subject,
    request_id: str,
    payload: bytes,
    outcome: Outcome,
    timing: Timing,
) -> dict[str, Any]:
    """Return the `AWS::Lambda` segment of a run that was recorded for its fault.

    It is left open for callers of Invoke: theirs is the complete one, and replaces it.
    """
    span = Span(timing.start, timing.end)
    segment = service_segment(trace, subject, request_id, span, status=200, fault=outcome.failed)
    if _is_of_service(payload):
        return segment
    return {**{key: value for key, value in segment.items() if key != "end_time"}, "in_progress": True}


def _is_of_service(payload: bytes) -> bool:
    event = json.loads(payload)
    return isinstance(event, dict) and not _OF_SERVICES.isdisjoint(event)
