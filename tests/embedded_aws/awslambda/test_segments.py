from __future__ import annotations

from typing import Any

import pytest

from embedded_aws.aws.interfaces import TraceLink
from embedded_aws.aws.trace_header import TraceHeader
from embedded_aws.awslambda.runtime.outcome import (
    Outcome,
    Span,
    Timing,
    exited,
    handler_failed,
    response_too_large,
    timed_out,
)
from embedded_aws.awslambda.segments import (
    Attempt,
    Subject,
    async_subsegments,
    function_segment,
    service_segment,
)
from embedded_aws.awslambda.tracing import InvocationTrace
from tests.embedded_aws.awslambda.counting_ids import CountingIds

ROOT = "1-5e6f7a8b-0123456789abcdef01234567"
SUBJECT = Subject("f", "arn:aws:lambda:us-east-1:123456789012:function:f", "/aws/lambda/f")
WARM = Timing(10.0, 10.5, None, Span(10.25, 10.375))
COLD = Timing(10.0, 10.5, Span(9.0, 9.75), Span(10.25, 10.375))
KILLED = Timing(10.0, 13.0)
CAUSE = '{"working_directory":"/w","exceptions":[{"message":"no","type":"E","stack":[]}],"paths":["/w/a.py"]}'


def trace(links: tuple[TraceLink, ...] = ()) -> InvocationTrace:
    return InvocationTrace(TraceHeader(ROOT, "aaaaaaaaaaaaaaaa", True), True, True, "5" * 16, links)


def service(status: int, **options: Any) -> dict[str, Any]:
    return service_segment(trace(), SUBJECT, "request", Span(1.2345, 2.3451), status=status, **options)


def function(outcome: Outcome, timing: Timing) -> dict[str, Any]:
    return function_segment(trace(), SUBJECT, "f" * 16, "5" * 16, outcome, timing, CountingIds())


def test_the_service_segment_whole() -> None:
    """A successful invocation's service segment, field by field, in milliseconds."""
    assert service(200) == {
        "name": "f",
        "id": "5" * 16,
        "trace_id": ROOT,
        "parent_id": "aaaaaaaaaaaaaaaa",
        "start_time": 1.234,
        "end_time": 2.346,
        "origin": "AWS::Lambda",
        "resource_arn": SUBJECT.arn,
        "http": {"response": {"status": 200}},
        "aws": {"request_id": "request"},
    }


@pytest.mark.parametrize(
    ("status", "fault", "flags"),
    [
        (200, False, set()),
        (200, True, {"fault"}),
        (202, False, set()),
        (404, False, {"error"}),
        (429, False, {"error", "throttle"}),
        (500, False, {"fault"}),
    ],
)
def test_flags_follow_the_status(*, status: int, fault: bool, flags: set[str]) -> None:
    """4xx is an error, 429 throttled as well, 5xx and a function's failure a fault."""
    document = service(status, fault=fault)
    assert {flag for flag in ("error", "throttle", "fault") if document.get(flag)} == flags


def test_the_function_segment_whole() -> None:
    """A cold, successful run's function segment, field by field."""
    assert function(Outcome(b"1"), COLD) == {
        "name": "f",
        "id": "f" * 16,
        "trace_id": ROOT,
        "parent_id": "5" * 16,
        "start_time": 10.0,
        "end_time": 10.5,
        "origin": "AWS::Lambda::Function",
        "aws": {"cloudwatch_logs": [{"log_group": "/aws/lambda/f"}]},
        "annotations": {
            "aws:responseLatency": 250.0,
            "aws:responseDuration": 125.0,
            "aws:runtimeOverhead": 125.0,
            "aws:extensionOverhead": 0.0,
        },
        "subsegments": [
            {"id": f"{1:016x}", "name": "Init", "start_time": 9.0, "end_time": 9.75},
            {"id": f"{2:016x}", "name": "Overhead", "start_time": 10.375, "end_time": 10.5},
        ],
    }


@pytest.mark.parametrize(
    ("outcome", "timing", "error_type"),
    [
        (handler_failed(b"{}", CAUSE), WARM, "E"),
        (handler_failed(b'{"errorType": "Runtime.ImportModuleError", "errorMessage": "m"}', None), COLD,
         "Runtime.ImportModuleError"),
        (timed_out("r", 3), KILLED, "Sandbox.Timedout"),
        (exited("r", 1), KILLED, "Runtime.ExitError"),
        (response_too_large(7_000_000), WARM, "Function.ResponseSizeTooLarge"),
    ],
)  # fmt: skip
def test_failures_are_faults_with_a_cause(outcome: Outcome, timing: Timing, error_type: str) -> None:
    """Every kind of failure is a fault, and its cause names it under an id of its own."""
    document = function(outcome, timing)
    (exception,) = document["cause"]["exceptions"]
    assert document["fault"] is True
    assert (exception["type"], len(exception["id"])) == (error_type, 16)


def test_a_killed_run_has_no_latencies() -> None:
    """A run without a response has neither latencies nor an Overhead."""
    document = function(timed_out("r", 3), KILLED)
    assert "annotations" not in document
    assert "subsegments" not in document


def test_the_runtimes_cause_is_kept_whole() -> None:
    """Working directory and paths of the runtime's cause reach the document."""
    cause = function(handler_failed(b"{}", CAUSE), WARM)["cause"]
    assert (cause["working_directory"], cause["paths"]) == ("/w", ["/w/a.py"])


def test_links_name_trace_and_segment() -> None:
    """A link holds the producer's trace and segment id."""
    document = service_segment(
        trace((TraceLink(ROOT, "b" * 16),)), SUBJECT, "request", Span(1, 2), status=200
    )
    assert document["links"] == [{"trace_id": ROOT, "id": "b" * 16}]


def test_attempts_follow_the_dwell_time() -> None:
    """An asynchronous invocation shows its wait, then every attempt with its status and flags."""
    attempts = [
        Attempt("1" * 16, 1, Span(2, 3), 429, failed=False),
        Attempt("2" * 16, 2, Span(4, 5), 200, failed=True),
    ]
    dwell, first, second = async_subsegments("d" * 16, 1, 2, attempts)
    assert (dwell["name"], dwell["start_time"], dwell["end_time"]) == ("Dwell Time", 1, 2)
    assert (first["name"], first["throttle"], first["http"]["response"]["status"]) == (
        "Attempt #1",
        True,
        429,
    )
    assert (second["name"], second["fault"]) == ("Attempt #2", True)
