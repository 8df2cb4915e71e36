from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from embedded_aws.aws.trace_header import TraceHeader
from embedded_aws.awslambda.catalog import Function
from embedded_aws.awslambda.fault_recording import FaultRecording, recorded_service_segment
from embedded_aws.awslambda.faults import NONE, Injection
from embedded_aws.awslambda.runtime.outcome import Outcome, Timing
from embedded_aws.awslambda.segments import Subject
from embedded_aws.awslambda.tracing import InvocationTrace

ROOT = "1-5e6f7a8b-0123456789abcdef01234567"
FAULT = Injection(delay=1.0, experiments=("on-purpose",))


def function(**variables: str) -> Function:
    return Function("f", "arn", "arn", "$LATEST", "f.handler", "python3.13", b"", "", variables=variables)


def trace(*, recorded: bool = False, active: bool = True) -> InvocationTrace:
    upstream = TraceHeader(root=ROOT, parent="0123456789abcdef", sampled=recorded)
    return InvocationTrace(upstream, recorded=recorded, active=active, service_id="00000000000000aa")


def of_setting(variables: Mapping[str, str]) -> bool:
    return "TRACING_KEEP" in variables


@pytest.fixture
def recording() -> FaultRecording:
    return FaultRecording(of_setting)


def test_a_run_with_a_fault_is_recorded_where_failures_are_kept(recording: FaultRecording) -> None:
    """The runtime is told to record, below a service segment with the id that the tracing library derives."""
    kept = recording.trace(trace(), function(TRACING_KEEP="fault"), "a-request", FAULT)
    assert kept is not None
    assert "Sampled=1" in kept.runtime_header("00000000000000bb")
    assert kept.service_id == "6b04fcef3450d8ad"
    assert kept.upstream.parent is None


@pytest.mark.parametrize(
    ("given", "variables", "injection"),
    [
        (trace(), {}, FAULT),
        (trace(), {"TRACING_KEEP": "fault"}, NONE),
        (trace(recorded=True), {"TRACING_KEEP": "fault"}, FAULT),
        (trace(active=False), {"TRACING_KEEP": "fault"}, FAULT),
    ],
)
def test_every_other_run_is_as_it_was(
    recording: FaultRecording, given: InvocationTrace, variables: dict[str, str], injection: Injection
) -> None:
    """Without the setting or a fault, sampled already, or without tracing."""
    assert recording.trace(given, function(**variables), "a-request", injection) is None


@pytest.mark.parametrize(
    ("event", "ends"),
    [({"order": 1}, []), ([1], []), ({"requestContext": {}}, ["end_time"]), ({"Records": []}, ["end_time"])],
)
def test_the_service_segment_is_open_for_callers_that_may_complete_it(event: Any, ends: list[str]) -> None:
    """An event of AWS's own services has no such caller."""
    subject, timing = Subject("f", "arn", "/aws/lambda/f"), Timing(1.0, 2.0)
    payload = json.dumps(event).encode()
    found = recorded_service_segment(trace(), subject, "a-request", payload, Outcome(b"{}"), timing)
    assert [key for key in ("in_progress", "end_time") if key in found] == (ends or ["in_progress"])


def test_runs_are_known_while_they_last(recording: FaultRecording) -> None:
    """Of two runs in one trace the second keeps it known; others are never known."""
    runs = recording
    with runs.during(function(TRACING_KEEP="fault"), ROOT):
        with runs.during(function(TRACING_KEEP="fault"), ROOT):
            assert ROOT in runs
        assert ROOT in runs
    assert ROOT not in runs
    with runs.during(function(), ROOT):
        assert ROOT not in runs
