"""What a request may take."""

from __future__ import annotations

import pytest

from waterfall.proof.budgets import Measured, judge, read_budget

MEASURED = Measured(
    seconds={None: [0.1, 0.2, 0.3], "DynamoDB": [0.01, 0.03], "DynamoDB PutItem": [0.01, 0.03]},
    calls={"DynamoDB": 2, "DynamoDB PutItem": 2, None: 3},
    errors=["S3 GetObject: error"],
    cold_starts=[0.8],
)


@pytest.mark.parametrize(
    ("text", "ok", "found"),
    [
        ("p95 <= 300ms", True, "300.0ms"),
        ("p50<=0.15s", False, "200.0ms"),
        ("median <= 200 ms", True, "200.0ms"),
        ("max <= 299ms", False, "300.0ms"),
        ("DynamoDB PutItem p95 <= 20ms", False, "30.0ms"),
        ("DynamoDB max <= 30ms", True, "30.0ms"),
        ("S3 p95 <= 20ms", None, "no such span"),
        ("calls DynamoDB <= 1", False, "2"),
        ("calls DynamoDB <= 2", True, "2"),
        ("calls S3 <= 0", True, "0"),
        ("calls <= 2", False, "3"),
        ("no errors", False, "S3 GetObject: error"),
        ("no faults", True, "none"),
        ("cold start <= 1s", True, "800.0ms"),
        ("cold start <= 500ms", False, "800.0ms"),
    ],
)
def test_each_kind_of_budget_is_judged(text: str, *, ok: bool | None, found: str) -> None:
    """Of the request and of spans, calls of a service or of an operation, failures, cold starts."""
    verdict = judge(read_budget(text), MEASURED)
    assert (verdict.ok, verdict.found) == (ok, found)


def test_a_cold_start_that_was_not_seen_is_not_judged() -> None:
    """Only a stack that has just started has one."""
    verdict = judge(read_budget("cold start <= 1s"), Measured({}))
    assert (verdict.ok, verdict.found) == (None, "no cold start was seen")


@pytest.mark.parametrize("text", ["", "fast", "p95 < 300ms", "p95 <= 300", "calls S3 <= many", "no bugs"])
def test_what_is_no_budget_is_refused(text: str) -> None:
    """With the forms that there are."""
    with pytest.raises(ValueError, match=r"is not a budget: give one of `p95 <= 300ms`"):
        read_budget(text)
