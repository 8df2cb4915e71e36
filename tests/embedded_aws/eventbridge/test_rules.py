"""Events reach the targets of the rules that they match, once, with the trace of whoever put them."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded_aws.aws.moto_events import EventPut
from embedded_aws.aws.trace_header import TraceHeader
from tests.embedded_aws.awslambda.harness import Stack
from tests.embedded_aws.inbox import HEADER, PARENT, ROOT, Inbox, settle, traced

ECHO = "import json\ndef handler(event, context): print(json.dumps(event))"


class Rule:
    """A rule for events of a source of its own."""

    def __init__(self, stack: Stack, bus: str = "default", **settings: Any) -> None:
        self.name = f"r{uuid.uuid4().hex[:12]}"
        self.bus = bus
        self.events = stack.client("events")
        settings.setdefault("EventPattern", json.dumps({"source": [self.name]}))
        self.arn = self.events.put_rule(Name=self.name, EventBusName=bus, **settings)["RuleArn"]

    def target(self, arn: str, **settings: Any) -> None:
        target = {"Id": uuid.uuid4().hex, "Arn": arn, **settings}
        answer = self.events.put_targets(Rule=self.name, EventBusName=self.bus, Targets=[target])
        assert not answer["FailedEntryCount"]

    def put(self, detail: Any = None, **entry: Any) -> Any:
        given = {
            "Source": self.name,
            "DetailType": "test",
            "Detail": json.dumps(detail or {}),
            "EventBusName": self.bus,
            **entry,
        }
        return self.events.put_events(Entries=[given])


def test_a_queue_gets_one_event_with_the_trace(stack: Stack) -> None:
    """A queue gets the event as EventBridge shapes it, once, and the header of PutEvents as AWSTraceHeader.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-related-service-xray.html
    """
    rule, inbox = Rule(stack), Inbox(stack)
    rule.target(inbox.arn)
    traced(rule.events, "PutEvents")
    entry = rule.put({"n": 1}, Resources=["arn:a"])["Entries"][0]
    settle(stack)
    (message,) = inbox.received()
    event = json.loads(message["Body"])
    assert event.pop("time").endswith("Z")
    assert event == {
        "version": "0",
        "id": entry["EventId"],
        "detail-type": "test",
        "source": rule.name,
        "account": "123456789012",
        "region": "us-east-1",
        "resources": ["arn:a"],
        "detail": {"n": 1},
    }
    assert message["Attributes"]["AWSTraceHeader"] == HEADER
    assert inbox.left() == 0


def test_the_entrys_own_header_wins(stack: Stack) -> None:
    """`TraceHeader` of an entry overrides the request's header, and is no part of the event."""
    rule, inbox = Rule(stack), Inbox(stack)
    rule.target(inbox.arn)
    traced(rule.events, "PutEvents")
    own = HEADER.replace("4567;", "4568;")
    rule.put(TraceHeader=own)
    (message,) = inbox.received()
    assert message["Attributes"]["AWSTraceHeader"] == own
    assert "trace" not in message["Body"].lower()


def test_a_function_runs_in_the_trace_of_the_event(stack: Stack) -> None:
    """A function is invoked asynchronously, once, as a child of the call that put the event."""
    rule, name = Rule(stack), stack.deploy(ECHO)
    rule.target(f"arn:aws:lambda:us-east-1:123456789012:function:{name}")
    traced(rule.events, "PutEvents")
    rule.put({"n": 1})
    documents = stack.sink.wait(name, lambda found: len(found) >= 3)
    services = [document for document in documents if document["origin"] == "AWS::Lambda"]
    assert {(one["trace_id"], one["parent_id"]) for one in services} == {(ROOT, PARENT)}
    assert services[-1]["http"]["response"]["status"] == 202
    assert len([one for one in stack.known.values() if one.function == name]) == 1


def test_a_topic_is_a_target(stack: Stack) -> None:
    """What a topic gets goes on to its subscribers in the same trace."""
    rule, inbox = Rule(stack), Inbox(stack)
    sns = stack.client("sns")
    topic = sns.create_topic(Name=rule.name)["TopicArn"]
    sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=inbox.arn, Attributes={"RawMessageDelivery": "true"}
    )
    rule.target(topic)
    traced(rule.events, "PutEvents")
    rule.put({"n": 1})
    (message,) = inbox.received()
    assert json.loads(message["Body"])["detail"] == {"n": 1}
    assert message["Attributes"]["AWSTraceHeader"] == HEADER


def test_a_state_machine_is_started_with_the_event(stack: Stack) -> None:
    """A state machine gets the event as its input."""
    rule = Rule(stack)
    definition = {"StartAt": "Done", "States": {"Done": {"Type": "Pass", "End": True}}}
    states = stack.client("stepfunctions")
    machine = states.create_state_machine(
        name=rule.name, definition=json.dumps(definition), roleArn="arn:aws:iam::123456789012:role/r"
    )["stateMachineArn"]
    rule.target(machine)
    rule.put({"n": 1})
    settle(stack)
    (execution,) = states.list_executions(stateMachineArn=machine)["executions"]
    started = states.describe_execution(executionArn=execution["executionArn"])
    assert json.loads(started["input"])["detail"] == {"n": 1}


