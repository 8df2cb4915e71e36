from __future__ import annotations

import pytest

from embedded_aws.cloudwatch.evaluation import Datapoint, Missing, Rule, judge

ABOVE = "GreaterThanThreshold"


def points(text: str) -> list[Datapoint]:
    """Read CloudWatch's notation, oldest first: X breaches a threshold of 1, 0 does not, - is missing."""
    found = [Datapoint(60.0 * at, 2.0 if mark == "X" else 0.0) for at, mark in enumerate(text) if mark != "-"]
    return found[::-1]


# The tables of the page on missing data: three datapoints needed of three, and two of three.
TREATED = {
    3: {
        "0-X-X": ("OK", "OK", "OK", "OK"),
        "0----": ("OK", "OK", "OK", "OK"),
        "-----": ("INSUFFICIENT_DATA", "as it was", "ALARM", "OK"),
        "0XX-X": ("ALARM", "ALARM", "ALARM", "ALARM"),
        "--X--": ("ALARM", "as it was", "ALARM", "OK"),
    },
    2: {
        "0-X-X": ("ALARM", "ALARM", "ALARM", "ALARM"),
        "00X0X": ("ALARM", "ALARM", "ALARM", "ALARM"),
        "0-X--": ("OK", "OK", "ALARM", "OK"),
        "----0": ("OK", "OK", "ALARM", "OK"),
        "---X-": ("ALARM", "as it was", "ALARM", "OK"),
    },
}
CASES = [
    (needed, text, missing, expected)
    for needed, rows in TREATED.items()
    for text, states in rows.items()
    for missing, expected in zip(("missing", "ignore", "breaching", "notBreaching"), states, strict=True)
]


@pytest.mark.parametrize(("needed", "text", "missing", "expected"), CASES)
def test_missing_datapoints_are_treated_as_cloudwatch_documents(
    needed: int, text: str, missing: Missing, expected: str
) -> None:
    """Each row of CloudWatch's tables gives its state, whatever the state was before."""
    rule = Rule(ABOVE, 1.0, periods=3, needed=needed, missing=missing)
    for current in ("OK", "ALARM"):
        found = judge(rule, points(text), current)
        assert found.state == (current if expected == "as it was" else expected)


@pytest.mark.parametrize(
    ("operator", "states"),
    [
        ("GreaterThanThreshold", ("OK", "OK", "ALARM")),
        ("GreaterThanOrEqualToThreshold", ("OK", "ALARM", "ALARM")),
        ("LessThanThreshold", ("ALARM", "OK", "OK")),
        ("LessThanOrEqualToThreshold", ("ALARM", "ALARM", "OK")),
    ],
)
def test_an_operator_compares_with_the_threshold(operator: str, states: tuple[str, ...]) -> None:
    """Below, at and above the threshold."""
    rule = Rule(operator, 1.0)
    assert tuple(judge(rule, [Datapoint(0.0, value)], "OK").state for value in (0.5, 1.0, 1.5)) == states


def test_a_reason_names_the_datapoints_that_decided() -> None:
    """It is CloudWatch's sentence: how many, which, when, and how many it takes."""
    rule = Rule(ABOVE, 0.5, periods=3, needed=2)
    found = judge(rule, [Datapoint(120.0, 1.0), Datapoint(60.0, 0.25), Datapoint(0.0, 0.75)], "OK")
    assert found.reason == (
        "Threshold Crossed: 2 out of the last 3 datapoints "
        "[1.0 (01/01/70 00:02:00), 0.75 (01/01/70 00:00:00)] were greater than the threshold (0.5) "
        "(minimum 2 datapoints for OK -> ALARM transition)."
    )


def test_a_reason_names_the_datapoints_of_a_recovery() -> None:
    """Back to OK it takes so many healthy datapoints that not enough can breach."""
    found = judge(Rule(ABOVE, 0.5), [Datapoint(0.0, 0.0)], "ALARM")
    assert found.reason == (
        "Threshold Crossed: 1 out of the last 1 datapoints [0.0 (01/01/70 00:00:00)] was not greater than "
        "the threshold (0.5) (minimum 1 datapoint for ALARM -> OK transition)."
    )


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        ("missing", "Insufficient Data: 1 datapoint was unknown."),
        (
            "notBreaching",
            (
                "Threshold Crossed: no datapoints were received for 1 period "
                "and 1 missing datapoint was treated as [NonBreaching]."
            ),
        ),
    ],
)
def test_a_reason_tells_that_nothing_came(missing: Missing, reason: str) -> None:
    """Without any datapoint the reason says how that was taken."""
    assert judge(Rule(ABOVE, 0.5, missing=missing), [], "OK").reason == reason
