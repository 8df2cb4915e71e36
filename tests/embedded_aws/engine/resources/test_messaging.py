"""SQS, SNS, EventBridge and Step Functions."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from embedded_aws.engine.errors import EngineError
from tests.embedded_aws.engine.conftest import Deploy

POLICY: Any = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage"}],
}


def test_queue_has_its_attributes_and_policies(deploy: Deploy) -> None:
    """Queue attributes, redrive and policies arrive under SQS's names."""

    def program() -> None:
        dead = aws.sqs.Queue("dead", message_retention_seconds=1209600)
        queue = aws.sqs.Queue(
            "jobs", visibility_timeout_seconds=60, receive_wait_time_seconds=5, sqs_managed_sse_enabled=True,
            redrive_policy=pulumi.Output.json_dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 3}),
        )  # fmt: skip
        aws.sqs.QueuePolicy("jobs", queue_url=queue.url, policy=json.dumps(POLICY))
        aws.sqs.RedriveAllowPolicy(
            "dead", queue_url=dead.id,
            redrive_allow_policy=pulumi.Output.json_dumps(
                {"redrivePermission": "byQueue", "sourceQueueArns": [queue.arn]}
            ),
        )  # fmt: skip
        pulumi.export("url", queue.url)
        pulumi.export("arns", [queue.arn, dead.arn])

    done = deploy(program)
    queue, dead = done.outputs["arns"]
    found = done.client("sqs").get_queue_attributes(QueueUrl=done.outputs["url"], AttributeNames=["All"])
    attributes = found["Attributes"]
    assert (attributes["QueueArn"], attributes["VisibilityTimeout"]) == (queue, "60")
    assert attributes["ReceiveMessageWaitTimeSeconds"] == "5"
    assert json.loads(attributes["RedrivePolicy"]) == {"deadLetterTargetArn": dead, "maxReceiveCount": 3}
    assert json.loads(attributes["Policy"]) == POLICY
    assert done.warnings == []


def test_fifo_names_end_in_fifo(deploy: Deploy) -> None:
    """Automatic names of FIFO queues and topics have the ending that AWS demands."""

    def program() -> None:
        pulumi.export("queue", aws.sqs.Queue("jobs", fifo_queue=True, content_based_deduplication=True).name)
        pulumi.export("topic", aws.sns.Topic("news", fifo_topic=True).name)

    assert all(name.endswith(".fifo") for name in deploy(program).outputs.values())


def test_topic_delivers_to_its_queue(deploy: Deploy) -> None:
    """A subscribed queue receives what is published to the topic."""

    def program() -> None:
        topic = aws.sns.Topic("news", tags={"team": "a"})
        queue = aws.sqs.Queue("inbox")
        aws.sns.TopicSubscription(
            "inbox", topic=topic.arn, protocol="sqs", endpoint=queue.arn, raw_message_delivery=True
        )
        aws.sns.TopicPolicy("news", arn=topic.arn, policy=POLICY)
        pulumi.export("topic", topic.arn)
        pulumi.export("queue", queue.url)

    done = deploy(program)
    sns = done.client("sns")
    sns.publish(TopicArn=done.outputs["topic"], Message="hello")
    sqs = done.client("sqs")
    (message,) = sqs.receive_message(QueueUrl=done.outputs["queue"], WaitTimeSeconds=20)["Messages"]
    assert message["Body"] == "hello"
    attributes = sns.get_topic_attributes(TopicArn=done.outputs["topic"])["Attributes"]
    assert json.loads(attributes["Policy"]) == POLICY
    assert done.warnings == []


def test_other_protocols_are_stored_only(deploy: Deploy) -> None:
    """A subscription by mail exists; that nothing is delivered is a warning."""

    def program() -> None:
        topic = aws.sns.Topic("news", fifo_topic=False)
        aws.sns.TopicSubscription("mail", topic=topic.arn, protocol="email", endpoint="a@example.com")

    (warning,) = deploy(program).warnings
    assert "TopicSubscription 'mail': SNS delivers nothing by email here" in warning


def test_rule_sends_matching_events_to_its_target(deploy: Deploy) -> None:
    """A rule of a custom bus hands an event on to its target, in the form that the target asks for."""

    def program() -> None:
        queue = aws.sqs.Queue("inbox")
        dead = aws.sqs.Queue("dead")
        bus = aws.cloudwatch.EventBus("shop")
        rule = aws.cloudwatch.EventRule(
            "orders", event_bus_name=bus.name, event_pattern=json.dumps({"source": ["shop"]})
        )
        aws.cloudwatch.EventTarget(
            "inbox", rule=rule.name, event_bus_name=bus.name, arn=queue.arn,
            input_transformer={"input_paths": {"n": "$.detail.n"}, "input_template": '{"number": <n>}'},
            retry_policy={"maximum_retry_attempts": 1, "maximum_event_age_in_seconds": 60},
            dead_letter_config={"arn": dead.arn},
        )  # fmt: skip
        aws.cloudwatch.EventPermission(
            "partner", principal="123456789012", statement_id="Partner", event_bus_name=bus.name
        )
        pulumi.export("bus", bus.name)
        pulumi.export("queue", queue.url)

    done = deploy(program)
    entry = {"Source": "shop", "DetailType": "d", "Detail": '{"n": 7}', "EventBusName": done.outputs["bus"]}
    done.client("events").put_events(Entries=[entry])
    sqs = done.client("sqs")
    (message,) = sqs.receive_message(QueueUrl=done.outputs["queue"], WaitTimeSeconds=20)["Messages"]
    assert (message["Body"], done.warnings) == ('{"number": 7}', [])


