"""EventBridge: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Operations.html."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedded_aws.aws.schedule_expressions import ExpressionError, parse
from embedded_aws.delivery.targets import is_supported
from embedded_aws.engine.errors import EngineError
from embedded_aws.engine.registration import Update

if TYPE_CHECKING:
    from embedded_aws.engine.registration import Created, Registration, State
    from embedded_aws.engine.standing import Before

_DEFAULT_BUS = "default"

_TARGET_INPUTS = (
    "arn", "roleArn", "input", "inputPath", "inputTransformer", "retryPolicy", "deadLetterConfig",
    "sqsTarget", "kinesisTarget",
)  # fmt: skip
_TARGET_NAMES = {
    "sqsTarget": "SqsParameters",
    "kinesisTarget": "KinesisParameters",
    "inputPaths": "InputPathsMap",
}


def event_bus(r: Registration) -> Created:
    """Make the bus."""
    name = r.physical_name(max_length=256)
    arn = r.call("events", "create_event_bus", Name=name, Tags=r.tag_list())["EventBusArn"]
    return name, {"name": name, "arn": arn}


def event_rule(r: Registration) -> Created:
    """Send matching events, or one whenever the schedule is due, to the rule's targets."""
    name = r.physical_name(max_length=64)
    state = r.inputs.get("state", "ENABLED" if r.inputs.get("isEnabled", True) else "DISABLED")
    pattern = r.inputs.text("eventPattern") if "eventPattern" in r.inputs else None
    if "scheduleExpression" in r.inputs:
        check_schedule(r.inputs["scheduleExpression"])
    answer = r.call("events", "put_rule", Name=name, State=state, EventPattern=pattern, Tags=r.tag_list())
    bus = str(r.inputs.get("eventBusName", _DEFAULT_BUS))
    rule_id = name if bus == _DEFAULT_BUS else f"{bus}/{name}"
    return rule_id, {"name": name, "arn": answer["RuleArn"], "eventBusName": bus}


def check_schedule(text: str, timezone: str = "UTC", *, is_rule: bool = True) -> None:
    """Refuse a schedule expression that AWS would; raises EngineError that names it and what is allowed."""
    try:
        parse(text, timezone, is_rule=is_rule)
    except ExpressionError as error:
        raise EngineError(str(error)) from error


def update_event_rule(r: Registration, before: Before) -> State:
    """Put the rule again under its name; its targets stay."""
    del before
    event_rule(r)
    return {}


def event_target(r: Registration) -> Created:
    """Deliver to the target; one that nothing is delivered to here is stored only."""
    rule, target = str(r.inputs["rule"]).rpartition("/")[2], r.physical_name("targetId", max_length=64)
    described = {key: r.inputs[key] for key in _TARGET_INPUTS if key in r.inputs} | {"id": target}
    given = {**_bus(r), "rule": rule, "targets": [described]}
    r.call("events", "put_targets", _TARGET_NAMES, inputs=given)
    if not is_supported(r.inputs["arn"]):
        r.stored_only(f"EventBridge delivers nothing to {r.inputs['arn']} here")
    return f"{rule}-{target}", {"targetId": target}


def event_permission(r: Registration) -> Created:
    """Keep the permission; nothing is refused for lack of it."""
    action = r.inputs.get("action", "events:PutEvents")
    r.call("events", "put_permission", Action=action)
    bus = r.inputs.get("eventBusName", _DEFAULT_BUS)
    return f"{bus}/{r.inputs['statementId']}", {"eventBusName": bus, "action": action}


def event_bus_policy(r: Registration) -> Created:
    """Keep the policy; nothing is refused for lack of permission."""
    bus = r.inputs.get("eventBusName", _DEFAULT_BUS)
    r.client("events").put_permission(EventBusName=bus, Policy=r.inputs.text("policy"))
    return str(bus), {"eventBusName": bus}


def _bus(r: Registration) -> dict[str, str]:
    return {"eventBusName": r.inputs["eventBusName"]} if "eventBusName" in r.inputs else {}


RESOURCES = {
    "aws:cloudwatch/eventBus:EventBus": event_bus,
    "aws:cloudwatch/eventBusPolicy:EventBusPolicy": event_bus_policy,
    "aws:cloudwatch/eventPermission:EventPermission": event_permission,
    "aws:cloudwatch/eventRule:EventRule": event_rule,
    "aws:cloudwatch/eventTarget:EventTarget": event_target,
}

UPDATES = {
    "aws:cloudwatch/eventRule:EventRule": Update(
        update_event_rule, frozenset({"name", "namePrefix", "eventBusName"})
    ),
}
