"""The setting `faults`, and when it is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.fault_settings import Calls, Experiment
from components.kinds import SettingError
from components.settings import parse_settings

SLOW = {"functions": ["worker"], "kind": "delay", "delay": 3, "percentage": 50, "duration": 120}
BUSY = {"calls": {"service": "dynamodb", "operation": "PutItem"}, "kind": "throttle"}


def parse(faults: Any, **more: str) -> tuple[Experiment, ...]:
    return parse_settings({"faults": json.dumps(faults), **more}).faults


def test_no_faults_are_the_default() -> None:
    """Without the setting there is nothing to inject."""
    assert parse_settings({}).faults == ()


def test_an_experiment_is_read() -> None:
    """Functions, kind, share and times are those of the setting."""
    (slow,) = parse({"slow": SLOW})
    assert (slow.name, slow.kind, slow.functions) == ("slow", "delay", ("worker",))
    assert (slow.delay, slow.percentage, slow.duration) == (3.0, 50, 120)


def test_calls_are_for_the_embedded_aws() -> None:
    """Faults of calls work where the stack is local, and nowhere else."""
    (busy,) = parse({"busy": BUSY}, local="true")
    assert busy.calls == Calls("dynamodb", "PutItem")
    with pytest.raises(
        SettingError, match=r"faults\.busy is about calls of dynamodb; AWS FIS cannot disturb"
    ):
        parse({"busy": BUSY})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"duration": 5}, r"faults\.bad\.duration is 5, but .* 60 seconds on AWS .* give 120 or more"),
        ({"percentage": 100}, r"faults\.bad\.percentage is 100, but .* its alarm could never stop it: .* 99"),
    ],
)
def test_what_cannot_work_on_aws_is_refused_for_aws(changes: dict[str, Any], message: str) -> None:
    """The embedded AWS has no time to catch up, and its experiments may break every request."""
    bad = {"functions": ["front"], "kind": "error", **changes}
    with pytest.raises(SettingError, match=message):
        parse({"bad": bad})
    assert len(parse({"bad": bad}, local="true")) == 1


def test_half_of_all_requests_meet_a_fault_by_default() -> None:
    """So that the alarm has room above."""
    (one,) = parse({"broken": {"functions": ["front"], "kind": "error"}})
    assert one.percentage == 50


def test_production_refuses_faults() -> None:
    """A production stack has none unless it says twice that it wants them."""
    with pytest.raises(SettingError, match="pulumi config set allowInProduction true"):
        parse({"slow": SLOW}, production="true")
    assert len(parse({"slow": SLOW}, production="true", allowInProduction="true")) == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "explode"}, "faults.slow.kind is 'explode', but must be one of delay, error, http"),
        ({"percentage": 0}, "faults.slow.percentage is 0, but must be a whole number from 1 to 100"),
        ({"percentage": 101}, "faults.slow.percentage is 101"),
        ({"duration": 43201}, "faults.slow.duration is 43201, but must be a whole number from 1 to 43200"),
        ({"delay": 901}, "faults.slow.delay is 901, but must be 0 to 900 seconds"),
        ({"functions": []}, "faults.slow.functions is .*, but must list 1 to 5 functions"),
        ({"status": 503}, "faults.slow has no status when it is of kind delay"),
        ({"kind": "error", "delay": 1}, "faults.slow has no delay when it is of kind error"),
    ],
)
def test_a_mistake_is_named(changes: dict[str, Any], message: str) -> None:
    """The error names the experiment, the key, the value and what is allowed."""
    with pytest.raises(SettingError, match=message):
        parse({"slow": {**SLOW, **changes}})


def test_a_number_may_be_text() -> None:
    """`pulumi config set --path faults.slow.delay 1.5` stores it so."""
    (experiment,) = parse({"slow": {**SLOW, "delay": "1.5", "percentage": "50"}})
    assert (experiment.delay, experiment.percentage) == (1.5, 50)


def test_a_flag_in_quotes_is_refused() -> None:
    """YAML's `"false"` is text, and would count as true."""
    with pytest.raises(SettingError, match=r"faults\.half\.instead is 'false', but must be true or false"):
        parse({"half": {"functions": ["front"], "kind": "error", "instead": "false"}})


@pytest.mark.parametrize("text", ["[]", "fast", "3"])
def test_something_else_than_experiments_is_refused(text: str) -> None:
    """The setting is an object."""
    with pytest.raises(SettingError, match="must be an object of experiments by name"):
        parse_settings({"faults": text})


def test_a_status_that_no_gateway_sends_is_refused() -> None:
    """API Gateway would answer 502 instead."""
    with pytest.raises(SettingError, match=r"faults\.odd\.status is 999"):
        parse({"odd": {"functions": ["front"], "kind": "http", "status": 999}})