def test_targets_that_nothing_is_delivered_to_are_stored_only(deploy: Deploy) -> None:
    """A target of another sort is kept, with a warning that names it."""

    def program() -> None:
        rule = aws.cloudwatch.EventRule("nightly", schedule_expression="rate(1 day)")
        cluster = "arn:aws:ecs:eu-west-1:123456789012:cluster/c"
        aws.cloudwatch.EventTarget("task", rule=rule.name, arn=cluster)
        pulumi.export("rule", rule.name)

    done = deploy(program)
    (target,) = done.client("events").list_targets_by_rule(Rule=done.outputs["rule"])["Targets"]
    (warning,) = done.warnings
    assert target["Arn"] in warning


def test_a_wrong_schedule_is_named(deploy: Deploy) -> None:
    """A schedule that AWS refuses ends the deployment: the resource, the expression, what is allowed."""

    def program() -> None:
        aws.cloudwatch.EventRule("nightly", schedule_expression="cron(0 25 * * ? *)")

    with pytest.raises(EngineError, match=r"'nightly' .* hours '25': expected 0 to 23"):
        deploy(program)


def test_schedule_has_its_target(deploy: Deploy) -> None:
    """A schedule of the Scheduler arrives with its group, expression and target."""

    def program() -> None:
        queue = aws.sqs.Queue("inbox")
        role = aws.iam.Role("scheduler", assume_role_policy="{}")
        group = aws.scheduler.ScheduleGroup("reports")
        schedule = aws.scheduler.Schedule(
            "nightly", group_name=group.name, schedule_expression="cron(0 8 * * ? *)",
            schedule_expression_timezone="Europe/Berlin", flexible_time_window={"mode": "OFF"},
            target={
                "arn": queue.arn, "role_arn": role.arn, "input": '{"a": 1}',
                "retry_policy": {"maximum_retry_attempts": 3},
            },
        )  # fmt: skip
        pulumi.export("place", [group.name, schedule.name])
        pulumi.export("queue", queue.arn)

    done = deploy(program)
    group, name = done.outputs["place"]
    found = done.client("scheduler").get_schedule(GroupName=group, Name=name)
    assert (found["ScheduleExpression"], found["ScheduleExpressionTimezone"]) == (
        "cron(0 8 * * ? *)",
        "Europe/Berlin",
    )
    assert (found["Target"]["Arn"], found["Target"]["Input"]) == (done.outputs["queue"], '{"a": 1}')
    assert found["Target"]["RetryPolicy"]["MaximumRetryAttempts"] == 3
    assert done.warnings == []


def test_bucket_tells_of_its_objects(deploy: Deploy) -> None:
    """A bucket's notifications arrive with their events and filters, and are sent."""

    def program() -> None:
        bucket = aws.s3.Bucket("uploads")
        queue = aws.sqs.Queue("inbox")
        aws.s3.BucketNotification(
            "uploads", bucket=bucket.id, eventbridge=True,
            queues=[{"queue_arn": queue.arn, "events": ["s3:ObjectCreated:*"], "filter_suffix": ".png"}],
        )  # fmt: skip
        pulumi.export("bucket", bucket.bucket)
        pulumi.export("queue", queue.url)

    done = deploy(program)
    for key in ("a.txt", "a.png"):
        done.client("s3").put_object(Bucket=done.outputs["bucket"], Key=key, Body=b"x")
    sqs = done.client("sqs")
    bodies: list[str] = []
    while len(bodies) < 2:
        answer = sqs.receive_message(
            QueueUrl=done.outputs["queue"], WaitTimeSeconds=20, MaxNumberOfMessages=10
        )
        bodies += [message["Body"] for message in answer["Messages"]]
    assert ["TestEvent" in body for body in sorted(bodies, key=lambda body: "Records" in body)] == [
        True,
        False,
    ]
    assert any('"key": "a.png"' in body for body in bodies)
    assert done.warnings == []


def test_a_state_machine_is_made_as_declared(deploy: Deploy) -> None:
    """A state machine arrives with definition, role, type and tracing, and can be started."""
    definition = json.dumps({"StartAt": "a", "States": {"a": {"Type": "Pass", "End": True}}})

    def program() -> None:
        role = aws.iam.Role("flow", assume_role_policy="{}")
        machine = aws.sfn.StateMachine(
            "flow",
            definition=definition,
            role_arn=role.arn,
            type="EXPRESS",
            tracing_configuration={"enabled": True},
            logging_configuration={"level": "OFF"},
        )
        pulumi.export("arn", machine.arn)

    done = deploy(program)
    states = done.client("stepfunctions")
    found = states.describe_state_machine(stateMachineArn=done.outputs["arn"])
    assert (found["definition"], found["type"]) == (definition, "EXPRESS")
    assert found["tracingConfiguration"] == {"enabled": True}
    assert states.start_execution(stateMachineArn=done.outputs["arn"])["executionArn"]
    assert done.warnings == []


def test_what_of_step_functions_does_nothing_is_told(deploy: Deploy) -> None:
    """Activities are kept, but get no tasks; executions are not logged."""
    definition = json.dumps({"StartAt": "a", "States": {"a": {"Type": "Pass", "End": True}}})

    def program() -> None:
        aws.sfn.Activity("work")
        role = aws.iam.Role("flow", assume_role_policy="{}")
        aws.sfn.StateMachine(
            "flow",
            definition=definition,
            role_arn=role.arn,
            logging_configuration={"level": "ALL", "log_destination": "arn:aws:logs:::log-group:a:*"},
        )

    warnings = "".join(deploy(program).warnings)
    assert "workers get no tasks of activities here" in warnings
    assert "executions are not logged here" in warnings
