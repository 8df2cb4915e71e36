from __future__ import annotations

import pytest

from local.fis.templates import parse_steps, selected_count
from tests.local.fis.builders import DELAY, ERROR, action, request


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
