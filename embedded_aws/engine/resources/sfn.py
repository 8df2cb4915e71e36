"""Step Functions: https://docs.aws.amazon.com/step-functions/latest/apireference/API_Operations.html."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedded_aws.engine.registration import Update

if TYPE_CHECKING:
    from embedded_aws.engine.registration import Created, Registration, State
    from embedded_aws.engine.standing import Before

_LONGEST_NAME = 80


def state_machine(r: Registration) -> Created:
    """Execute the state machine, traced; executions are not logged."""
    name = r.physical_name(max_length=_LONGEST_NAME)
    tags = r.tag_list("key", "value")
    answer = r.call("stepfunctions", "create_state_machine", name=name, tags=tags, loggingConfiguration=None)
    if r.inputs.get("loggingConfiguration", {}).get("level", "OFF") != "OFF":
        r.warn("executions are not logged here; GetExecutionHistory tells what they did")
    arn = answer["stateMachineArn"]
    return arn, {
        "name": name,
        "arn": arn,
        "status": "ACTIVE",
        "creationDate": answer["creationDate"].isoformat(),
        "stateMachineVersionArn": answer.get("stateMachineVersionArn", ""),
    }


def update_state_machine(r: Registration, before: Before) -> State:
    """Change definition, role and tracing; executions that run end with the old ones, and all are kept."""
    r.call(
        "stepfunctions",
        "update_state_machine",
        stateMachineArn=before.standing.id,
        loggingConfiguration=None,
    )
    return {}


def activity(r: Registration) -> Created:
    """Stored only: keep the activity, whose tasks no worker gets."""
    name = r.physical_name(max_length=_LONGEST_NAME)
    answer = r.call("stepfunctions", "create_activity", name=name, tags=r.tag_list("key", "value"))
    r.stored_only("workers get no tasks of activities here; a state that waits for one fails")
    arn = answer["activityArn"]
    return arn, {"name": name, "arn": arn, "creationDate": answer["creationDate"].isoformat()}


RESOURCES = {
    "aws:sfn/activity:Activity": activity,
    "aws:sfn/stateMachine:StateMachine": state_machine,
}

UPDATES = {
    "aws:sfn/stateMachine:StateMachine": Update(
        update_state_machine, frozenset({"name", "namePrefix", "type"})
    ),
}
