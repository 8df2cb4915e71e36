"""The segment of a topic with active tracing: pure.

SNS sends it when the publisher's trace is sampled; a subsegment for each delivery tells how long it took.
Its fields are not published: name and origin here follow those of other services' resources.
https://docs.aws.amazon.com/sns/latest/dg/sns-active-tracing.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from embedded_aws.aws.moto_events import Published
from embedded_aws.aws.trace_header import TraceHeader
from embedded_aws.delivery.courier import Outcome
from embedded_aws.delivery.targets import ApiCall

ORIGIN = "AWS::SNS::Topic"
_NAMES = {"lambda": "Lambda", "sqs": "SQS"}


@dataclass(frozen=True)
class Delivered:
    """One delivery: `id` is its subsegment's."""

    id: str
    call: ApiCall
    outcome: Outcome


def topic_segment(
    header: TraceHeader, segment_id: str, message: Published, start: float, deliveries: Sequence[Delivered]
) -> dict[str, Any]:
    """Return the segment of one message, which was published at `start`."""
    parts = [_subsegment(one, start) for one in deliveries]
    region, account, name = message.topic_arn.split(":")[3:6]
    return {
        "name": name,
        "id": segment_id,
        "trace_id": header.root,
        **({"parent_id": header.parent} if header.parent else {}),
        "start_time": start,
        "end_time": max([start, *(part["end_time"] for part in parts)]),
        "origin": ORIGIN,
        "resource_arn": message.topic_arn,
        "http": {"response": {"status": 200}},
        "aws": {"message_id": message.message_id, "account_id": account, "region": region},
        **({"fault": True} if any(part.get("fault") for part in parts) else {}),
        **({"subsegments": parts} if parts else {}),
    }


def _subsegment(one: Delivered, start: float) -> dict[str, Any]:
    attempts, error = one.outcome.attempts, one.outcome.error
    status = attempts[-1].status if attempts else 400
    given = one.call.parameters
    aws = {"operation": one.call.operation, "retries": max(0, len(attempts) - 1)}
    if one.call.service == "sqs":
        aws |= {"queue_url": given["QueueUrl"], "region": given["QueueUrl"].split(".")[1]}
    else:
        aws |= {"function_name": given["FunctionName"], "invocation_type": "Event"}
    return {
        "id": one.id,
        "name": _NAMES[one.call.service],
        "namespace": "aws",
        "start_time": attempts[0].start if attempts else start,
        "end_time": attempts[-1].end if attempts else start,
        "http": {"response": {"status": status if error else 202 if one.call.service == "lambda" else 200}},
        "aws": aws,
        **({"fault": True} if error else {}),
    }
