"""Faults that leave a trace although the request is not sampled: of runs, and of calls that runs make.

On AWS this is impossible: the decision is made at the head of the trace, FIS does not change it, and where
the handler does not run no code of the function can keep anything. Here the service that injects the fault
knows before the run that there will be something to see. So where the function asks for its failures
(`TRACING_KEEP`, of the tracing library's setting keepErrors) that run is recorded like a sampled one.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from embedded_aws.awslambda.catalog import Function
from embedded_aws.awslambda.faults import Injection
from embedded_aws.awslambda.runtime.outcome import Outcome, Span, Timing
from embedded_aws.awslambda.segments import Subject, service_segment
from embedded_aws.awslambda.tracing import InvocationTrace

_SETTING = "TRACING_KEEP"
_OF_SERVICES = frozenset({"Records", "records", "requestContext", "detail-type", "awslogs"})
"""Top-level keys of the events that AWS's own services send."""


def keeps(function: Function) -> bool:
    """Tell whether a function asks for its failures."""
    return bool(function.variables.get(_SETTING))


class KeptRuns:
    """The trace ids of runs of such functions, while they last: faults in their calls are kept as well."""

    def __init__(self) -> None:
        self._roots: Counter[str] = Counter()

    def __contains__(self, root: str) -> bool:
        return root in self._roots

    @contextmanager
    def during(self, function: Function, root: str) -> Iterator[None]:
        """Know of a run until the block ends."""
        if not keeps(function):
            yield
            return
        self._roots[root] += 1
        try:
            yield
        finally:
            self._roots[root] -= 1
            self._roots += Counter()  # drops what is down to zero


def kept_trace(
    trace: InvocationTrace, function: Function, request_id: str, injection: Injection
) -> InvocationTrace | None:
    """Return the trace of a run that is recorded only for its fault; `None` for every other run.

    The service segment gets the id that the tracing library derives from the request id: a caller that is
    kept as well sends that segment with its own as the parent. Whether one is, nobody knows yet.
    """
    if trace.recorded or not trace.active or not injection.experiments or not keeps(function):
        return None
    service_id = hashlib.sha256(request_id.encode()).hexdigest()[:16]
    return replace(trace, upstream=replace(trace.upstream, parent=None), recorded=True, service_id=service_id)


def kept_service_segment(  # noqa: PLR0917 - what the segment is made of
    trace: InvocationTrace,
    subject: Subject,
    request_id: str,
    payload: bytes,
    outcome: Outcome,
    timing: Timing,
) -> dict[str, Any]:
    """Return the `AWS::Lambda` segment of a run that was kept.

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
