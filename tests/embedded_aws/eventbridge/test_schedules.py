"""Schedules fire when their time has come; a trace begins at what they invoke."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded_aws.awslambda.harness import Stack
from tests.embedded_aws.inbox import Inbox, settle

NOON = 1_795_867_200.0  # 2026-11-28T12:00:00Z
ROLE = "arn:aws:iam::123456789012:role/r"


@pytest.fixture
def clock(stack: Stack) -> Iterator[Stack]:
    """The stack at a time that the test sets; schedules of other tests are disabled."""
    stack.now = NOON
    yield stack
    events = stack.client("events")
    for rule in events.list_rules()["Rules"]:
        if rule.get("ScheduleExpression"):
            events.disable_rule(Name=rule["Name"])
    scheduler = stack.client("scheduler")
    for schedule in scheduler.list_schedules()["Schedules"]:
        scheduler.delete_schedule(Name=schedule["Name"])
    stack.now = None


def tick(stack: Stack, seconds: float) -> None:
    """Let so many seconds pass, then look what is due."""

    async def look() -> None:
        stack.push.schedules.tick()

    assert stack.now is not None
    stack.now += seconds
    stack.call(look())
    settle(stack)


def scheduled_rule(stack: Stack, expression: str, arn: str, **target: Any) -> str:
    name = f"r{uuid.uuid4().hex[:12]}"
    events = stack.client("events")
    rule = events.put_rule(Name=name, ScheduleExpression=expression)["RuleArn"]
    events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": arn, **target}])
    tick(stack, 0)
    return str(rule)


def schedule(stack: Stack, expression: str, target: dict[str, Any], **settings: Any) -> str:
    answer = stack.client("scheduler").create_schedule(
        Name=f"s{uuid.uuid4().hex[:12]}",
        ScheduleExpression=expression,
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"RoleArn": ROLE, **target},
        **settings,
    )
    tick(stack, 0)
    return str(answer["ScheduleArn"])


@pytest.mark.parametrize("expression", ["rate(0 minutes)", "cron(0 1 * * * *)", "cron(71 8 1 * ? *)"])
def test_an_expression_that_is_never_due_is_refused(clock: Stack, expression: str) -> None:
    """PutRule and CreateSchedule say what is wrong with it."""
    with pytest.raises(ClientError, match=r"Parameter ScheduleExpression is not valid. Reason: '(rate|cron)"):
        clock.client("events").put_rule(Name="r", ScheduleExpression=expression)
    with pytest.raises(ClientError, match=r"Invalid Schedule Expression (rate|cron).* Reason: "):
        schedule(clock, expression, {"Arn": "arn:aws:sqs:us-east-1:123456789012:q"})


def test_a_rule_fires_at_its_rate(clock: Stack) -> None:
    """A rule with a rate sends its event each time that it is due, without a trace.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html
    """
    inbox = Inbox(clock)
    rule = scheduled_rule(clock, "rate(5 minutes)", inbox.arn)
    tick(clock, 299)
    assert inbox.left() == 0
    tick(clock, 2)
    (message,) = inbox.received()
    event = json.loads(message["Body"])
    assert (event["source"], event["detail-type"]) == ("aws.events", "Scheduled Event")
    assert (event["resources"], event["time"], event["detail"]) == ([rule], "2026-11-28T12:05:00Z", {})
    assert "AWSTraceHeader" not in message["Attributes"]
    tick(clock, 60)
    assert inbox.left() == 0


def test_what_was_missed_is_sent_once(clock: Stack) -> None:
    """After a long pause a schedule fires once and goes on at its times."""
    inbox = Inbox(clock)
    scheduled_rule(clock, "cron(0/10 * * * ? *)", inbox.arn, Input='"due"')
    tick(clock, 3600)
    assert [message["Body"] for message in inbox.received()] == ['"due"']
    tick(clock, 540)
    assert inbox.left() == 0
    tick(clock, 60)
    assert len(inbox.received()) == 1


def test_a_function_begins_a_trace_of_its_own(clock: Stack) -> None:
    """A scheduled invocation has no caller: Lambda's own rule decides, and its segment is the root.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-related-service-xray.html
    """
    name = clock.deploy("def handler(event, context): pass")
    scheduled_rule(clock, "rate(1 minute)", f"arn:aws:lambda:us-east-1:123456789012:function:{name}")
    tick(clock, 60)
    (service, *_) = clock.sink.wait(name, bool)
    assert "parent_id" not in service
    assert any(name in arn for arn in clock.sampler.asked)


def test_the_scheduler_sends_its_input(clock: Stack) -> None:
    """A schedule sends its input, with the attributes of this run in place.

    https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
    """
    inbox = Inbox(clock)
    text = '{"at": "<aws.scheduler.scheduled-time>", "by": "<aws.scheduler.schedule-arn>"}'
    arn = schedule(clock, "rate(1 hour)", {"Arn": inbox.arn, "Input": text})
    tick(clock, 3600)
    assert json.loads(inbox.received()[0]["Body"]) == {"at": "2026-11-28T13:00:00Z", "by": arn}


def test_a_universal_target_is_any_operation(clock: Stack) -> None:
    """A universal target calls an operation of an SDK with the input as its parameters.

    https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html
    """
    inbox = Inbox(clock)
    text = json.dumps({"QueueUrl": inbox.url, "MessageBody": "universal"})
    schedule(clock, "rate(1 minute)", {"Arn": "arn:aws:scheduler:::aws-sdk:sqs:sendMessage", "Input": text})
    tick(clock, 60)
    assert inbox.received()[0]["Body"] == "universal"


def test_a_one_time_schedule_in_a_time_zone(clock: Stack) -> None:
    """`at(…)` is due once, at the time of its zone."""
    inbox = Inbox(clock)
    schedule(
        clock,
        "at(2026-11-28T14:00:00)",
        {"Arn": inbox.arn, "Input": "once"},
        ScheduleExpressionTimezone="Europe/Berlin",
    )
    tick(clock, 3590)
    assert inbox.left() == 0
    tick(clock, 10)
    assert inbox.received()[0]["Body"] == "once"
    tick(clock, 86_400)
    assert inbox.left() == 0


def test_a_completed_schedule_is_deleted_where_it_asks_for_that(clock: Stack) -> None:
    """`ActionAfterCompletion=DELETE` deletes a schedule that is never due again.

    https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-delete.html
    """
    inbox = Inbox(clock)
    schedule(
        clock, "at(2026-11-28T12:01:00)", {"Arn": inbox.arn, "Input": "x"}, ActionAfterCompletion="DELETE"
    )
    assert len(clock.client("scheduler").list_schedules()["Schedules"]) == 1
    tick(clock, 60)
    assert len(inbox.received()) == 1
    assert clock.client("scheduler").list_schedules()["Schedules"] == []


def test_a_failing_schedule_ends_in_its_dead_letter_queue(clock: Stack) -> None:
    """What a schedule cannot deliver is in its dead-letter queue, with the schedule's name."""
    dead = Inbox(clock)
    gone = "arn:aws:lambda:us-east-1:123456789012:function:gone"
    arn = schedule(clock, "rate(1 minute)", {"Arn": gone, "DeadLetterConfig": {"Arn": dead.arn}})
    tick(clock, 60)
    (message,) = dead.received()
    assert message["MessageAttributes"]["SCHEDULE_ARN"]["StringValue"] == arn
    assert json.loads(message["Body"])["source"] == "aws.scheduler"


