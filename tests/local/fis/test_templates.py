from __future__ import annotations

import pytest

from local.fis.errors import FisError
from local.fis.templates import parse_steps, selected_count
from tests.local.fis.builders import ALARM, DELAY, ERROR, RESPONSE, action, request, target

REFUSED = {
    "an unknown action": (
        {"actions": {"a": action("aws:lambda:explode")}},
        404,
        "Action with ID .* not found",
    ),
    "no action": ({"actions": {}}, 400, "At least one action"),
    "a percentage of 0": ({"actions": {"a": action(invocationPercentage="0")}}, 400, "from 1 to 100"),
    "a percentage of 101": ({"actions": {"a": action(invocationPercentage="101")}}, 400, "from 1 to 100"),
    "a percentage in words": ({"actions": {"a": action(invocationPercentage="ten")}}, 400, '"ten"'),
    "a bad duration": ({"actions": {"a": action(duration="5m")}}, 400, "ISO 8601"),
    "no duration": ({"actions": {"a": action(duration="PT0S")}}, 400, "ISO 8601"),
    "too long a duration": ({"actions": {"a": action(duration="PT13H")}}, 400, "at most 12 hours"),
    "too long a delay": (
        {"actions": {"a": action(DELAY, startupDelayMilliseconds="900001")}},
        400,
        "from 0 to 900000",
    ),
    "an unexpected parameter": ({"actions": {"a": action(speed="1")}}, 400, 'Unexpected parameter "speed"'),
    "a missing parameter": (
        {"actions": {"a": action(RESPONSE, preventExecution="true")}},
        400,
        'required parameter "contentTypeHeader" is missing',
    ),
    "a flag that is none": ({"actions": {"a": action(preventExecution="yes")}}, 400, "true or false"),
    "a missing target": (
        {"actions": {"a": {**action(), "targets": {}}}},
        400,
        'required target "Functions" is missing',
    ),
    "an undefined target": (
        {"actions": {"a": {**action(), "targets": {"Functions": "x"}}}},
        400,
        "not defined",
    ),
    "an unexpected target": (
        {"actions": {"a": {**action(), "targets": {"Instances": "fn"}}}},
        400,
        'Unexpected target "Instances"',
    ),
    "an unused target": ({"targets": {"fn": target(), "other": target()}}, 400, "not used"),
    "another resource type": (
        {"targets": {"fn": target(resourceType="aws:ec2:instance")}},
        400,
        "not supported",
    ),
    "no resources": ({"targets": {"fn": target(resourceArns=[])}}, 400, "either resourceArns or"),
    "a bucket for a function": ({"targets": {"fn": target("arn:aws:s3:::a-bucket-of-mine")}}, 400, "Lambda"),
    "a bad selection": ({"targets": {"fn": target(selectionMode="SOME")}}, 400, "selection mode"),
    "a selection of 101 percent": (
        {"targets": {"fn": target(selectionMode="PERCENT(101)")}},
        400,
        "selection",
    ),
    "no stop condition": ({"stopConditions": []}, 400, "At least one stop condition"),
    "a stop condition that is none": (
        {"stopConditions": [{"source": "aws:cloudwatch:alarm", "value": "alarm"}]},
        400,
        "not the ARN of an alarm",
    ),
    "actions that wait for each other": (
        {"actions": {"a": action(after=["b"]), "b": action(after=["a"])}},
        400,
        "wait for each other",
    ),
    "an action that waits for nothing": ({"actions": {"a": action(after=["b"])}}, 400, "not defined"),
    "too many actions": ({"actions": {f"a{n}": action() for n in range(21)}}, 402, "at most 20"),
    "too many at once": ({"actions": {f"a{n}": action() for n in range(11)}}, 402, "at most 10"),
    "too many stop conditions": (
        {"stopConditions": [{"source": "aws:cloudwatch:alarm", "value": ALARM}] * 6},
        402,
        "at most 5",
    ),
    "too long an experiment": (
        {"actions": {"a": action(duration="PT8H"), "b": action(duration="PT8H", after=["a"])}},
        402,
        "longer than 12 hours",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_an_invalid_template_is_refused(case: str) -> None:
    """Each mistake gets FIS's status, and a message that names what is wrong."""
    changes, status, message = REFUSED[case]
    with pytest.raises(FisError, match=message) as raised:
        parse_steps(request(**changes))
    assert raised.value.status == status


def test_defaults_are_those_of_aws() -> None:
    """A delay is one second for every invocation unless the template says otherwise."""
    (step,) = parse_steps(request(actions={"slow": action(DELAY)}))
    assert step.values == {"duration": 120.0, "invocationPercentage": 100, "startupDelayMilliseconds": 1000}


def test_an_action_starts_after_the_last_of_those_it_waits_for() -> None:
    """`startAfter` gives every action its time."""
    actions = {
        "a": action(duration="PT1M"),
        "b": action(duration="PT3M"),
        "c": action(ERROR, after=["a", "b"]),
    }
    offsets = {step.name: step.offset for step in parse_steps(request(actions=actions))}
    assert offsets == {"a": 0.0, "b": 0.0, "c": 180.0}


@pytest.mark.parametrize(
    ("mode", "count"), [("ALL", 5), ("COUNT(2)", 2), ("COUNT(9)", 5), ("PERCENT(50)", 2)]
)
def test_a_selection_mode_takes_so_many(mode: str, count: int) -> None:
    """ALL takes all, COUNT a number, PERCENT a share that is rounded down."""
    assert selected_count(mode, 5) == count
