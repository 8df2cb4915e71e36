from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded_aws.awslambda.harness import PATIENCE, Stack

COLLECT = (
    "import json, os, pathlib\n"
    "def handler(event, context):\n"
    "  place = pathlib.Path(os.environ['OUT'])\n"
    "  (place / (context.aws_request_id + '.json')).write_text(json.dumps(event))\n"
    "  bad = [r['messageId'] for r in event['Records'] if r['body'].startswith('bad')]\n"
    "  if any(r['body'] == 'raise' for r in event['Records']): raise ValueError('batch')\n"
    "  return {'batchItemFailures': [{'itemIdentifier': i} for i in bad]}\n"
)
HEADER = "Root=1-5e6f7a8b-0123456789abcdef0123456{};Parent=53995c3f42cd8ad8;Sampled={}"


class Consumer:
    """A queue, a function that writes its events into a directory, and the mapping between them."""

    def __init__(self, stack: Stack, out: Any, queue: dict[str, str] | None = None, **mapping: Any) -> None:
        self.out = out
        self.sqs = stack.client("sqs")
        self.function = stack.deploy(COLLECT, Environment={"Variables": {"OUT": str(out)}})
        attributes = {"VisibilityTimeout": "3", **(queue or {})}
        self.url = self.sqs.create_queue(QueueName=self.function, Attributes=attributes)["QueueUrl"]
        self.arn = f"arn:aws:sqs:us-east-1:123456789012:{self.function}"
        self.mapping = stack.client("lambda").create_event_source_mapping(
            EventSourceArn=self.arn, FunctionName=self.function, **mapping
        )

    def send(self, body: str, **options: Any) -> str:
        return str(self.sqs.send_message(QueueUrl=self.url, MessageBody=body, **options)["MessageId"])

    def events(self) -> list[Any]:
        files = sorted(self.out.glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
        return [json.loads(text) for path in files if (text := path.read_text())]

    def wait(self, enough: Callable[[list[Any]], bool]) -> list[Any]:
        found: list[Any] = until(self.events, enough)
        return found

    def left(self) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        shown = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"]
        return sum(int(shown[name]) for name in names)


def until(read: Callable[[], Any], enough: Callable[[Any], bool]) -> Any:
    deadline = time.monotonic() + PATIENCE
    value = read()
    while not enough(value):
        assert time.monotonic() < deadline, value
        asyncio.run(asyncio.sleep(0.02))
        value = read()
    return value


def bodies(events: list[Any]) -> list[str]:
    return [record["body"] for event in events for record in event["Records"]]


def test_a_message_becomes_a_record_and_is_deleted(stack: Stack, tmp_path: Any) -> None:
    """A sent message reaches the function as AWS shapes it, and is gone from the queue afterwards."""
    consumer = Consumer(stack, tmp_path)
    attribute = {"colour": {"DataType": "String", "StringValue": "red"}}
    message = consumer.send("hello", MessageAttributes=attribute)
    (event,) = consumer.wait(bool)
    (record,) = event["Records"]
    assert (record["messageId"], record["body"]) == (message, "hello")
    assert (record["eventSource"], record["eventSourceARN"]) == ("aws:sqs", consumer.arn)
    assert record["awsRegion"] == "us-east-1"
    assert record["md5OfBody"] == "5d41402abc4b2a76b9719d911017c592"
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert record["messageAttributes"]["colour"]["stringValue"] == "red"
    until(consumer.left, lambda left: left == 0)


def test_the_consumers_trace_links_to_the_producers(stack: Stack, tmp_path: Any) -> None:
    """A message sent with a tracing header starts a trace of its own, linked to the producer's."""
    consumer = Consumer(stack, tmp_path)
    header = HEADER.format(7, 1)
    consumer.send(
        "hello", MessageSystemAttributes={"AWSTraceHeader": {"DataType": "String", "StringValue": header}}
    )
    documents = stack.sink.wait(consumer.function, lambda found: len(found) >= 2)
    (service,) = [document for document in documents if document["origin"] == "AWS::Lambda"]
    assert service["links"] == [{"trace_id": "1-5e6f7a8b-0123456789abcdef01234567", "id": "53995c3f42cd8ad8"}]
    assert service["trace_id"] != "1-5e6f7a8b-0123456789abcdef01234567"
    assert consumer.events()[0]["Records"][0]["attributes"]["AWSTraceHeader"] == header


def test_messages_of_a_batch_keep_their_own_headers(stack: Stack, tmp_path: Any) -> None:
    """SendMessageBatch keeps each entry's header; the request's header is for the others."""
    consumer = Consumer(stack, tmp_path)
    of_request = HEADER.format(1, 1)
    own = {"AWSTraceHeader": {"DataType": "String", "StringValue": HEADER.format(2, 1)}}

    def add_header(request: Any, **_: Any) -> None:
        request.headers["X-Amzn-Trace-Id"] = of_request

    consumer.sqs.meta.events.register("before-sign.sqs.SendMessageBatch", add_header)
    consumer.sqs.send_message_batch(
        QueueUrl=consumer.url,
        Entries=[
            {"Id": "a", "MessageBody": "a"},
            {"Id": "b", "MessageBody": "b", "MessageSystemAttributes": own},
        ],
    )
    events = consumer.wait(lambda found: len(bodies(found)) == 2)
    headers = {r["body"]: r["attributes"]["AWSTraceHeader"] for event in events for r in event["Records"]}
    assert headers == {"a": of_request, "b": HEADER.format(2, 1)}


def test_unsampled_producers_leave_no_trace(stack: Stack, tmp_path: Any) -> None:
    """When every message of a batch says Sampled=0, Lambda sends no segments."""
    consumer = Consumer(stack, tmp_path)
    asked = len(stack.sampler.asked)
    header = HEADER.format(7, 0)
    consumer.send(
        "x", MessageSystemAttributes={"AWSTraceHeader": {"DataType": "String", "StringValue": header}}
    )
    consumer.wait(bool)
    until(consumer.left, lambda left: left == 0)
    assert stack.sink.of(consumer.function) == []
    assert len(stack.sampler.asked) == asked


def test_a_batch_is_collected_within_its_window(stack: Stack, tmp_path: Any) -> None:
    """With a batching window, messages sent one after the other come in one event."""
    consumer = Consumer(stack, tmp_path, BatchSize=3, MaximumBatchingWindowInSeconds=10)
    for body in ("a", "b", "c"):
        consumer.send(body)
    events = consumer.wait(lambda found: len(bodies(found)) == 3)
    assert len(events) == 1


def test_reported_failures_come_back_and_the_rest_is_deleted(stack: Stack, tmp_path: Any) -> None:
    """Only the messages that the reply names are delivered again after their visibility timeout."""
    consumer = Consumer(
        stack, tmp_path, {"VisibilityTimeout": "3"}, FunctionResponseTypes=["ReportBatchItemFailures"]
    )
    entries = [{"Id": body, "MessageBody": body} for body in ("good", "bad")]
    consumer.sqs.send_message_batch(QueueUrl=consumer.url, Entries=entries)
    events = consumer.wait(lambda found: bodies(found).count("bad") == 2)
    assert bodies(events).count("good") == 1
    again = [r for r in events[-1]["Records"] if r["body"] == "bad"]
    assert again[0]["attributes"]["ApproximateReceiveCount"] == "2"


def test_a_failed_batch_ends_in_the_dead_letter_queue(stack: Stack, tmp_path: Any) -> None:
    """A message whose function keeps failing moves to the queue's dead-letter queue."""
    sqs = stack.client("sqs")
    dead = sqs.create_queue(QueueName=f"{tmp_path.name[:60]}-dead")["QueueUrl"]
    policy = {
        "deadLetterTargetArn": f"arn:aws:sqs:us-east-1:123456789012:{dead.rpartition('/')[2]}",
        "maxReceiveCount": 1,
    }
    consumer = Consumer(stack, tmp_path, {"RedrivePolicy": json.dumps(policy)})
    consumer.send("raise")
    messages = until(lambda: sqs.receive_message(QueueUrl=dead, WaitTimeSeconds=1).get("Messages"), bool)
    assert messages[0]["Body"] == "raise"
    assert len(consumer.events()) == 1


def test_no_more_batches_run_at_a_time_than_is_allowed(stack: Stack, tmp_path: Any) -> None:
    """With a maximum concurrency of two, two batches run, and the other messages wait in the queue.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
    """
    held = (
        "import os, pathlib, time\n"
        "def handler(event, context):\n"
        "  place = pathlib.Path(os.environ['OUT'])\n"
        "  (place / (context.aws_request_id + '.running')).touch()\n"
        "  while not (place / 'go').exists(): time.sleep(0.01)\n"
    )
    name = stack.deploy(held, timeout=30, Environment={"Variables": {"OUT": str(tmp_path)}})
    sqs = stack.client("sqs")
    url = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "60"})["QueueUrl"]
    entries = [{"Id": str(number), "MessageBody": "x"} for number in range(4)]
    sqs.send_message_batch(QueueUrl=url, Entries=entries)
    stack.client("lambda").create_event_source_mapping(
        EventSourceArn=f"arn:aws:sqs:us-east-1:123456789012:{name}",
        FunctionName=name,
        BatchSize=1,
        ScalingConfig={"MaximumConcurrency": 2},
    )

    def running() -> int:
        return len(list(tmp_path.glob("*.running")))

    until(running, lambda count: count >= 2)
    waiting = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    assert (running(), waiting["Attributes"]["ApproximateNumberOfMessages"]) == (2, "2")
    (tmp_path / "go").touch()
    until(running, lambda count: count == 4)


