"""What is published reaches functions and queues, once, with the publisher's trace."""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded_aws.awslambda.harness import Stack
from tests.embedded_aws.inbox import HEADER, PARENT, ROOT, Inbox, settle, traced

NOTHING = "def handler(event, context): pass"


class Topic:
    """A topic of a test's own."""

    def __init__(self, stack: Stack, **attributes: str) -> None:
        ending = ".fifo" if attributes.get("FifoTopic") else ""
        self.name = f"t{uuid.uuid4().hex[:12]}{ending}"
        self.sns = stack.client("sns")
        self.arn = self.sns.create_topic(Name=self.name, Attributes=attributes)["TopicArn"]

    def subscribe(self, protocol: str, endpoint: str, **attributes: str) -> str:
        answer = self.sns.subscribe(
            TopicArn=self.arn, Protocol=protocol, Endpoint=endpoint, Attributes=attributes
        )
        return str(answer["SubscriptionArn"])

    def publish(self, message: str = "hello", **options: Any) -> str:
        return str(self.sns.publish(TopicArn=self.arn, Message=message, **options)["MessageId"])


def function_arn(name: str) -> str:
    return f"arn:aws:lambda:us-east-1:123456789012:function:{name}"


def test_a_queue_gets_one_envelope_with_the_trace(stack: Stack) -> None:
    """A queue gets the message in SNS's JSON, once, and the publisher's header as AWSTraceHeader.

    https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
    https://docs.aws.amazon.com/xray/latest/devguide/xray-services-sns.html
    """
    topic, inbox = Topic(stack), Inbox(stack)
    subscription = topic.subscribe("sqs", inbox.arn)
    traced(topic.sns, "Publish")
    attributes = {"kind": {"DataType": "String", "StringValue": "book"}}
    message_id = topic.publish("hello", Subject="greeting", MessageAttributes=attributes)
    settle(stack)
    (message,) = inbox.received()
    body = json.loads(message["Body"])
    assert (body["Type"], body["MessageId"], body["TopicArn"]) == ("Notification", message_id, topic.arn)
    assert (body["Message"], body["Subject"]) == ("hello", "greeting")
    assert body["MessageAttributes"] == {"kind": {"Type": "String", "Value": "book"}}
    assert subscription in body["UnsubscribeURL"]
    assert message["Attributes"]["AWSTraceHeader"] == HEADER
    assert inbox.left() == 0


def test_a_function_gets_one_record_in_the_publishers_trace(stack: Stack) -> None:
    """A function is invoked asynchronously with one record; its segment is a child of the publisher's call.

    https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
    """
    topic = Topic(stack)
    name = stack.deploy("import json\ndef handler(event, context): print(json.dumps(event))")
    subscription = topic.subscribe("lambda", function_arn(name))
    traced(topic.sns, "Publish")
    topic.publish("hello")
    settle(stack)
    documents = stack.sink.wait(name, lambda found: len(found) >= 3)
    assert {(d["trace_id"], d.get("parent_id")) for d in documents if d["origin"] == "AWS::Lambda"} == {
        (ROOT, PARENT)
    }
    (line,) = [line for line in stack.messages(name) if line.startswith('{"Records"')]
    (record,) = json.loads(line)["Records"]
    assert (record["EventSource"], record["EventSubscriptionArn"]) == ("aws:sns", subscription)
    assert (record["Sns"]["Message"], record["Sns"]["TopicArn"]) == ("hello", topic.arn)
    assert len([one for one in stack.known.values() if one.function == name]) == 1


def test_raw_delivery_hands_on_the_message_itself(stack: Stack) -> None:
    """With raw delivery the text and its attributes are those of the message."""
    topic, inbox = Topic(stack), Inbox(stack)
    topic.subscribe("sqs", inbox.arn, RawMessageDelivery="true")
    attributes = {
        "kind": {"DataType": "String", "StringValue": "book"},
        "picture": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    }
    topic.publish("hello", MessageAttributes=attributes)
    (message,) = inbox.received()
    assert message["Body"] == "hello"
    assert message["MessageAttributes"]["kind"]["StringValue"] == "book"
    assert message["MessageAttributes"]["picture"]["BinaryValue"] == b"\x00\xff"


