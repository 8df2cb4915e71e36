"""Where a trace failed."""

from __future__ import annotations

import pytest

from tests.waterfall import samples
from tests.waterfall.samples import aws_call, cause, exception, segment, subsegment, trace
from waterfall.traces.failure import Failed, failed_at
from waterfall.traces.model import Failure, Frame
from waterfall.traces.stacks import line_of

DATA = "/home/me/shop/.waterfall/lambda"
A, B, C, D = (f"{letter}000000000000001" for letter in "abcd")


def found(*documents: dict[str, object]) -> Failed:
    """Return where the trace of these documents failed."""
    failed = failed_at(trace(documents))
    assert failed is not None
    return failed


def test_a_failure_is_followed_to_the_call_that_raised_it() -> None:
    """The handler made another exception of it, which is told beside it, each with its line."""
    failed = found(*samples.failed())
    assert (failed.origin.node.name, failed.outcome and failed.outcome.node.name) == (
        "DynamoDB",
        "front.handler",
    )
    assert failed.origin.failure
    assert failed.origin.failure.type == "ResourceNotFoundException"
    assert failed.outcome
    assert failed.outcome.failure
    assert failed.outcome.failure.type == "LookupError"
    assert failed.origin.frame == Frame("app.py", 31, "load")


def test_what_was_handled_is_no_reason() -> None:
    """An exception of its own is not laid to a call that failed before and was caught."""
    caught = aws_call("DynamoDB", C, 0.1, 0.2, "GetItem", status=400, error=True, cause=cause(
        exception("ConditionalCheckFailedException", "taken", D)
    ))  # fmt: skip
    handled = subsegment("handler", B, 0, 1, fault=True, cause=cause(exception("ValueError", "no name")))
    failed = found(segment("top", A, 0, 1, fault=True, subsegments=[{**handled, "subsegments": [caught]}]))
    assert (failed.origin.node.name, failed.outcome) == ("handler", None)


def test_without_exceptions_the_innermost_failure_is_told() -> None:
    """A throttled function records nothing but its status."""
    failed = found(*samples.throttled())
    assert (failed.origin.node.name, failed.origin.node.status, failed.origin.failure) == (
        "front",
        "throttle",
        None,
    )


def test_a_failure_that_a_function_answered_is_followed_into_it() -> None:
    """Lambda's own segments are well, as the function did answer."""
    failed = found(*samples.answered_502())
    assert (failed.origin.node.name, failed.outcome) == ("AskWorker", None)
    assert failed.origin.failure
    assert failed.origin.failure.type == "WorkerError"


def test_a_client_s_error_is_not_laid_to_what_is_behind_a_node_that_is_well() -> None:
    """Only a fault is followed there: what was refused inside is mostly handled."""
    refused = aws_call("DynamoDB", C, 0.1, 0.2, "GetItem", status=400, error=True)
    well = subsegment("handler", B, 0, 1, subsegments=[refused])
    failed = found(segment("top", A, 0, 1, error=True, subsegments=[well]))
    assert failed.origin.node.name == "top"


def test_what_is_behind_nodes_that_are_well_is_found_however_deep() -> None:
    """A program may nest as many spans as it likes."""
    failing = subsegment("inner", B, 0, 1, fault=True, cause=cause(exception("ValueError", "no name")))
    for level in range(2000):
        failing = subsegment("well", f"d{level:015x}", 0, 1, subsegments=[failing])
    failed = found(segment("top", A, 0, 1, fault=True, subsegments=[failing]))
    assert failed.origin.node.name == "inner"


def test_a_timeout_names_what_was_waited_for() -> None:
    """The innermost span without an end is what the function was in."""
    failed = found(*samples.timed_out())
    assert failed.origin.failure
    assert failed.origin.failure.type == "Sandbox.Timedout"
    assert failed.waiting
    assert failed.waiting.name == "slow.example.com"


def test_a_trace_that_answered_well_did_not_fail() -> None:
    """Neither did one without segments."""
    assert failed_at(trace(samples.request())) is None
    assert failed_at(trace(samples.disturbed())) is None
    assert failed_at(trace([])) is None


@pytest.mark.parametrize(
    ("paths", "line"),
    [
        (["/var/task/app.py", "/opt/python/botocore/client.py"], "app.py"),
        (["/var/task/app.py", "/var/task/shop/load.py"], "shop/load.py"),
        ([f"{DATA}/task/35d9bfbea11c631fd39251b8/app.py", f"{DATA}/layer/{'0c' * 12}/python/x.py"], "app.py"),
        ([f"{DATA}/traced-api/adot/cpython-311/python/otel_wrapper.py", "/var/task/app.py"], "app.py"),
        (["app.py", "lib/python3.13/site-packages/boto3/x.py", "<frozen importlib>"], "app.py"),
        (["/var/runtime/bootstrap.py", "/var/lang/lib/json.py"], "/var/lang/lib/json.py"),
        ([], None),
    ],
)
def test_the_line_is_one_of_the_program_s_own(paths: list[str], line: str | None) -> None:
    """Innermost, unless all of them are a library's."""
    stack = tuple(Frame(path, 1, "f") for path in paths)
    frame = line_of(Failure("Error", "", stack=stack))
    assert (frame.path if frame else None) == line


def test_a_failed_call_of_boto3_is_told_with_the_line_that_made_it() -> None:
    """Of the X-Ray SDK's stacks too, whose files have lost their folders."""
    calls = [("client.py", "_api_call"), ("context.py", "wrapper"), ("client.py", "_make_api_call")]
    stack = (Frame("client.py", 7, "subscribe"), *(Frame(path, 1, label) for path, label in calls))
    frame = line_of(Failure("ClientError", "", stack=stack))
    assert frame == Frame("client.py", 7, "subscribe")


@pytest.mark.parametrize(
    ("directory", "file", "order"),
    [("/var/task", "app.py", 1), (None, "app.py", -1), ("/var/task", "app.js", -1)],
    ids=["as Python prints it", "from OTLP", "of JavaScript"],
)
def test_the_innermost_frame_is_found_in_whatever_order_they_are(
    directory: str | None, file: str, order: int
) -> None:
    """The X-Ray SDK for Python and Lambda begin with the handler, others with what raised."""
    stack = [{"path": f"/var/task/{name}/{file}", "line": 1, "label": "f"} for name in ("outer", "inner")]
    told = {"exceptions": [{"type": "Error", "message": "", "stack": stack[::order]}]}
    where = {"working_directory": directory} if directory else {}
    failed = found(segment("top", A, 0, 1, fault=True, cause={**where, **told}))
    assert failed.origin.frame == Frame(f"inner/{file}", 1, "f")
