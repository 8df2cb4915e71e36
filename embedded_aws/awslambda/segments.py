"""Lambda's own segments, in the new style: a service segment and, below it, one per run of the function.

Both are named like the function. Customer documents are children of the function segment.
https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from embedded_aws.aws.ids import Ids
from embedded_aws.awslambda.runtime.outcome import Outcome, Span, Timing
from embedded_aws.awslambda.tracing import InvocationTrace
from embedded_aws.debugging.standstill import Pause

PAUSE_NAMESPACE = "debugger"
"""The namespace of metadata that tells why and where a run was paused."""

FAULT_ANNOTATION = "fault.injected"
"""Names the experiments whose faults a run had."""


@dataclass(frozen=True)
class Subject:
    """The function that the segments are about."""

    name: str
    arn: str
    log_group: str


@dataclass(frozen=True)
class Attempt:
    """One run of an asynchronous invocation: `id` is its subsegment's."""

    id: str
    number: int
    span: Span
    status: int
    failed: bool


def service_segment(
    trace: InvocationTrace,
    subject: Subject,
    request_id: str,
    span: Span,
    *,
    status: int,
    fault: bool = False,
    subsegments: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return the `AWS::Lambda` segment: what the service saw of one invocation."""
    return _without_none(
        {
            "name": subject.name,
            "id": trace.service_id,
            "trace_id": trace.root,
            "parent_id": trace.upstream.parent,
            # Milliseconds, widened: what happened inside never sticks out.
            "start_time": math.floor(span.start * 1000) / 1000,
            "end_time": math.ceil(max(span.start, span.end) * 1000) / 1000,
            "origin": "AWS::Lambda",
            "resource_arn": subject.arn,
            "http": {"response": {"status": status}},
            "aws": {"request_id": request_id},
            **_flags(status, fault=fault),
            # The attributes that Lambda itself writes are unpublished; ids are what the link needs.
            "links": [{"trace_id": link.trace_id, "id": link.segment_id} for link in trace.links] or None,
            "subsegments": list(subsegments) or None,
        }
    )


def async_subsegments(
    dwell_id: str, accepted: float, dequeued: float, attempts: Sequence[Attempt]
) -> list[dict[str, Any]]:
    """Return what the service segment of an asynchronous invocation holds: the wait and every attempt."""
    dwell = {"id": dwell_id, "name": "Dwell Time", "start_time": accepted, "end_time": dequeued}
    return [dwell, *(_attempt(attempt) for attempt in attempts)]


def function_segment(  # noqa: PLR0917 - a document is made of its fields
    trace: InvocationTrace,
    subject: Subject,
    function_id: str,
    parent_id: str,
    outcome: Outcome,
    timing: Timing,
    ids: Ids,
) -> dict[str, Any]:
    """Return the `AWS::Lambda::Function` segment: one run in an execution environment.

    `Init` keeps its real times, so it may start before the segment itself.
    """
    return _without_none(
        {
            "name": subject.name,
            "id": function_id,
            "trace_id": trace.root,
            "parent_id": parent_id,
            "start_time": round(timing.start, 6),
            "end_time": round(timing.end, 6),
            "origin": "AWS::Lambda::Function",
            "aws": {"cloudwatch_logs": [{"log_group": subject.log_group}]},
            "annotations": {**_latencies(timing), **_faults(outcome)} or None,
            "fault": True if outcome.failed else None,
            "cause": _identified(outcome.cause, ids),
            "subsegments": _phases(timing, ids) or None,
        }
    )


def with_pauses(segment: dict[str, Any], pauses: Sequence[Pause], ids: Ids) -> dict[str, Any]:
    """Return a function segment with the times at which somebody stood at one of its lines; AWS knows none.

    Start and end stay what they were. Times before the start are those in which it waited for another event,
    or in Init.
    """
    if not pauses:
        return segment
    return {**segment, "subsegments": [*segment.get("subsegments", ()), *(_paused(p, ids) for p in pauses)]}


def _paused(pause: Pause, ids: Ids) -> dict[str, Any]:
    place = asdict(pause.place) if pause.place else {}
    return {
        **_phase("Paused", Span(pause.start, pause.end), ids),
        "metadata": {PAUSE_NAMESPACE: {"reason": pause.reason, **place}},
    }


def _flags(status: int, *, fault: bool) -> dict[str, bool]:
    flags = {}
    if status == 429:
        flags["throttle"] = True
    if 400 <= status < 500:
        flags["error"] = True
    if fault or status >= 500:
        flags["fault"] = True
    return flags


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "id": attempt.id,
        "name": f"Attempt #{attempt.number}",
        "start_time": attempt.span.start,
        "end_time": attempt.span.end,
        "http": {"response": {"status": attempt.status}},
        **_flags(attempt.status, fault=attempt.failed),
    }


def _phases(timing: Timing, ids: Ids) -> list[dict[str, Any]]:
    phases = []
    if timing.init:
        phases.append(_phase("Init", timing.init, ids))
    if timing.responding:
        phases.append(_phase("Overhead", Span(timing.responding.end, timing.end), ids))
    return phases


def _phase(name: str, span: Span, ids: Ids) -> dict[str, Any]:
    return {
        "id": ids.segment_id(),
        "name": name,
        "start_time": round(span.start, 6),
        "end_time": round(max(span.start, span.end), 6),
    }


def _latencies(timing: Timing) -> dict[str, float]:
    if timing.responding is None:
        return {}
    return {
        "aws:responseLatency": _milliseconds(timing.responding.start - timing.start),
        "aws:responseDuration": _milliseconds(timing.responding.end - timing.responding.start),
        "aws:runtimeOverhead": _milliseconds(timing.end - timing.responding.end),
        "aws:extensionOverhead": 0.0,
    }


def _faults(outcome: Outcome) -> dict[str, str]:
    # Not in AWS's segments: there the FIS extension tells only the function's log.
    return {FAULT_ANNOTATION: ", ".join(outcome.faults)} if outcome.faults else {}


def _milliseconds(seconds: float) -> float:
    return round(max(0.0, seconds) * 1000, 3)


def _identified(cause: Mapping[str, Any] | None, ids: Ids) -> dict[str, Any] | None:
    # The runtime sends exceptions without the id that X-Ray's documents require.
    if cause is None:
        return None
    exceptions = [{"id": ids.segment_id(), **item} for item in cause["exceptions"]]
    return {**cause, "exceptions": exceptions}


def _without_none(document: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if value is not None}
