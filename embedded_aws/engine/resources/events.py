"""EventBridge rules and Step Functions.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Operations.html
https://docs.aws.amazon.com/step-functions/latest/apireference/API_Operations.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from embedded_aws.engine.registration import Created, Registration


def event_rule(r: Registration) -> Created:
    """Keep the rule."""
    name = r.physical_name(max_length=64)
    state = r.inputs.get("state", "ENABLED" if r.inputs.get("isEnabled", True) else "DISABLED")
    arn = r.call("events", "put_rule", Name=name, State=state, Tags=r.tag_list())["RuleArn"]
    return name, {"name": name, "arn": arn}


def event_target(r: Registration) -> Created:
    """Stored only: keep the target, which is not invoked."""
    rule, target = r.inputs["rule"], r.physical_name("targetId", max_length=64)
    keys = ("arn", "input", "inputPath", "roleArn", "retryPolicy", "deadLetterConfig", "sqsTarget")
    described = {key: r.inputs[key] for key in keys if key in r.inputs} | {"id": target}
    names = {"sqsTarget": "SqsParameters"}
    r.call("events", "put_targets", names, inputs={**_bus(r), "rule": rule, "targets": [described]})
    r.stored_only("EventBridge does not invoke targets here; the rule exists, but fires nothing")
    return f"{rule}-{target}", {"targetId": target}


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


def _bus(r: Registration) -> dict[str, str]:
    return {"eventBusName": r.inputs["eventBusName"]} if "eventBusName" in r.inputs else {}


RESOURCES = {
    "aws:cloudwatch/eventRule:EventRule": event_rule,
    "aws:cloudwatch/eventTarget:EventTarget": event_target,
    "aws:sfn/stateMachine:StateMachine": state_machine,
}
