"""Whatever a function does, both modes leave the same trace: in normal form, field by field, and the map."""

from __future__ import annotations

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from tests.parity.lab import PATIENCE, Lab, compared, labels, picture, run_both
from waterfall.stack import first_request
from waterfall.stack.first_request import Polling
from waterfall.traces.model import Trace

ITEM = {"id": {"S": "1"}, "total": {"N": "3"}}
UNLESS_THERE = {"ConditionExpression": "attribute_not_exists(id)"}
BATCH_GET = {"RequestItems": {"orders": {"Keys": [{"id": {"S": "1"}}]}}}
BATCH_WRITE = {"RequestItems": {"orders": [{"PutRequest": {"Item": ITEM}}]}}
QUERY = {"KeyConditionExpression": "id = :i", "ExpressionAttributeValues": {":i": {"S": "1"}}}
EVENT = {"Source": "shop", "DetailType": "order", "Detail": "{}"}
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:flow"
TOPIC = "arn:aws:sns:us-east-1:123456789012:news"


@dataclass(frozen=True)
class Scenario:
    """`does` is the handler's part, `seen` what must be in the trace, `error` whether the function fails."""

    name: str
    does: str
    given: Any = None
    seen: tuple[str, ...] = ()
    error: str | None = None
    function: str = "front"


def _http(client: str, path: str) -> Scenario:
    given = {"client": client, "path": path}
    return Scenario(f"HTTP with {client}: {path}", "http", given, ("127.0.0.1",))


SCENARIOS = [
    Scenario("invoke", "invoke", {}, ("Lambda Invoke", "worker", "work")),
    Scenario("invoke FunctionError", "invoke", {"Payload": '{"raise": "x"}'}, ("Lambda Invoke", "work")),
    Scenario("invoke async", "invoke", {"InvocationType": "Event"}, ("lambda Invoke", "Attempt #1", "work")),
    Scenario("invoke alias", "invoke", {"FunctionName": "worker:live"}, ("lambda Invoke", "work")),
    Scenario("invoke qualifier", "invoke", {"Qualifier": "live"}, ("lambda Invoke", "work")),
    Scenario("invoke throttled", "invoke", {"FunctionName": "closed"}, ("lambda Invoke", "closed")),
    Scenario(
        "DynamoDB put",
        "dynamodb",
        [["put_item", {"TableName": "orders", "Item": ITEM}]],
        ("dynamodb PutItem",),
    ),
    Scenario(
        "DynamoDB get",
        "dynamodb",
        [["get_item", {"TableName": "orders", "Key": {"id": {"S": "1"}}, "ConsistentRead": True}]],
        ("dynamodb GetItem",),
    ),
    Scenario(
        "DynamoDB query",
        "dynamodb",
        [["query", {"TableName": "orders", "Limit": 2, **QUERY}]],
        ("dynamodb Query",),
    ),
    Scenario(
        "DynamoDB batch",
        "dynamodb",
        [["batch_write_item", BATCH_WRITE], ["batch_get_item", BATCH_GET]],
        ("dynamodb BatchWriteItem", "dynamodb BatchGetItem"),
    ),
    Scenario(
        "DynamoDB conditional failure",
        "dynamodb",
        [
            ["put_item", {"TableName": "orders", "Item": ITEM}],
            ["put_item", {"TableName": "orders", "Item": ITEM, **UNLESS_THERE}],
        ],
        ("dynamodb PutItem",),
    ),
    Scenario("DynamoDB throttled", "dynamodb_throttled", None, ("dynamodb GetItem",)),
    Scenario("DynamoDB refused", "dynamodb_refused", None, ("dynamodb ListTables",)),
    Scenario(
        "S3 put, get, copy, missing key",
        "calls",
        [
            ["s3", "put_object", {"Bucket": "files", "Key": "a/b", "Body": "x"}],
            ["s3", "get_object", {"Bucket": "files", "Key": "a/b"}],
            [
                "s3",
                "copy_object",
                {"Bucket": "files", "Key": "c", "CopySource": {"Bucket": "files", "Key": "a/b"}},
            ],
            ["s3", "get_object", {"Bucket": "files", "Key": "missing"}],
        ],
        ("s3 PutObject", "s3 GetObject", "s3 CopyObject"),
    ),
    Scenario(
        "SNS publish", "calls", [["sns", "publish", {"TopicArn": TOPIC, "Message": "m"}]], ("sns Publish",)
    ),
    Scenario(
        "EventBridge put", "calls", [["events", "put_events", {"Entries": [EVENT]}]], ("events PutEvents",)
    ),
    Scenario(
        "Step Functions start",
        "calls",
        [["stepfunctions", "start_execution", {"stateMachineArn": MACHINE}]],
        ("states StartExecution",),
    ),
    Scenario(
        "Secrets Manager",
        "calls",
        [
            ["secretsmanager", "get_secret_value", {"SecretId": "password"}],
            ["secretsmanager", "get_secret_value", {"SecretId": "missing"}],
        ],
        ("secretsmanager GetSecretValue",),
    ),
    Scenario("STS", "calls", [["sts", "get_caller_identity", {}]], ("sts GetCallerIdentity",)),
    *(
        _http(client, path)
        for client in ("requests", "urllib3", "httpx")
        for path in ("ok", "missing", "limited", "broken", "refused", "slow")
    ),
    Scenario("nested spans", "nested", None, ("outer", "middle", "inner")),
    Scenario(
        "exception through three spans", "raised_through", None, ("outer", "middle", "inner"), "Unhandled"
    ),
    Scenario("exception caught at the top", "caught_at_the_top", None, ("outer", "middle", "inner")),
    Scenario("chained exception", "chained", None, ("convert",), "Unhandled"),
    Scenario("handled error", "handled", None, ("attempt",)),
    Scenario("exit", "exiting", None, (), "Unhandled"),
    *(Scenario(f"returned {status}", "returned", {"statusCode": status}) for status in (404, 429, 500)),
    Scenario("gather of 50", "gathered", None, ("task 0", "task 49", "step 49")),
    Scenario("thread pool of 8", "pooled", None, ("pool", "work 0", "work 7", "part")),
    Scenario("work at import", "returned", None, ("read configuration", "parse"), None, "starting"),
    Scenario("header carried on", "carried", None, ("call", "sqs ListQueues")),
    Scenario("64 KB of metadata", "large", None, ("large",)),
    Scenario("the 51st annotation", "annotated", 51, ("many",)),
    Scenario("odd names", "odd_names"),
    Scenario("fork", "forked", None, ("child",)),
]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=[scenario.name for scenario in SCENARIOS])
def test_equal(labs: list[Lab], scenario: Scenario) -> None:
    """The results and the traces of both modes are equal, and the trace shows what the scenario is about."""
    event = {"scenario": scenario.does, "with": scenario.given}
    outcome = run_both(labs, scenario.function, event, scenario.seen)
    left, right = outcome.results
    assert [left[0], right[0]] == [scenario.error] * 2, outcome.results
    assert answer(left) == answer(right)
    assert {label.lower() for label in scenario.seen} <= labels(outcome.comparison.left)
    assert outcome.comparison.equal, picture(outcome.comparison)


