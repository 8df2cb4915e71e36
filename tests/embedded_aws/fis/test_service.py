from __future__ import annotations

from typing import Any

import pytest

from embedded_aws.aws.errors import ConflictError, NotFoundError, QuotaError, ValidationError
from embedded_aws.awslambda.faults import NONE
from embedded_aws.fis.injection import Called
from tests.embedded_aws.fis.builders import (
    ALARM,
    ARN,
    DELAY,
    ERROR,
    RESPONSE,
    World,
    action,
    request,
    start,
    target,
)

OTHER = ARN.replace("worker", "front")


def status(fis: Any, experiment: str) -> str:
    return str(fis.experiment(experiment).state(fis.now()).status)


def test_without_experiments_nothing_is_injected() -> None:
    """A run that no experiment is about is left alone."""
    fis = World().fis()
    assert fis.injection(ARN, ARN) == NONE
    start(fis)
    assert fis.injection(OTHER, OTHER) == NONE


def test_a_percentage_hits_rolls_below_it() -> None:
    """Of 100 equally likely rolls as many are hit as the percentage says."""
    world = World()
    fis = world.fis()
    start(fis, actions={"fail": action(invocationPercentage="10")})
    hits = 0
    for number in range(100):
        world.roll = number / 100
        hits += fis.injection(ARN, ARN) != NONE
    assert hits == 10


def test_a_version_of_a_function_is_hit_with_it() -> None:
    """A target without qualifier means every version; one with a qualifier that one alone."""
    world = World(functions={ARN: {}, f"{ARN}:7": {}})
    fis = world.fis()
    start(fis, targets={"fn": target(f"{ARN}:7")})
    assert fis.injection(ARN, ARN) == NONE
    assert fis.injection(ARN, f"{ARN}:7") != NONE


def test_actions_follow_each_other() -> None:
    """An action is pending until those it waits for are over; then only it is in force."""
    world = World()
    fis = world.fis()
    actions = {"slow": action(DELAY), "fail": action(ERROR, after=["slow"])}
    experiment = fis.experiment(start(fis, actions=actions))
    states = {step.name: experiment.step_state(step, world.now).status for step in experiment.template.steps}
    assert states == {"slow": "running", "fail": "pending"}
    assert fis.injection(ARN, ARN).replacement is None
    world.now += 121
    states = {step.name: experiment.step_state(step, world.now).status for step in experiment.template.steps}
    assert states == {"slow": "completed", "fail": "running"}
    assert fis.injection(ARN, ARN).delay == 0


def test_a_later_conflicting_action_applies_when_the_earlier_one_ends() -> None:
    """As in AWS's picture: the second begins where the first ends, and ends at its own time."""
    world = World()
    fis = world.fis()
    start(fis, actions={"fail": action(ERROR)})
    world.now += 60
    response = action(RESPONSE, preventExecution="true", statusCode="503", contentTypeHeader="text/plain")
    start(fis, actions={"answer": response})

    def failed() -> bool | None:
        replacement = fis.injection(ARN, ARN).replacement
        return None if replacement is None else replacement.failed

    assert failed() is True
    world.now += 61
    assert failed() is False
    world.now += 60
    assert failed() is None


def test_of_conflicting_actions_of_one_template_the_first_applies() -> None:
    """They start at the same moment; AWS does not say what then counts, here it is the template's order."""
    fis = World().fis()
    response = action(RESPONSE, preventExecution="true", statusCode="503", contentTypeHeader="text/plain")
    start(fis, actions={"fail": action(ERROR), "answer": response})
    replacement = fis.injection(ARN, ARN).replacement
    assert replacement is not None
    assert replacement.failed


def test_identical_actions_apply_once() -> None:
    """Two delays do not add up: the earlier one counts."""
    world = World()
    fis = world.fis()
    start(fis, actions={"slow": action(DELAY, startupDelayMilliseconds="300")})
    world.now += 1
    start(fis, actions={"slower": action(DELAY, startupDelayMilliseconds="500")})
    assert fis.injection(ARN, ARN).delay == 0.3


def test_a_firing_alarm_stops_an_experiment_at_once() -> None:
    """An alarm that fires already when an experiment starts lets nothing happen."""
    fis = World(firing={ALARM}).fis()
    experiment = start(fis, stopConditions=[{"source": "aws:cloudwatch:alarm", "value": ALARM}])
    assert status(fis, experiment) == "stopped"
    assert fis.injection(ARN, ARN) == NONE


