"""EventBridge Scheduler: https://docs.aws.amazon.com/scheduler/latest/APIReference/API_Operations.html."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedded_aws.delivery.targets import is_supported, is_universal
from embedded_aws.engine.resources.events import check_schedule

if TYPE_CHECKING:
    from embedded_aws.engine.registration import Created, Registration


def schedule(r: Registration) -> Created:
    """Call the target whenever the schedule is due; targets that nothing is delivered to are stored only."""
    name, group = r.physical_name(max_length=64), str(r.inputs.get("groupName", "default"))
    zone = r.inputs.get("scheduleExpressionTimezone", "UTC")
    check_schedule(r.inputs["scheduleExpression"], zone, is_rule=False)
    arn = r.call("scheduler", "create_schedule", Name=name)["ScheduleArn"]
    target = r.inputs["target"]["arn"]
    if not is_supported(target) and not is_universal(target):
        r.stored_only(f"EventBridge Scheduler delivers nothing to {target} here")
    if r.inputs["flexibleTimeWindow"].get("mode") == "FLEXIBLE":
        r.warn("flexible time windows have no effect: it is called when it is due")
    return f"{group}/{name}", {
        "name": name,
        "arn": arn,
        "groupName": group,
        "state": r.inputs.get("state", "ENABLED"),
    }


def schedule_group(r: Registration) -> Created:
    """Make the group."""
    name = r.physical_name(max_length=64)
    arn = r.call("scheduler", "create_schedule_group", Name=name, Tags=r.tag_list())["ScheduleGroupArn"]
    return name, {"name": name, "arn": arn, "state": "ACTIVE"}


RESOURCES = {
    "aws:scheduler/schedule:Schedule": schedule,
    "aws:scheduler/scheduleGroup:ScheduleGroup": schedule_group,
}