def answer(result: list[Any]) -> Any:
    """Return what the function answered; of errors without stacks and request ids, which are of one run."""
    error, payload = result
    text = json.dumps([payload["errorType"], payload["errorMessage"]] if error else payload)
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|stackTrace.*?]", "", text)


def test_sending_and_receiving_is_equal(labs: list[Lab]) -> None:
    """SQS send, send batch, receive and delete leave the same trace."""
    given = [{"scenario": "send_and_receive", "with": lab.queues["jobs"]} for lab in labs]
    outcome = run_both(labs, "front", given[0])
    operations = {"SendMessage", "SendMessageBatch", "ReceiveMessage", "DeleteMessage"}
    assert operations <= {node.call.operation for node in outcome.comparison.left.nodes}
    assert outcome.comparison.equal, picture(outcome.comparison)


def test_what_is_not_sampled_leaves_nothing(labs: list[Lab]) -> None:
    """An unsampled request leaves no trace, and the decision goes on to whatever is called."""
    event = {"scenario": "carried", "with": None}
    answers = [lab.invoke("front", event, sampled=False) for lab in labs]
    for lab, (trace_id, _) in zip(labs, answers, strict=True):
        assert lab.reader.get([trace_id]) == []
    for _, (error, (keys, _is_own, sampled, lineage)) in answers:
        assert error is None
        assert keys == ["Root", "Parent", "Sampled", "Lineage"]
        assert (sampled, bool(lineage)) == ("0", True)


def test_a_timeout_is_equal(labs: list[Lab]) -> None:
    """What was open when the time ran out is in both traces alike, unfinished and a fault."""
    event = {"scenario": "hanging", "with": None}
    outcome = run_both(labs, "slow", event, ("done", "waiting", "on and on"), killed=True)
    assert [result[0] for result in outcome.results] == ["Unhandled"] * 2
    unfinished = {node.name for node in outcome.comparison.left.nodes if node.in_progress}
    assert unfinished == {"scenarios.handler", "waiting", "on and on"}
    assert outcome.comparison.equal, picture(outcome.comparison)


def test_a_batch_from_three_traces_is_equal(labs: list[Lab]) -> None:
    """A batch of ten messages from three traces, two of which fail, leaves the same links and spans."""
    with ThreadPoolExecutor(len(labs)) as pool:
        left, right = pool.map(_consumed, labs)
    assert len({link.trace_id for node in left.nodes for link in node.links}) == 3
    faults = [node for node in left.nodes if node.name == "record" and node.status == "fault"]
    assert len(faults) == 2
    comparison = compared(labs, left, right)
    assert comparison.equal, picture(comparison)


def _consumed(lab: Lab) -> Trace:
    """Queue ten messages, let one batch of them be consumed, and return the consumer's trace."""
    queue = lab.queues["inbox"]
    producers = []
    for names in ("abcd", "efg", "hij"):
        bodies = [{"name": name, "bad": name in "bh"} for name in names]
        message = {"queue": queue, "bodies": bodies}
        trace_id, _ = lab.invoke("front", {"scenario": "produce", "with": message})
        producers.append(lab.trace(trace_id))
    arn = queue_arn(lab, queue)
    mapping = lab.stack.client("lambda").create_event_source_mapping(
        EventSourceArn=arn,
        FunctionName="consumer",
        BatchSize=10,
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )
    linked = first_request.linked_trace(lab.reader, producers[0], time.time, Polling(PATIENCE))
    lab.stack.client("lambda").delete_event_source_mapping(UUID=mapping["UUID"])
    assert linked, "the batch left no trace"
    return lab.trace(linked, ("record",))


def queue_arn(lab: Lab, queue: str) -> str:
    wanted = {"QueueUrl": queue, "AttributeNames": ["QueueArn"]}
    return str(lab.stack.client("sqs").get_queue_attributes(**wanted)["Attributes"]["QueueArn"])