@pytest.mark.parametrize(
    ("settings", "taken"),
    [
        ({"FilterPolicy": '{"kind": ["book"]}'}, ["by attribute"]),
        ({"FilterPolicy": '{"kind": ["book"]}', "FilterPolicyScope": "MessageBody"}, ['{"kind": "book"}']),
    ],
)
def test_filter_policies(stack: Stack, settings: dict[str, str], taken: list[str]) -> None:
    """A subscription gets the messages that its policy takes, by their attributes or their text."""
    topic, inbox = Topic(stack), Inbox(stack)
    topic.subscribe("sqs", inbox.arn, RawMessageDelivery="true", **settings)
    topic.publish("by attribute", MessageAttributes={"kind": {"DataType": "String", "StringValue": "book"}})
    topic.publish('{"kind": "book"}')
    topic.publish("neither")
    settle(stack)
    assert [message["Body"] for message in inbox.received()] == taken
    assert inbox.left() == 0


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ('{"a": [{"like": "b"}]}', "uses 'like'"),
        ('{"a": {"b": ["c"]}}', "does not support nested filter policy"),
        ('{"a": ["1"], "b": ["1"], "c": ["1"], "d": ["1"], "e": ["1"], "f": ["1"]}', "more than 5 keys"),
    ],
)
def test_wrong_filter_policies_are_refused(stack: Stack, policy: str, message: str) -> None:
    """A policy that SNS does not take is refused, saying why."""
    topic, inbox = Topic(stack), Inbox(stack)
    with pytest.raises(ClientError, match=message):
        topic.subscribe("sqs", inbox.arn, FilterPolicy=policy)


def test_choices_of_a_filter_policy_add_up(stack: Stack) -> None:
    """Of the 150 combinations at most, each choice of `$or` has its own: here 4 with 20, and 4 with 18.

    https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html
    """
    topic, inbox = Topic(stack), Inbox(stack)

    def policy(c: int) -> str:
        values = {name: [f"{n}" for n in range(count)] for name, count in (("a", 4), ("b", 20), ("c", c))}
        return json.dumps({"a": values["a"], "$or": [{"b": values["b"]}, {"c": values["c"]}]})

    with pytest.raises(ClientError, match="Filter policy is too complex"):
        topic.subscribe("sqs", inbox.arn, FilterPolicy=policy(18))
    topic.subscribe("sqs", inbox.arn, FilterPolicy=policy(17))


def test_a_structured_message_has_a_text_for_each_protocol(stack: Stack) -> None:
    """With MessageStructure a queue gets its own text, and a message without a default one is refused."""
    topic, inbox = Topic(stack), Inbox(stack)
    topic.subscribe("sqs", inbox.arn, RawMessageDelivery="true")
    topic.publish('{"default": "for all", "sqs": "for queues"}', MessageStructure="json")
    assert inbox.received()[0]["Body"] == "for queues"
    with pytest.raises(ClientError, match="No default entry in JSON message body"):
        topic.publish('{"sqs": "x"}', MessageStructure="json")


