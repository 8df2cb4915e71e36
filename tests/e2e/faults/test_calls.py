"""Experiments about calls of AWS: what the SDK gets, and what the trace says under the call."""

from __future__ import annotations

import time

import pytest

from embedded_aws.aws.ids import RandomIds
from tests.e2e.functions import invoke
from tests.e2e.lab import Lab, template
from tests.e2e.traces import whole_trace

CALLS = """
import os, boto3
from botocore.config import Config
from tracing import capture_lambda_handler
config = Config(retries={"total_max_attempts": 1})
dynamodb, s3 = boto3.client("dynamodb", config=config), boto3.client("s3", config=config)
sqs = boto3.client("sqs", config=config)

@capture_lambda_handler
def handler(event, _context):
    calls = {
        "put": lambda: dynamodb.put_item(TableName="calls", Item={"id": {"S": "1"}}),
        "get": lambda: dynamodb.get_item(TableName="calls", Key={"id": {"S": "1"}}),
        "object": lambda: s3.put_object(Bucket="calls-of-a-test", Key="a/b", Body=b"x"),
        "send": lambda: sqs.send_message(QueueUrl=event.get("queue", ""), MessageBody="x"),
    }
    try:
        calls[event["call"]]()
    except Exception as error:
        return error.response["Error"]["Code"]
    return "ok"
"""


@pytest.fixture(scope="module")
def _called(lab: Lab) -> None:
    """Make the table, bucket and queue that the functions call."""
    lab.stack.client("dynamodb").create_table(
        TableName="calls",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )
    lab.stack.client("s3").create_bucket(Bucket="calls-of-a-test")
    lab.stack.client("sqs").create_queue(QueueName="calls")


@pytest.fixture(scope="module", params=["otel", "native"])
def caller(
    request: pytest.FixtureRequest, lab: Lab, _called: None, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """Deploy a function that calls AWS."""
    module = tmp_path_factory.mktemp("code") / "calls.py"
    module.write_text(CALLS)
    lab.function(request.param, name := f"calls-{request.param}", module, {"Timeout": 10})
    return name


def disturb(lab: Lab, kind: str, **parameters: str) -> None:
    """Start an experiment about calls of AWS."""
    request = template("", f"aws:local-call:{kind}", parameters)
    del request["targets"], request["actions"]["fault"]["targets"]
    created = lab.fis.create_experiment_template(**request)["experimentTemplate"]["id"]
    lab.fis.start_experiment(clientToken=created, experimentTemplateId=created)


@pytest.mark.usefixtures("stop")
@pytest.mark.parametrize(
    ("call", "service", "operation", "kind", "code", "flag"),
    [
        ("put", "dynamodb", "PutItem", "throttle", "ProvisionedThroughputExceededException", "throttle"),
        ("put", "dynamodb", "PutItem", "error", "InternalServerError", "fault"),
        ("object", "s3", "PutObject", "throttle", "SlowDown", "throttle"),
        ("object", "s3", "PutObject", "error", "InternalError", "fault"),
        ("send", "sqs", "SendMessage", "throttle", "RequestThrottled", "throttle"),
        ("put", "dynamodb", "PutItem", "delay", "ok", None),
    ],
)
def test_calls_of_aws_are_disturbed(  # noqa: PLR0917 - a table of cases
    lab: Lab, caller: str, call: str, service: str, operation: str, kind: str, code: str, flag: str | None
) -> None:
    """The SDK gets the service's own error, and the trace says under the call that it was on purpose."""
    queue = lab.stack.client("sqs").get_queue_url(QueueName="calls")["QueueUrl"]
    late = {"delayMilliseconds": "300"} if kind == "delay" else {}
    disturb(lab, kind, service=service, operation=operation, **late)
    root = RandomIds().trace_id(time.time())
    reply = invoke(lab.stack, caller, {"call": call, "queue": queue}, root)
    assert (reply.payload, reply.error) == (code, None)
    trace = whole_trace(lab.stack, root, lambda found: found.has(f"injected {kind}"), "the mark")
    mark = trace.only(f"injected {kind}")
    assert mark.document["annotations"] == {"fault.injected": "on-purpose"}
    above = trace.by_id[mark.parent_id or ""]
    assert above.document["aws"]["operation"] == operation
    assert flag is None or above.document[flag] is True
    assert kind != "delay" or above.duration >= 0.3
    assert invoke(lab.stack, caller, {"call": "get"}, root).payload == "ok"


def test_calls_are_clean_after_the_experiment(lab: Lab, caller: str) -> None:
    """When it is stopped the very next call succeeds."""
    disturb(lab, "error", service="dynamodb", resource="calls")
    root = RandomIds().trace_id(time.time())
    assert invoke(lab.stack, caller, {"call": "get"}, root).payload == "InternalServerError"
    for one in lab.fis.list_experiments()["experiments"]:
        if one["state"]["status"] == "running":
            lab.fis.stop_experiment(id=one["id"])
    assert invoke(lab.stack, caller, {"call": "get"}, root).payload == "ok"
