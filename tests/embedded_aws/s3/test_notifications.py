"""What happens to objects reaches who wants it, once, with the trace of whoever did it."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded_aws.aws.bucket_notifications import conflict
from tests.embedded_aws.awslambda.harness import Stack
from tests.embedded_aws.inbox import HEADER, PARENT, ROOT, Inbox, settle, traced

ECHO = "import json\ndef handler(event, context): print(json.dumps(event))"
CREATED = "s3:ObjectCreated:*"


class Bucket:
    """A bucket of a test's own; `wanted` is its notification configuration."""

    def __init__(self, stack: Stack, **wanted: Any) -> None:
        self.name = f"b{uuid.uuid4().hex[:12]}"
        self.s3 = stack.client("s3")
        self.s3.create_bucket(Bucket=self.name)
        self.s3.put_bucket_notification_configuration(
            Bucket=self.name, NotificationConfiguration=wanted, SkipDestinationValidation=True
        )
        settle(stack)

    def put(self, key: str, body: bytes = b"hello") -> None:
        self.s3.put_object(Bucket=self.name, Key=key, Body=body)


def to_queue(inbox: Inbox, *events: str, **place: str) -> dict[str, Any]:
    rules = [{"Name": name, "Value": value} for name, value in place.items()]
    filters = {"Filter": {"Key": {"FilterRules": rules}}} if rules else {}
    return {"QueueConfigurations": [{"QueueArn": inbox.arn, "Events": list(events or (CREATED,)), **filters}]}


def records(inbox: Inbox, count: int = 1) -> list[Any]:
    """Return records, without S3's test event."""
    messages = inbox.received(count + 1)
    bodies = [json.loads(message["Body"]) for message in messages]
    return [body["Records"][0] for body in bodies if "Records" in body]


def test_a_queue_gets_a_test_event_and_one_record_with_the_trace(stack: Stack) -> None:
    """A queue is tested when it is configured; then it gets each change once, with the caller's header.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
    https://docs.aws.amazon.com/xray/latest/devguide/xray-services-s3.html
    """
    inbox = Inbox(stack)
    bucket = Bucket(stack, **to_queue(inbox))
    (message,) = inbox.received()
    assert json.loads(message["Body"])["Event"] == "s3:TestEvent"
    traced(bucket.s3, "PutObject")
    bucket.put("a folder/picture.png")
    settle(stack)
    (message,) = inbox.received()
    (record,) = json.loads(message["Body"])["Records"]
    assert (record["eventSource"], record["eventName"]) == ("aws:s3", "ObjectCreated:Put")
    assert record["s3"]["bucket"]["name"] == bucket.name
    assert record["s3"]["object"]["key"] == "a+folder/picture.png"
    assert (record["s3"]["object"]["size"], record["s3"]["object"]["eTag"]) == (
        5,
        "5d41402abc4b2a76b9719d911017c592",
    )
    assert message["Attributes"]["AWSTraceHeader"] == HEADER
    assert inbox.left() == 0


def test_a_function_runs_in_the_trace_of_the_change(stack: Stack) -> None:
    """A function is invoked asynchronously, once, as a child of the call that put the object."""
    name = stack.deploy(ECHO)
    arn = f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
    wanted = [{"LambdaFunctionArn": arn, "Events": [CREATED]}]
    bucket = Bucket(stack, LambdaFunctionConfigurations=wanted)
    traced(bucket.s3, "PutObject")
    bucket.put("k")
    documents = stack.sink.wait(name, lambda found: len(found) >= 3)
    services = [document for document in documents if document["origin"] == "AWS::Lambda"]
    assert {(one["trace_id"], one["parent_id"]) for one in services} == {(ROOT, PARENT)}
    assert services[-1]["http"]["response"]["status"] == 202
    assert len([one for one in stack.known.values() if one.function == name]) == 1


def test_a_topic_hands_the_record_on(stack: Stack) -> None:
    """A topic publishes the record to its subscribers, in the same trace."""
    inbox, sns = Inbox(stack), stack.client("sns")
    topic = sns.create_topic(Name=inbox.name)["TopicArn"]
    sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=inbox.arn, Attributes={"RawMessageDelivery": "true"}
    )
    bucket = Bucket(stack, TopicConfigurations=[{"TopicArn": topic, "Events": [CREATED]}])
    traced(bucket.s3, "PutObject")
    bucket.put("k")
    settle(stack)
    messages = {"Records" in message["Body"]: message for message in inbox.received(2)}
    assert messages[True]["Attributes"]["AWSTraceHeader"] == HEADER


def test_prefix_and_suffix_choose_objects(stack: Stack) -> None:
    """Only keys with the prefix and the suffix are told of."""
    inbox = Inbox(stack)
    bucket = Bucket(stack, **to_queue(inbox, prefix="in/", suffix=".png"))
    for key in ("in/a.png", "in/a.jpg", "out/a.png"):
        bucket.put(key)
    settle(stack)
    assert [record["s3"]["object"]["key"] for record in records(inbox)] == ["in/a.png"]
    assert inbox.left() == 0


def test_configurations_that_overlap_are_refused(stack: Stack) -> None:
    """One event type can have one destination, unless keys tell them apart; what was configured stays.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html
    """
    inbox = Inbox(stack)
    bucket = Bucket(stack, **to_queue(inbox))
    twice = (
        to_queue(inbox)["QueueConfigurations"]
        + to_queue(inbox, "s3:ObjectCreated:Put")["QueueConfigurations"]
    )
    with pytest.raises(ClientError, match="cannot share a common event type") as refused:
        bucket.s3.put_bucket_notification_configuration(
            Bucket=bucket.name, NotificationConfiguration={"QueueConfigurations": twice}
        )
    assert refused.value.response["Error"]["Code"] == "InvalidArgument"
    kept = bucket.s3.get_bucket_notification_configuration(Bucket=bucket.name)
    assert len(kept["QueueConfigurations"]) == 1


