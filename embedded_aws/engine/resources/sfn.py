"""Step Functions: https://docs.aws.amazon.com/step-functions/latest/apireference/API_Operations.html."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from embedded_aws.engine.registration import Created, Registration


def state_machine(r: Registration) -> Created:
    """Stored only: keep the state machine, which is not executed."""
    name = r.physical_name(max_length=80)
    answer = r.call("stepfunctions", "create_state_machine", name=name, tags=r.tag_list("key", "value"))
    r.stored_only("Step Functions does not execute state machines here; it exists, but runs nothing")
    arn = answer["stateMachineArn"]
    return arn, {
        "name": name,
        "arn": arn,
        "status": "ACTIVE",
        "creationDate": answer["creationDate"].isoformat(),
    }


RESOURCES = {"aws:sfn/stateMachine:StateMachine": state_machine}
