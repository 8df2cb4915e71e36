"""How experiments end: stopped, over, or without their function."""

from __future__ import annotations

import pytest

from tests.e2e.faults.subject import FAULTS, KINDS, Subject, check, check_clean, start
from tests.e2e.lab import Lab


def test_a_stopped_experiment_says_so(subject: Subject) -> None:
    """Its state and that of its action are those of FIS, and nothing is injected any more."""
    fis = subject.lab.fis
    experiment = start(subject, FAULTS["error instead"])
    assert fis.get_experiment(id=experiment)["experiment"]["state"]["status"] == "running"
    assert subject.lab.get(subject.url).status == 502
    stopped = fis.stop_experiment(id=experiment)["experiment"]
    assert stopped["state"] == {"status": "stopped", "reason": "Experiment halted by user."}
    assert stopped["actions"]["fault"]["state"]["status"] == "stopped"
    check_clean(subject, subject.lab.get(subject.url))


@pytest.mark.parametrize("kind", KINDS)
def test_the_next_request_after_the_end_is_clean(subject: Subject, kind: str) -> None:
    """When its duration is over an experiment is completed, and the very next request is left alone."""
    experiment = start(subject, FAULTS[kind], duration="PT2M")
    subject.lab.time.passed += 118
    check(subject, FAULTS[kind], subject.lab.get(subject.url))
    subject.lab.time.passed += 2
    check_clean(subject, subject.lab.get(subject.url))
    found = subject.lab.fis.get_experiment(id=experiment)["experiment"]
    assert found["state"] == {"status": "completed", "reason": "Experiment completed."}
    assert (found["endTime"] - found["startTime"]).total_seconds() == 120


def test_an_experiment_fails_when_its_function_disappears(lab: Lab) -> None:
    """The reason of a failed experiment names the function that is gone."""
    arn = lab.function("otel", "short-lived")
    subject = Subject(lab, arn, "")
    experiment = start(subject, FAULTS["error instead"])
    lab.stack.client("lambda").delete_function(FunctionName="short-lived")
    state = lab.fis.get_experiment(id=experiment)["experiment"]["state"]
    assert state == {"status": "failed", "reason": f"Target function {arn} no longer exists."}
    again = start(subject, FAULTS["error instead"])
    state = lab.fis.get_experiment(id=again)["experiment"]["state"]
    assert state == {"status": "failed", "reason": f"Error resolving targets. Function not found: {arn}"}