def test_a_filter_keeps_other_messages_from_the_function(stack: Stack, tmp_path: Any) -> None:
    """A message that no filter pattern matches is deleted without an invocation."""
    pattern = json.dumps({"body": {"kind": ["order"]}})
    consumer = Consumer(stack, tmp_path, FilterCriteria={"Filters": [{"Pattern": pattern}]})
    consumer.send('{"kind": "noise"}')
    consumer.send('{"kind": "order"}')
    consumer.wait(bool)
    until(consumer.left, lambda left: left == 0)
    assert bodies(consumer.events()) == ['{"kind": "order"}']


def test_a_disabled_mapping_waits_until_it_is_enabled(stack: Stack, tmp_path: Any) -> None:
    """A disabled mapping leaves messages alone; enabling it delivers them."""
    consumer = Consumer(stack, tmp_path, Enabled=False)
    client = stack.client("lambda")
    uuid = consumer.mapping["UUID"]
    consumer.send("later")
    assert client.get_event_source_mapping(UUID=uuid)["State"] == "Disabled"
    assert consumer.left() == 1
    assert consumer.events() == []
    client.update_event_source_mapping(UUID=uuid, Enabled=True)
    assert bodies(consumer.wait(bool)) == ["later"]
    assert client.get_event_source_mapping(UUID=uuid)["State"] == "Enabled"


