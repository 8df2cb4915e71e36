"""What EventBridge Scheduler calls for a schedule: pure functions on a schedule as moto keeps it.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets.html
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from embedded_aws.aws.ids import Ids
from embedded_aws.aws.interfaces import ACCOUNT_ID
from embedded_aws.delivery.courier import Delivery
from embedded_aws.delivery.retries import EVENTBRIDGE
from embedded_aws.delivery.targets import UNIVERSAL, ApiCall, Parcel, is_universal
from embedded_aws.eventbridge.event import timestamp
from embedded_aws.eventbridge.rules import dead_attributes

_SERVICES = {"sfn": "stepfunctions", "eventbridge": "events", "cloudwatchlogs": "logs"}
"""Where the SDK's names of universal targets are not botocore's."""


def delivery_of(schedule: Any, region: str, due: float, now: float, ids: Ids) -> Delivery:
    """Return what a schedule sends when it is due."""
    target: Mapping[str, Any] = schedule.target
    execution = ids.segment_id()
    text = _filled(target.get("Input"), schedule, region, due, execution)
    stream = (target.get("KinesisParameters") or {}).get("PartitionKey")
    group = (target.get("SqsParameters") or {}).get("MessageGroupId") or stream
    parcel = Parcel(text, execution, now, group_id=group)
    retry = target.get("RetryPolicy") or {}
    return Delivery(
        sender=f"schedule {schedule.name}",
        target=target["Arn"],
        parcel=parcel,
        policy=replace(
            EVENTBRIDGE,
            retries=int(retry.get("MaximumRetryAttempts", EVENTBRIDGE.retries)),
            max_age=float(retry.get("MaximumEventAgeInSeconds", EVENTBRIDGE.max_age)),
        ),
        dead_letters=(target.get("DeadLetterConfig") or {}).get("Arn"),
        dead_attributes=dead_attributes(target["Arn"], SCHEDULE_ARN=schedule.arn),
        calls=_calls(target, text),
    )


def is_within(schedule: Any, due: float) -> bool:
    """Tell whether a time lies between the start and the end of a schedule, where it has them."""
    start, end = schedule.start_date, schedule.end_date
    return (not start or epoch(start) <= due) and (not end or due <= epoch(end))


def epoch(given: Any) -> float:
    """Return the seconds of a time as clients of the Scheduler send it: a number or ISO 8601."""
    if isinstance(given, (int, float)):
        return float(given)
    moment = dt.datetime.fromisoformat(str(given))
    return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp()


def _calls(target: Mapping[str, Any], text: str) -> tuple[ApiCall, ...]:
    """Return the calls of a universal target and of an event bus; other targets are called as rules do."""
    arn = target["Arn"]
    if is_universal(arn):
        service, _, operation = arn.removeprefix(UNIVERSAL).partition(":")
        name = f"{operation[:1].upper()}{operation[1:]}"
        return (ApiCall(_SERVICES.get(service, service), name, json.loads(text)),)
    if ":event-bus/" in arn:
        described = target.get("EventBridgeParameters") or {}
        entry = {
            "EventBusName": arn,
            "Source": described.get("Source", "aws.scheduler"),
            "DetailType": described.get("DetailType", "Scheduled Event"),
            "Detail": text,
        }
        return (ApiCall("events", "PutEvents", {"Entries": [entry]}),)
    return ()


def _filled(given: str | None, schedule: Any, region: str, due: float, execution: str) -> str:
    """Return the input with its context attributes in place; without input an event that AWS makes.

    https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
    """
    if given is None:
        return json.dumps({
            "version": "0",
            "id": execution,
            "detail-type": "Scheduled Event",
            "source": "aws.scheduler",
            "account": ACCOUNT_ID,
            "time": timestamp(due),
            "region": region,
            "resources": [schedule.arn],
            "detail": "{}",
        })  # fmt: skip
    attributes = {
        "schedule-arn": schedule.arn,
        "scheduled-time": timestamp(due),
        "execution-id": execution,
        "attempt-number": "1",
    }
    for name, text in attributes.items():
        given = given.replace(f"<aws.scheduler.{name}>", text)
    return given