def test_a_log_group_gets_the_event(stack: Stack) -> None:
    """An event for a log group is a log event in a stream of its own."""
    rule = Rule(stack)
    group = f"/aws/events/{rule.name}"
    stack.client("logs").create_log_group(logGroupName=group)
    rule.target(f"arn:aws:logs:us-east-1:123456789012:log-group:{group}")
    rule.put({"n": 1})
    settle(stack)
    (line,) = stack.client("logs").filter_log_events(logGroupName=group)["events"]
    assert json.loads(line["message"])["detail"] == {"n": 1}


def test_buses_are_apart(stack: Stack) -> None:
    """A rule sees the events of its own bus alone; another bus can be its target."""
    events, name = stack.client("events"), f"b{uuid.uuid4().hex[:12]}"
    bus = events.create_event_bus(Name=name)["EventBusArn"]
    there, here = Rule(stack, name), Rule(stack)
    inbox = Inbox(stack)
    pattern = json.dumps({"source": [here.name, there.name]})
    events.put_rule(Name=there.name, EventBusName=name, EventPattern=pattern)
    there.target(inbox.arn)
    there.put({"n": 1}, EventBusName="default")
    here.target(bus)
    here.put({"n": 2})
    there.put({"n": 3}, EventBusName=bus)
    settle(stack)
    bodies = [json.loads(message["Body"]) for message in inbox.received(2)]
    assert sorted((body["source"], body["detail"]["n"]) for body in bodies) == sorted(
        [(here.name, 2), (there.name, 3)]
    )


def test_a_disabled_rule_sends_nothing(stack: Stack) -> None:
    """A rule that is disabled delivers nothing until it is enabled."""
    rule, inbox = Rule(stack, State="DISABLED"), Inbox(stack)
    rule.target(inbox.arn)
    rule.put()
    settle(stack)
    assert inbox.left() == 0
    rule.events.enable_rule(Name=rule.name)
    rule.put()
    assert len(inbox.received()) == 1


def test_events_that_do_not_match_are_left_out(stack: Stack) -> None:
    """A pattern looks into arrays of objects, which moto's matching does not."""
    name = f"s{uuid.uuid4().hex[:12]}"
    pattern = {"source": [name], "detail": {"items": {"sku": ["a"], "size": [2]}}}
    rule, inbox = Rule(stack, EventPattern=json.dumps(pattern)), Inbox(stack)
    rule.target(inbox.arn, InputPath="$.detail.n")
    rule.put({"n": 1, "items": [{"sku": "a", "size": 1}, {"sku": "b", "size": 2}]}, Source=name)
    rule.put({"n": 2, "items": [{"sku": "b", "size": 1}, {"sku": "a", "size": 2}]}, Source=name)
    settle(stack)
    assert [message["Body"] for message in inbox.received()] == ["2"]
    assert inbox.left() == 0


@pytest.mark.parametrize("detail", ['"text"', "[]", "null"])
def test_a_detail_is_an_object(stack: Stack, detail: str) -> None:
    """PutEvents takes the other entries, and refuses one whose detail is other JSON.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html
    """
    entry = {"Source": "s", "DetailType": "d", "Detail": "{}"}
    answer = stack.client("events").put_events(Entries=[entry, {**entry, "Detail": detail}])
    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][0]["EventId"]
    assert answer["Entries"][1] == {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}


def test_a_wrong_pattern_is_refused(stack: Stack) -> None:
    """PutRule refuses a pattern that could not be matched, saying why."""
    with pytest.raises(ClientError, match="Reason: field 'a' uses 'like'"):
        Rule(stack, EventPattern='{"a": [{"like": "b"}]}')


@pytest.mark.parametrize(("sku", "expected"), [("a", True), ("b", False)])
def test_patterns_can_be_tried(stack: Stack, sku: str, *, expected: bool) -> None:
    """TestEventPattern tells what a rule would do."""
    event = {
        "id": "1",
        "source": "shop",
        "detail-type": "d",
        "account": "123456789012",
        "region": "us-east-1",
        "time": "2026-11-28T12:00:00Z",
        "detail": {"items": [{"sku": "a"}]},
    }
    pattern = json.dumps({"detail": {"items": {"sku": [sku]}}})
    answer = stack.client("events").test_event_pattern(EventPattern=pattern, Event=json.dumps(event))
    assert answer["Result"] is expected


