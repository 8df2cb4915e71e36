"""What targets are called with."""

from __future__ import annotations

from typing import Any

import pytest

from embedded_aws.delivery.targets import Parcel, UnsupportedTargetError, calls_for

PARCEL = Parcel('{"a": 1}', "id-1", 1_795_867_200.5, group_id="g", deduplication_id="d")


@pytest.mark.parametrize(
    ("arn", "expected"),
    [
        (
            "arn:aws:lambda:us-east-1:123456789012:function:f:live",
            [("lambda", "Invoke", {"InvocationType": "Event", "Payload": b'{"a": 1}'})],
        ),
        (
            "arn:aws:sqs:us-east-1:123456789012:q",
            [("sqs", "SendMessage", {"QueueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/q"})],
        ),
        (
            "arn:aws:sqs:us-east-1:123456789012:q.fifo",
            [("sqs", "SendMessage", {"MessageGroupId": "g", "MessageDeduplicationId": "d"})],
        ),
        ("arn:aws:sns:us-east-1:123456789012:t", [("sns", "Publish", {"Message": '{"a": 1}'})]),
        (
            "arn:aws:states:us-east-1:123456789012:stateMachine:m",
            [("stepfunctions", "StartExecution", {"input": '{"a": 1}'})],
        ),
        (
            "arn:aws:kinesis:us-east-1:123456789012:stream/s",
            [("kinesis", "PutRecord", {"PartitionKey": "g", "Data": b'{"a": 1}'})],
        ),
        (
            "arn:aws:logs:us-east-1:123456789012:log-group:/g:*",
            [
                ("logs", "CreateLogStream", {"logGroupName": "/g", "logStreamName": "id-1"}),
                (
                    "logs",
                    "PutLogEvents",
                    {"logEvents": [{"timestamp": 1_795_867_200_500, "message": '{"a": 1}'}]},
                ),
            ],
        ),
    ],
)
def test_calls(arn: str, expected: list[tuple[str, str, dict[str, Any]]]) -> None:
    """Each sort of target is called with its own operation."""
    calls = calls_for(arn, PARCEL)
    assert [(call.service, call.operation) for call in calls] == [one[:2] for one in expected]
    for call, (_, _, parameters) in zip(calls, expected, strict=True):
        assert parameters.items() <= call.parameters.items()


@pytest.mark.parametrize("arn", ["", "arn:aws:ecs:us-east-1:123456789012:cluster/c", "no arn"])
def test_other_targets_are_named(arn: str) -> None:
    """A target of another sort is an error that says which there are."""
    with pytest.raises(UnsupportedTargetError, match="deliveries here go to functions, queues"):
        calls_for(arn, PARCEL)