def test_a_schedule_ends(clock: Stack) -> None:
    """After its end date a schedule is not due any more."""
    inbox = Inbox(clock)
    schedule(clock, "rate(1 minute)", {"Arn": inbox.arn, "Input": "x"}, EndDate=NOON + 90)
    tick(clock, 60)
    tick(clock, 60)
    assert len(inbox.received()) == 1
    assert inbox.left() == 0


def test_an_input_that_cannot_be_sent_stops_no_other_schedule(clock: Stack) -> None:
    """A universal target whose input is no JSON is left out, and the others fire."""
    inbox = Inbox(clock)
    schedule(clock, "rate(1 minute)", {"Arn": "arn:aws:scheduler:::aws-sdk:sqs:sendMessage", "Input": "{"})
    schedule(clock, "rate(1 minute)", {"Arn": inbox.arn, "Input": "fine"})
    tick(clock, 60)
    assert inbox.received()[0]["Body"] == "fine"


def test_a_schedule_that_fails_stops_no_other(clock: Stack, caplog: pytest.LogCaptureFixture) -> None:
    """What cannot be read when it is due is told of, and what is due beside it is sent."""
    inbox = Inbox(clock)
    universal = "arn:aws:scheduler:::aws-sdk:sqs:sendMessage"
    schedule(clock, "rate(1 minute)", {"Arn": universal, "Input": "[" * 100_000})
    schedule(clock, "rate(1 minute)", {"Arn": inbox.arn, "Input": "due"})
    tick(clock, 61)
    assert [message["Body"] for message in inbox.received()] == ["due"]
    assert "cannot be sent" in caplog.text