def test_a_transformed_input(stack: Stack) -> None:
    """A target gets what its template makes of the event."""
    rule, inbox = Rule(stack), Inbox(stack)
    transformer = {"InputPathsMap": {"n": "$.detail.n"}, "InputTemplate": '{"number": <n>}'}
    rule.target(inbox.arn, InputTransformer=transformer)
    rule.put({"n": 7})
    assert inbox.received()[0]["Body"] == '{"number": 7}'


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"Input": "1", "InputPath": "$.detail"}, "Only one of Input, InputPath, or InputTransformer must"),
        (
            {"InputTransformer": {"InputPathsMap": {"a": "$.id"}, "InputTemplate": '"<a> <b>"'}},
            "contains invalid placeholder b.",
        ),
    ],
)
def test_wrong_inputs_are_refused(stack: Stack, settings: dict[str, Any], message: str) -> None:
    """A target that has two inputs, or a template with a variable that is none, is refused as on AWS."""
    with pytest.raises(ClientError, match=message):
        Rule(stack).target(Inbox(stack).arn, **settings)


def test_a_target_that_is_gone_is_a_dead_letter(stack: Stack) -> None:
    """An event for a function that does not exist is in the dead-letter queue at once, with the reason.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
    """
    rule, dead = Rule(stack), Inbox(stack)
    gone = "arn:aws:lambda:us-east-1:123456789012:function:gone"
    rule.target(gone, DeadLetterConfig={"Arn": dead.arn}, Input='"constant"')
    traced(rule.events, "PutEvents")
    stack.pauses.clear()
    rule.put({"n": 1})
    (message,) = dead.received()
    told = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert json.loads(message["Body"])["detail"] == {"n": 1}
    assert (told["RULE_ARN"], told["TARGET_ARN"], told["ERROR_CODE"]) == (rule.arn, gone, "NO_RESOURCE")
    assert (told["RETRY_ATTEMPTS"], "EXHAUSTED_RETRY_CONDITION" in told) == ("0", False)
    assert message["Attributes"]["AWSTraceHeader"] == HEADER
    assert stack.pauses == []


def test_retries_end_in_the_dead_letter_queue(stack: Stack) -> None:
    """A target that stays down gets its retries, then the event is in the dead-letter queue.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
    """
    rule, dead = Rule(stack), Inbox(stack)
    name = stack.deploy(ECHO)
    policy = {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 3600}
    rule.target(
        f"arn:aws:lambda:us-east-1:123456789012:function:{name}",
        DeadLetterConfig={"Arn": dead.arn},
        RetryPolicy=policy,
    )
    stack.pauses.clear()
    stack.failing["lambda"] = 3
    rule.put()
    (message,) = dead.received()
    told = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert (told["EXHAUSTED_RETRY_CONDITION"], told["RETRY_ATTEMPTS"]) == ("MaximumRetryAttempts", "2")
    assert stack.pauses == [1, 2]


def test_an_event_grows_too_old_for_retries(stack: Stack) -> None:
    """No retry begins after the maximum age of the event."""
    rule, dead, inbox = Rule(stack), Inbox(stack), Inbox(stack)
    policy = {"MaximumRetryAttempts": 185, "MaximumEventAgeInSeconds": 60}
    rule.target(inbox.arn, DeadLetterConfig={"Arn": dead.arn}, RetryPolicy=policy)
    stack.pauses.clear()
    stack.failing["sqs"] = 7
    rule.put()
    (message,) = dead.received()
    condition = message["MessageAttributes"]["EXHAUSTED_RETRY_CONDITION"]["StringValue"]
    assert (condition, stack.pauses) == ("MaximumEventAgeInSeconds", [1, 2, 4, 8, 16, 32])


def test_what_moto_lets_through_is_left_out(stack: Stack) -> None:
    """An event with a time that is none is not delivered; the request that put it has its answer."""
    rule, inbox = Rule(stack), Inbox(stack)
    rule.target(inbox.arn)
    entry = {"Source": rule.name, "DetailType": "d", "Detail": "{}", "Time": "noon"}

    async def take() -> None:
        stack.push.take([EventPut("us-east-1", "default", "1", entry)], TraceHeader())

    stack.call(take())
    settle(stack)
    assert inbox.left() == 0


@pytest.mark.parametrize(
    "given", [{"Time": 1e308}, {"Time": -1e18}, {"Detail": "[" * 100_000}], ids=["late", "early", "deep"]
)
def test_an_entry_of_any_shape_stops_no_other(
    stack: Stack, given: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """One that cannot be made an event is told of, and the next one is sent."""
    rule, inbox = Rule(stack), Inbox(stack)
    rule.target(inbox.arn)
    entry = {"Source": rule.name, "DetailType": "d", "Detail": "{}"}

    async def take() -> None:
        puts = [EventPut("us-east-1", "default", "1", one) for one in ({**entry, **given}, entry)]
        stack.push.take(puts, TraceHeader())

    stack.call(take())
    assert len(inbox.received()) == 1
    assert "EventPut cannot be delivered" in caplog.text