@pytest.mark.parametrize(
    ("first", "second", "problem"),
    [
        ((CREATED, {}), ("s3:ObjectRemoved:*", {}), None),
        (("s3:ObjectCreated:Put", {}), ("s3:ObjectCreated:Copy", {}), None),
        ((CREATED, {"prefix": "in/"}), (CREATED, {"prefix": "out/"}), None),
        (
            (CREATED, {"prefix": "in/", "suffix": ".jpg"}),
            (CREATED, {"prefix": "in/", "suffix": ".png"}),
            None,
        ),
        ((CREATED, {}), (CREATED, {}), "cannot share"),
        (("s3:ObjectCreated:Put", {}), (CREATED, {}), "cannot share"),
        ((CREATED, {}), (CREATED, {"prefix": "in/"}), "ambiguously"),
        ((CREATED, {"prefix": "in/a/"}), (CREATED, {"prefix": "in/"}), "ambiguously"),
        ((CREATED, {"suffix": "jpg"}), (CREATED, {"suffix": ".jpg"}), "ambiguously"),
        ((CREATED, {"prefix": "in/"}), (CREATED, {"suffix": ".jpg"}), "ambiguously"),
    ],
)
def test_overlaps(
    first: tuple[str, dict[str, str]], second: tuple[str, dict[str, str]], problem: str | None
) -> None:
    """Two configurations overlap where one event with one key would fit both, whatever their destinations."""
    one, other = (
        {
            "Event": [event],
            "Filter": {"S3Key": {"FilterRule": [{"Name": k, "Value": v} for k, v in keys.items()]}},
        }
        for event, keys in (first, second)
    )
    found = conflict({"QueueConfiguration": [one], "CloudFunctionConfiguration": [other]})
    assert (problem in found) if problem and found else found == problem


@pytest.mark.parametrize("versioned", [False, True])
def test_removed_objects_are_told_of(stack: Stack, *, versioned: bool) -> None:
    """A deletion is an event, and a delete marker one of its own kind; neither has a size."""
    inbox = Inbox(stack)
    bucket = Bucket(stack, **to_queue(inbox, "s3:ObjectRemoved:*"))
    if versioned:
        bucket.s3.put_bucket_versioning(Bucket=bucket.name, VersioningConfiguration={"Status": "Enabled"})
    bucket.put("k")
    bucket.s3.delete_object(Bucket=bucket.name, Key="k")
    (record,) = records(inbox)
    kind = "DeleteMarkerCreated" if versioned else "Delete"
    assert record["eventName"] == f"ObjectRemoved:{kind}"
    assert "size" not in record["s3"]["object"]
    assert ("versionId" in record["s3"]["object"]) is versioned


def test_eventbridge_is_told_without_a_trace(stack: Stack) -> None:
    """With EventBridge on, a change is an event on the default bus; events of AWS services carry no trace.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-related-service-xray.html
    """
    inbox, events = Inbox(stack), stack.client("events")
    bucket = Bucket(stack, EventBridgeConfiguration={})
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [bucket.name]}}}
    events.put_rule(Name=bucket.name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=bucket.name, Targets=[{"Id": "1", "Arn": inbox.arn}])
    traced(bucket.s3, "PutObject")
    bucket.put("k")
    settle(stack)
    (message,) = inbox.received()
    event = json.loads(message["Body"])
    assert (event["detail-type"], event["detail"]["reason"]) == ("Object Created", "PutObject")
    assert (event["detail"]["object"]["key"], event["detail"]["object"]["size"]) == ("k", 5)
    assert event["resources"] == [f"arn:aws:s3:::{bucket.name}"]
    assert "AWSTraceHeader" not in message["Attributes"]
    assert inbox.left() == 0


def test_a_function_that_fails_is_retried_and_ends_in_its_dead_letter_queue(stack: Stack) -> None:
    """S3 hands the event to Lambda; Lambda retries it and keeps it in the function's dead-letter queue."""
    dead = Inbox(stack)
    name = stack.deploy(
        "def handler(event, context): raise ValueError('no')", DeadLetterConfig={"TargetArn": dead.arn}
    )
    arn = f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
    bucket = Bucket(stack, LambdaFunctionConfigurations=[{"LambdaFunctionArn": arn, "Events": [CREATED]}])
    traced(bucket.s3, "PutObject")
    bucket.put("k")
    (message,) = dead.received()
    assert json.loads(message["Body"])["Records"][0]["s3"]["object"]["key"] == "k"
    assert message["Attributes"]["AWSTraceHeader"].startswith(f"Root={ROOT};")
    service = [one for one in stack.sink.of(name) if one["origin"] == "AWS::Lambda"][-1]
    attempts = [part["name"] for part in service["subsegments"] if part["name"].startswith("Attempt")]
    assert attempts == ["Attempt #1", "Attempt #2", "Attempt #3"]


def test_a_queue_that_is_down_is_tried_again(stack: Stack) -> None:
    """A delivery that fails is made again: S3 promises each event at least once."""
    inbox = Inbox(stack)
    bucket = Bucket(stack, **to_queue(inbox))
    stack.pauses.clear()
    stack.failing["sqs"] = 2
    bucket.put("k")
    settle(stack)
    assert len(records(inbox)) == 1
    assert stack.pauses == [1, 2]