def test_a_deleted_mapping_delivers_nothing(stack: Stack, tmp_path: Any) -> None:
    """After its deletion a mapping is not found, and messages stay in the queue."""
    consumer = Consumer(stack, tmp_path)
    client = stack.client("lambda")
    uuid = consumer.mapping["UUID"]
    assert client.delete_event_source_mapping(UUID=uuid)["State"] == "Deleting"
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_event_source_mapping(UUID=uuid)
    consumer.send("unread")
    assert consumer.left() == 1


@pytest.mark.parametrize("turns", range(5))
def test_polling_stops_whenever_a_message_comes(stack: Stack, tmp_path: Any, turns: int) -> None:
    """A poller ends when it is stopped just after it was woken, however far its waking has come."""
    consumer = Consumer(stack, tmp_path)
    poller = stack.sources._pollers[consumer.mapping["UUID"]]

    async def wake_and_stop() -> None:
        while not poller._wake._waiters:  # noqa: ASYNC110 - nothing tells it
            await asyncio.sleep(0)
        poller.wake()
        for _ in range(turns):
            await asyncio.sleep(0)
        await poller.close()

    stack.call(wake_and_stop())


def test_messages_that_were_delayed_arrive(stack: Stack, tmp_path: Any) -> None:
    """A message with a delay reaches the function after it, without further requests to the queue."""
    consumer = Consumer(stack, tmp_path)
    consumer.send("later", DelaySeconds=1)
    assert bodies(consumer.wait(bool)) == ["later"]


def test_mappings_are_listed_by_queue_and_function(stack: Stack, tmp_path: Any) -> None:
    """Mappings can be listed by their queue and by their function."""
    consumer = Consumer(stack, tmp_path)
    client = stack.client("lambda")
    for request in ({"EventSourceArn": consumer.arn}, {"FunctionName": consumer.function}):
        (shown,) = client.list_event_source_mappings(**request)["EventSourceMappings"]
        assert shown["UUID"] == consumer.mapping["UUID"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"BatchSize": 11}, "MaximumBatchingWindowInSeconds must be 1 or more"),
        (
            {"BatchSize": 10_001, "MaximumBatchingWindowInSeconds": 1},
            "BatchSize 10001: expected a whole number",
        ),
        ({"ScalingConfig": {"MaximumConcurrency": 1001}}, "MaximumConcurrency 1001: expected"),
        ({"FilterCriteria": {"Filters": [{"Pattern": "{"}]}}, "is not JSON"),
    ],
)
def test_wrong_settings_are_refused(stack: Stack, tmp_path: Any, settings: Any, message: str) -> None:
    """A setting that Lambda does not take is refused, naming it and what is allowed."""
    with pytest.raises(ClientError, match=message):
        Consumer(stack, tmp_path, **settings)


def test_a_queue_that_hides_too_shortly_is_refused(stack: Stack, tmp_path: Any) -> None:
    """A visibility timeout below the function's timeout is refused in AWS's words."""
    with pytest.raises(
        ClientError, match="Queue visibility timeout: 2 seconds is less than Function timeout: 3 seconds"
    ):
        Consumer(stack, tmp_path, {"VisibilityTimeout": "2"})


def test_a_second_mapping_of_the_same_pair_is_refused(stack: Stack, tmp_path: Any) -> None:
    """A queue can be mapped to a function only once."""
    consumer = Consumer(stack, tmp_path)
    client = stack.client("lambda")
    with pytest.raises(client.exceptions.ResourceConflictException):
        client.create_event_source_mapping(EventSourceArn=consumer.arn, FunctionName=consumer.function)


def test_a_queue_that_does_not_exist_is_refused(stack: Stack) -> None:
    """A mapping to an unknown queue is refused, naming it."""
    name = stack.deploy("def handler(event, context): pass")
    with pytest.raises(ClientError, match="queue arn:aws:sqs:us-east-1:123456789012:none does not exist"):
        stack.client("lambda").create_event_source_mapping(
            EventSourceArn="arn:aws:sqs:us-east-1:123456789012:none", FunctionName=name
        )