def test_targets_are_found_by_their_tags() -> None:
    """A target may name tags; the functions that have them all are resolved when it starts."""
    fis = World(functions={ARN: {"team": "a"}, OTHER: {"team": "b"}}).fis()
    by_tag = {"resourceType": "aws:lambda:function", "resourceTags": {"team": "b"}, "selectionMode": "ALL"}
    experiment = start(fis, targets={"fn": by_tag})
    assert fis.experiment(experiment).targets == {"fn": (OTHER,)}


@pytest.mark.parametrize(("mode", "expected"), [("fail", "failed"), ("skip", "completed")])
def test_an_empty_target_fails_or_is_skipped(mode: str, expected: str) -> None:
    """What happens without targets is the template's choice."""
    by_tag = {"resourceType": "aws:lambda:function", "resourceTags": {"team": "c"}, "selectionMode": "ALL"}
    fis = World().fis()
    experiment = start(fis, targets={"fn": by_tag}, experimentOptions={"emptyTargetResolutionMode": mode})
    assert status(fis, experiment) == expected


def test_skip_all_resolves_targets_only() -> None:
    """`skip-all` shows what would be hit, and hits nothing."""
    fis = World().fis()
    template = fis.create_template(request())
    experiment = fis.start(
        {
            "clientToken": "once",
            "experimentTemplateId": template.id,
            "experimentOptions": {"actionsMode": "skip-all"},
        }
    )
    assert experiment.targets == {"fn": (ARN,)}
    assert experiment.state(fis.now()).status == "completed"
    assert fis.injection(ARN, ARN) == NONE


def test_the_safety_lever_stops_everything() -> None:
    """An engaged lever stops what runs and lets nothing start until it is disengaged."""
    fis = World().fis()
    experiment = start(fis)
    fis.pull_lever("engaged", "an incident")
    assert status(fis, experiment) == "stopped"
    with pytest.raises(ConflictError, match="engaged"):
        start(fis)
    fis.pull_lever("disengaged", "it is over")
    assert status(fis, start(fis)) == "running"


def test_at_most_five_experiments_run() -> None:
    """The sixth gets FIS's quota error."""
    fis = World().fis()
    for _ in range(5):
        start(fis)
    with pytest.raises(QuotaError, match="5 experiments are running"):
        start(fis)


def test_an_ended_experiment_cannot_be_stopped() -> None:
    """Stopping what is over is refused, and says what it is."""
    world = World()
    fis = world.fis()
    experiment = start(fis)
    world.now += 121
    with pytest.raises(ValidationError, match="its status is completed"):
        fis.stop(experiment)


def test_a_client_token_starts_once() -> None:
    """A repeated request returns the experiment that it started."""
    fis = World().fis()
    template = fis.experiment(start(fis)).template.id
    again = {"clientToken": "same", "experimentTemplateId": template}
    assert fis.start(again).id == fis.start(again).id


def test_a_deleted_template_is_gone() -> None:
    """A template that was deleted cannot start, while its experiments stay."""
    fis = World().fis()
    experiment = start(fis)
    template = fis.experiment(experiment).template.id
    fis.delete_template(template)
    with pytest.raises(NotFoundError, match="not found"):
        fis.start({"clientToken": "x", "experimentTemplateId": template})
    assert status(fis, experiment) == "running"


def test_calls_are_hit_by_service_operation_and_resource() -> None:
    """A fault of calls is about one service, and about one operation and resource when they are named."""
    fis = World().fis()
    throttle = {
        "actionId": "aws:local-call:throttle",
        "parameters": {
            "duration": "PT2M",
            "service": "dynamodb",
            "operation": "PutItem",
            "resource": "items",
        },
    }
    start(fis, targets={}, actions={"throttle": throttle}, tags={"Name": "busy"})
    fault = fis.call_fault(Called("dynamodb", "PutItem", "items"))
    assert fault is not None
    assert (fault.kind, fault.experiment) == ("throttle", "busy")
    assert fis.call_fault(Called("dynamodb", "GetItem", "items")) is None
    assert fis.call_fault(Called("dynamodb", "PutItem", "others")) is None
    assert fis.call_fault(Called("s3", "PutItem", "items")) is None
