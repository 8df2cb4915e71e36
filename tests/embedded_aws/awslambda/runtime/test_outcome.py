from __future__ import annotations

import json

import pytest

from embedded_aws.awslambda.runtime.outcome import MAX_CAUSE, exited, parse_cause, timed_out


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "Runtime exited without providing a reason"),
        (2, "Runtime exited with error: exit status 2"),
        (-9, "Runtime exited with error: signal: killed"),
        (-11, "Runtime exited with error: signal: segmentation fault"),
    ],
)
def test_an_exit_is_described_as_aws_does(code: int, words: str) -> None:
    """Exit status and signal appear in AWS's words."""
    message = json.loads(exited("r", code).payload)["errorMessage"]
    assert message == f"RequestId: r Error: {words}"


def test_a_timeout_names_its_seconds() -> None:
    """The timeout's message has two decimals."""
    message = json.loads(timed_out("r", 3).payload)["errorMessage"]
    assert message == "RequestId: r Error: Task timed out after 3.00 seconds"


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "{",
        "[]",
        "{}",
        '{"exceptions": 1}',
        '{"exceptions": [1]}',
        '{"exceptions": "' + "x" * MAX_CAUSE + '"}',
    ],
)
def test_a_malformed_cause_is_left_out(header: str | None) -> None:
    """Anything that is not a cause is ignored."""
    assert parse_cause(header) is None