def test_a_fifo_topic_keeps_its_groups(stack: Stack) -> None:
    """A FIFO queue gets the group and the deduplication id of each message, and every message once."""
    topic = Topic(stack, FifoTopic="true", ContentBasedDeduplication="true")
    inbox = Inbox(stack, f"q{uuid.uuid4().hex[:12]}.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    topic.subscribe("sqs", inbox.arn, RawMessageDelivery="true")
    topic.publish("one", MessageGroupId="g", MessageDeduplicationId="1")
    topic.publish("one again", MessageGroupId="g", MessageDeduplicationId="1")
    settle(stack)
    (message,) = inbox.received()
    assert (message["Body"], message["Attributes"]["MessageGroupId"]) == ("one", "g")
    assert inbox.left() == 0


def test_a_fifo_topic_keeps_its_order(stack: Stack) -> None:
    """Messages of a group arrive in their order, also when the first one has to be sent again."""
    topic = Topic(stack, FifoTopic="true", ContentBasedDeduplication="true")
    inbox = Inbox(stack, f"q{uuid.uuid4().hex[:12]}.fifo", FifoQueue="true")
    topic.subscribe("sqs", inbox.arn, RawMessageDelivery="true")
    stack.failing["sqs"] = 3
    sent = [f"message {number}" for number in range(6)]
    for text in sent:
        topic.publish(text, MessageGroupId="g")
    settle(stack)
    assert [message["Body"] for message in inbox.received(6)] == sent


def test_content_based_deduplication_reaches_the_queue(stack: Stack) -> None:
    """A topic that deduplicates by content hands the id on to a queue that does not make its own.

    https://docs.aws.amazon.com/sns/latest/dg/fifo-message-dedup.html
    """
    topic = Topic(stack, FifoTopic="true", ContentBasedDeduplication="true")
    inbox = Inbox(stack, f"q{uuid.uuid4().hex[:12]}.fifo", FifoQueue="true")
    topic.subscribe("sqs", inbox.arn, RawMessageDelivery="true")
    topic.publish("same", MessageGroupId="g")
    topic.publish("same", MessageGroupId="g")
    settle(stack)
    (message,) = inbox.received()
    digest = hashlib.sha256(b"same").hexdigest()
    assert message["Attributes"]["MessageDeduplicationId"] == digest


def test_a_batch_is_delivered_message_by_message(stack: Stack) -> None:
    """Each entry of PublishBatch is a message of its own."""
    topic, inbox = Topic(stack), Inbox(stack)
    topic.subscribe("sqs", inbox.arn, RawMessageDelivery="true")
    entries = [{"Id": text, "Message": text} for text in ("a", "b")]
    topic.sns.publish_batch(TopicArn=topic.arn, PublishBatchRequestEntries=entries)
    assert sorted(message["Body"] for message in inbox.received(2)) == ["a", "b"]


def test_what_cannot_be_delivered_goes_to_the_dead_letter_queue(stack: Stack) -> None:
    """A client error, such as a function that is gone, is not retried: the message is a dead letter.

    https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html
    """
    topic, dead = Topic(stack), Inbox(stack)
    policy = json.dumps({"deadLetterTargetArn": dead.arn})
    topic.subscribe("lambda", function_arn("gone"), RedrivePolicy=policy)
    traced(topic.sns, "Publish")
    stack.pauses.clear()
    topic.publish("lost")
    (message,) = dead.received()
    assert json.loads(message["Body"])["Records"][0]["Sns"]["Message"] == "lost"
    assert message["Attributes"]["AWSTraceHeader"] == HEADER
    assert stack.pauses == []


def test_server_errors_are_tried_again(stack: Stack) -> None:
    """A target that is down twice gets the message at the third attempt, after AWS's first pauses.

    https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
    """
    topic, inbox = Topic(stack), Inbox(stack)
    topic.subscribe("sqs", inbox.arn, RawMessageDelivery="true")
    stack.pauses.clear()
    stack.failing["sqs"] = 5
    topic.publish("at last")
    settle(stack)
    assert inbox.received()[0]["Body"] == "at last"
    assert stack.pauses == [0, 0, 0, 1, 1]


def test_active_tracing_sends_the_topics_segment(stack: Stack) -> None:
    """A topic with active tracing is a segment between publisher and subscribers, a delivery its subsegment.

    https://docs.aws.amazon.com/sns/latest/dg/sns-active-tracing.html
    """
    topic, inbox = Topic(stack, TracingConfig="Active"), Inbox(stack)
    name = stack.deploy(NOTHING)
    topic.subscribe("sqs", inbox.arn)
    topic.subscribe("lambda", function_arn(name))
    traced(topic.sns, "Publish")
    topic.publish()
    (segment,) = stack.sink.wait(topic.name, bool)
    assert (segment["trace_id"], segment["parent_id"]) == (ROOT, PARENT)
    assert (segment["origin"], segment["resource_arn"]) == ("AWS::SNS::Topic", topic.arn)
    calls = {part["name"]: part for part in segment["subsegments"]}
    assert calls["SQS"]["aws"]["queue_url"].endswith(inbox.name)
    (message,) = inbox.received()
    assert message["Attributes"]["AWSTraceHeader"] == f"Root={ROOT};Parent={calls['SQS']['id']};Sampled=1"
    (service, *_) = stack.sink.wait(name, bool)
    assert service["parent_id"] == calls["Lambda"]["id"]


def test_active_tracing_of_an_unsampled_message_sends_nothing(stack: Stack) -> None:
    """A topic sends segments only when the publisher's trace is sampled."""
    topic, inbox = Topic(stack, TracingConfig="Active"), Inbox(stack)
    topic.subscribe("sqs", inbox.arn)
    header = HEADER.replace("Sampled=1", "Sampled=0")
    traced(topic.sns, "Publish", header)
    topic.publish()
    assert inbox.received()[0]["Attributes"]["AWSTraceHeader"] == header
    settle(stack)
    assert stack.sink.of(topic.name) == []
