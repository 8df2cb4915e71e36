"""The segment of an execution, and its subsegments: of states, and of the calls that they make. Pure.

AWS documents that a state machine sends a segment, with subsegments for its downstream calls ("client side
traces"); their fields are not published. Those here follow published traces (`origin`, `aws.execution_arn`,
a subsegment for each state) and the X-Ray SDKs (calls); what else was chosen is in this module alone:

- a state has failed when its last attempt has, also where the definition catches that; it is a fault
- a call is an error or a fault by its HTTP status, and a fault when the called function failed
- each subsegment is sent on its own when it ends, as SDKs do with long segments: executions last up to a year

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-xray-tracing.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from embedded_aws.aws.execution_steps import Answered, Failure, Sent
from embedded_aws.stepfunctions.tracing import ORIGIN, Machine, Trace

_NAMES = {
    "lambda": "Lambda",
    "dynamodb": "DynamoDB",
    "sqs": "SQS",
    "sns": "SNS",
    "s3": "S3",
    "events": "Events",
    "stepfunctions": "StepFunctions",
    "secretsmanager": "SecretsManager",
    "ssm": "SSM",
}
"""How calls of other services of AWS are named in a trace; of the rest it is botocore's name."""
_FIELDS = {
    "FunctionName": "function_name",
    "InvocationType": "invocation_type",
    "TableName": "table_name",
    "QueueUrl": "queue_url",
    "TopicArn": "topic_arn",
    "Bucket": "bucket_name",
    "Key": "key",
    "stateMachineArn": "state_machine_arn",
}
"""Parameters that are told, by the names of the X-Ray SDKs."""


@dataclass(frozen=True)
class Span:
    """From when until when, in epoch seconds; `end` is `None` while it goes on."""

    start: float
    end: float | None = None

    def times(self) -> dict[str, Any]:
        """Return the members that tell it."""
        # As exact as they are: many a state takes less than a millisecond, and they are shown in their order.
        ending = {"in_progress": True} if self.end is None else {"end_time": self.end}
        return {"start_time": self.start, **ending}


@dataclass(frozen=True)
class Place:
    """Where a subsegment is: its own id, and that of what it is in."""

    id: str
    parent: str


def execution_segment(
    trace: Trace, machine: Machine, execution_arn: str, span: Span, failure: Failure | None
) -> dict[str, Any]:
    """Return the segment of an execution, which is sent when it begins and again when it has ended."""
    region, account = machine.arn.split(":")[3:5]
    return {
        "name": machine.name,
        "id": trace.segment_id,
        "trace_id": trace.root,
        **({"parent_id": trace.incoming.parent} if trace.incoming.parent else {}),
        **span.times(),
        "origin": ORIGIN,
        **({"inferred": True} if trace.inferred else {}),
        "resource_arn": machine.arn,
        "aws": {"account_id": account, "region": region, "execution_arn": execution_arn},
        **_failed(failure, trace.segment_id),
    }


def state_subsegment(
    trace: Trace, place: Place, state: str, span: Span, failure: Failure | None
) -> dict[str, Any]:
    """Return the subsegment of a state."""
    return {**_subsegment(trace, place, state, span), **_failed(failure, place.id)}


def call_subsegment(trace: Trace, place: Place, sent: Sent, span: Span, answered: Answered) -> dict[str, Any]:
    """Return the subsegment of a call."""
    headers = {name.lower(): text for name, text in answered.headers.items()}
    told = {
        _FIELDS[key]: sent.parameters[key] for key in _FIELDS if isinstance(sent.parameters.get(key), str)
    }
    request_id = headers.get("x-amzn-requestid") or headers.get("x-amz-request-id")
    region = sent.headers.get("Authorization", "").partition("/aws4_request")[0].split("/")[-2:-1]
    return {
        **_subsegment(trace, place, _NAMES.get(sent.service, sent.service), span),
        "namespace": "aws",
        "http": {"response": {"status": answered.status}},
        "aws": {
            "operation": sent.operation,
            **({"region": region[0]} if region else {}),
            **({"request_id": request_id} if request_id else {}),
            **told,
        },
        **_flags(answered.status, has_failed="x-amz-function-error" in headers),
    }


def _subsegment(trace: Trace, place: Place, name: str, span: Span) -> dict[str, Any]:
    return {
        "type": "subsegment",
        "name": name,
        "id": place.id,
        "trace_id": trace.root,
        "parent_id": place.parent,
        **span.times(),
    }


def _failed(failure: Failure | None, identity: str) -> dict[str, Any]:
    """Return the fault; an exception needs an id, which may be that of what it ended."""
    if failure is None:
        return {}
    exception = {"id": identity, "type": failure.error, "message": failure.cause}
    return {"fault": True, "cause": {"exceptions": [exception]}}


def _flags(status: int, *, has_failed: bool) -> Mapping[str, bool]:
    if status >= 500 or has_failed:
        return {"fault": True}
    if status == 429:
        return {"error": True, "throttle": True}
    return {"error": True} if status >= 400 else {}
