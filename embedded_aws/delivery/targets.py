"""What a target is called with: from its ARN and a payload to AWS's calls that deliver it. Pure functions.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

NO_PARAMETERS: Mapping[str, Any] = {}
UNIVERSAL = "arn:aws:scheduler:::aws-sdk:"
"""What the ARNs of targets begin with that are operations of an SDK: those of EventBridge Scheduler alone."""


@dataclass(frozen=True)
class ApiCall:
    """One operation of AWS, by botocore's names."""

    service: str
    operation: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class Parcel:
    """What is delivered: its text, an id, and what a target may take besides.

    `group_id` and `deduplication_id` are for FIFO queues and topics, `attributes` for queues and topics in
    the form of their APIs, `at` in epoch seconds.
    """

    text: str
    id: str
    at: float
    group_id: str | None = None
    deduplication_id: str | None = None
    attributes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


class UnsupportedTargetError(ValueError):
    """Nothing is delivered to targets of this sort here; the message names them."""


def calls_for(arn: str, parcel: Parcel) -> tuple[ApiCall, ...]:
    """Return the calls that deliver to a target; raises `UnsupportedTargetError`."""
    if not is_supported(arn) or (kind := arn.split(":")[2]) not in _TARGETS:
        known = "functions, queues, topics, state machines, event buses, streams and log groups"
        raise UnsupportedTargetError(f"{arn or 'a target without ARN'}: deliveries here go to {known}")
    return _TARGETS[kind](arn, parcel)


def is_universal(arn: str) -> bool:
    """Tell whether a target is an operation of an SDK."""
    return arn.startswith(UNIVERSAL)


def is_supported(arn: str) -> bool:
    """Tell whether something is delivered to targets of this sort, event buses among them."""
    parts = arn.split(":")
    return len(parts) > 5 and (parts[2] in _TARGETS or ":event-bus/" in arn)


def queue_url(arn: str) -> str:
    """Return the URL by which AWS knows a queue."""
    _, _, _, region, account, name = arn.split(":", 5)
    return f"https://sqs.{region}.amazonaws.com/{account}/{name}"


def _function(arn: str, parcel: Parcel) -> tuple[ApiCall, ...]:
    request = {"FunctionName": arn, "InvocationType": "Event", "Payload": parcel.text.encode()}
    return (ApiCall("lambda", "Invoke", request),)


def _queue(arn: str, parcel: Parcel) -> tuple[ApiCall, ...]:
    request = {"QueueUrl": queue_url(arn), "MessageBody": parcel.text, **_ordered(arn, parcel)}
    return (ApiCall("sqs", "SendMessage", request),)


def _topic(arn: str, parcel: Parcel) -> tuple[ApiCall, ...]:
    request = {"TopicArn": arn, "Message": parcel.text, **_ordered(arn, parcel)}
    return (ApiCall("sns", "Publish", request),)


def _ordered(arn: str, parcel: Parcel) -> dict[str, Any]:
    given: dict[str, Any] = {"MessageAttributes": parcel.attributes} if parcel.attributes else {}
    if arn.endswith(".fifo"):
        given["MessageGroupId"] = parcel.group_id or parcel.id
        if parcel.deduplication_id:
            given["MessageDeduplicationId"] = parcel.deduplication_id
    return given


def _state_machine(arn: str, parcel: Parcel) -> tuple[ApiCall, ...]:
    return (ApiCall("stepfunctions", "StartExecution", {"stateMachineArn": arn, "input": parcel.text}),)


def _stream(arn: str, parcel: Parcel) -> tuple[ApiCall, ...]:
    request = {"StreamARN": arn, "Data": parcel.text.encode(), "PartitionKey": parcel.group_id or parcel.id}
    return (ApiCall("kinesis", "PutRecord", request),)


def _log_group(arn: str, parcel: Parcel) -> tuple[ApiCall, ...]:
    stream = {"logGroupName": arn.split(":")[6], "logStreamName": parcel.id}
    event = {"timestamp": round(parcel.at * 1000), "message": parcel.text}
    return (
        ApiCall("logs", "CreateLogStream", stream),
        ApiCall("logs", "PutLogEvents", {**stream, "logEvents": [event]}),
    )


_TARGETS: Mapping[str, Callable[[str, Parcel], tuple[ApiCall, ...]]] = {
    "kinesis": _stream,
    "lambda": _function,
    "logs": _log_group,
    "sns": _topic,
    "sqs": _queue,
    "states": _state_machine,
}
