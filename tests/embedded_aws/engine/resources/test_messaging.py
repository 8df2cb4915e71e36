"""SQS, SNS, EventBridge and Step Functions."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pulumi_aws as aws

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
    (message,) = done.client("sqs").receive_message(QueueUrl=done.outputs["queue"])["Messages"]
    assert message["Body"] == "hello"
    attributes = sns.get_topic_attributes(TopicArn=done.outputs["topic"])["Attributes"]
    assert json.loads(attributes["Policy"]) == POLICY
    assert done.warnings == []


def test_rule_and_target_exist_and_are_told_to_fire_nothing(deploy: Deploy) -> None:
    """EventBridge keeps the rule and its target; that nothing fires is a warning."""

    def program() -> None:
        queue = aws.sqs.Queue("inbox")
        rule = aws.cloudwatch.EventRule("nightly", schedule_expression="rate(1 day)")
        aws.cloudwatch.EventTarget("inbox", rule=rule.name, arn=queue.arn, input='{"a": 1}')
        pulumi.export("rule", rule.name)
        pulumi.export("queue", queue.arn)

    done = deploy(program)
    events = done.client("events")
    assert events.describe_rule(Name=done.outputs["rule"])["ScheduleExpression"] == "rate(1 day)"
    (target,) = events.list_targets_by_rule(Rule=done.outputs["rule"])["Targets"]
    assert (target["Arn"], target["Input"]) == (done.outputs["queue"], '{"a": 1}')
    (warning,) = done.warnings
    assert "EventTarget 'inbox': EventBridge does not invoke targets here" in warning


def test_state_machine_has_its_definition(deploy: Deploy) -> None:
    """A state machine arrives with definition and role."""
    definition = json.dumps({"StartAt": "a", "States": {"a": {"Type": "Pass", "End": True}}})

    def program() -> None:
        role = aws.iam.Role("flow", assume_role_policy="{}")
        pulumi.export("arn", aws.sfn.StateMachine("flow", definition=definition, role_arn=role.arn).arn)

    done = deploy(program)
    found = done.client("stepfunctions").describe_state_machine(stateMachineArn=done.outputs["arn"])
    assert found["definition"] == definition
