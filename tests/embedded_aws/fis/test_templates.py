from __future__ import annotations

import pytest

from embedded_aws.aws.errors import ValidationError
from embedded_aws.fis.templates import parse_steps, selected_count
from tests.embedded_aws.fis.builders import DELAY, ERROR, action, request


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


def test_an_action_without_an_id_is_refused() -> None:
    """The shape of UpdateExperimentTemplate allows it."""
    with pytest.raises(ValidationError, match="Action a has no actionId"):
        parse_steps(request(actions={"a": {"parameters": {}}}))


def test_actions_that_wait_for_many_others_are_placed() -> None:
    """All paths through them are too many to walk, so each action is placed once."""
    actions = {"0": action(duration="PT1M")}
    for number in range(1, 20):
        actions[str(number)] = action(after=[str(number - 1)] * 1000, duration="PT1M")
    assert max(step.offset for step in parse_steps(request(actions=actions))) == 19 * 60


@pytest.mark.parametrize("duration", [f"PT{'9' * 1000}S", f"P{'9' * 5000}D"])
def test_a_duration_of_a_thousand_digits_is_refused(duration: str) -> None:
    """It is no number that a float holds, nor one that Python reads."""
    with pytest.raises(ValidationError, match='of parameter "duration" in action a is not valid'):
        parse_steps(request(actions={"a": action(duration=duration)}))


@pytest.mark.parametrize(
    ("mode", "count"), [("ALL", 5), ("COUNT(2)", 2), ("COUNT(9)", 5), ("PERCENT(50)", 2)]
)
def test_a_selection_mode_takes_so_many(mode: str, count: int) -> None:
    """ALL takes all, COUNT a number, PERCENT a share that is rounded down."""
    assert selected_count(mode, 5) == count
