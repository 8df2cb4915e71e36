from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from embedded_aws.engine.errors import EngineError
from tests.embedded_aws.engine.conftest import Deploy
from tests.embedded_aws.engine.resources.test_iam import ALLOW


def test_place_is_the_embedded_aws(deploy: Deploy) -> None:
    """Region, account and partition are those that resources get."""

    def program() -> None:
        pulumi.export("region", aws.get_region().region)
        pulumi.export("account", aws.get_caller_identity().account_id)
        pulumi.export("partition", aws.get_partition().partition)

    assert deploy(program).outputs == {"region": "eu-west-1", "account": "123456789012", "partition": "aws"}


def test_policy_document_has_awss_form(deploy: Deploy) -> None:
    """Single values stand alone, principals and conditions are grouped, the version is the current one."""

    def program() -> None:
        document = aws.iam.get_policy_document(
            statements=[{
                "sid": "Send",
                "actions": ["sqs:SendMessage", "sqs:GetQueueUrl"],
                "resources": ["*"],
                "principals": [{"type": "Service", "identifiers": ["sns.amazonaws.com"]}],
                "conditions": [{"test": "ArnEquals", "variable": "aws:SourceArn", "values": ["arn:x"]}],
            }],
        )  # fmt: skip
        pulumi.export("json", document.json)

    assert json.loads(deploy(program).outputs["json"]) == {
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "Send",
            "Effect": "Allow",
            "Action": ["sqs:SendMessage", "sqs:GetQueueUrl"],
            "Resource": "*",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Condition": {"ArnEquals": {"aws:SourceArn": "arn:x"}},
        }],
    }  # fmt: skip


def test_policy_document_takes_capitals(deploy: Deploy) -> None:
    """Programs that were written after IAM's JSON deploy to AWS, because Pulumi's bridge takes both."""
    statement: Any = {
        "Effect": "Deny",
        "Actions": ["sqs:*"],
        "Resources": ["a", "b"],
        "Principals": [{"Type": "Service", "Identifiers": ["sns.amazonaws.com"]}],
        "Condition": [{"Test": "ArnEquals", "Variable": "aws:SourceArn", "Values": ["arn:x"]}],
    }

    def program() -> None:
        pulumi.export("json", aws.iam.get_policy_document(statements=[statement]).json)

    assert json.loads(deploy(program).outputs["json"])["Statement"] == [{
        "Effect": "Deny",
        "Action": "sqs:*",
        "Resource": ["a", "b"],
        "Principal": {"Service": "sns.amazonaws.com"},
        "Condition": {"ArnEquals": {"aws:SourceArn": "arn:x"}},
    }]  # fmt: skip


def test_policy_documents_merge_by_sid(deploy: Deploy) -> None:
    """Source statements come first; one with the same Sid is replaced by the override."""

    def document(*statements: Any) -> str:
        return json.dumps({"Statement": list(statements)})

    def program() -> None:
        merged = aws.iam.get_policy_document(
            source_policy_documents=[document({"Sid": "a", "Effect": "Allow"}, {"Effect": "Deny"})],
            override_policy_documents=[document({"Sid": "a", "Effect": "Deny"})],
            statements=[{"sid": "b", "actions": ["s3:*"]}],
        )
        pulumi.export("json", merged.json)

    assert json.loads(deploy(program).outputs["json"])["Statement"] == [
        {"Sid": "a", "Effect": "Deny"},
        {"Effect": "Deny"},
        {"Sid": "b", "Effect": "Allow", "Action": "s3:*"},
    ]


def test_created_things_can_be_looked_up(deploy: Deploy) -> None:
    """Lookups find what the program itself created."""

    def program() -> None:
        queue = aws.sqs.Queue("jobs")
        bucket = aws.s3.Bucket("files")
        table = aws.dynamodb.Table(
            "t", hash_key="id", billing_mode="PAY_PER_REQUEST", attributes=[{"name": "id", "type": "S"}]
        )
        role = aws.iam.Role("worker", assume_role_policy="{}")
        parameter = aws.ssm.Parameter("limit", type="String", insecure_value="5")
        pulumi.export("queue", [queue.arn, aws.sqs.get_queue_output(name=queue.name).arn])
        pulumi.export("bucket", [bucket.arn, aws.s3.get_bucket_output(bucket=bucket.bucket).arn])
        pulumi.export("table", [table.arn, aws.dynamodb.get_table_output(name=table.name).arn])
        pulumi.export("role", [role.arn, aws.iam.get_role_output(name=role.name).arn])
        pulumi.export("parameter", ["5", aws.ssm.get_parameter_output(name=parameter.name).insecure_value])

    for created, found in deploy(program).outputs.values():
        assert created == found


def test_policies_are_found_by_their_names(deploy: Deploy) -> None:
    """A policy's name finds the program's own and AWS's managed ones."""

    def program() -> None:
        own = aws.iam.Policy("own", policy=json.dumps(ALLOW))
        pulumi.export("own", [own.arn, aws.iam.get_policy_output(name=own.name).arn])
        pulumi.export("managed", aws.iam.get_policy(name="AWSLambdaBasicExecutionRole").arn)

    outputs = deploy(program).outputs
    assert len(set(outputs["own"])) == 1
    assert outputs["managed"] == "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


@pytest.mark.parametrize(("program", "message"), [
    (lambda: aws.iam.get_policy(name="Nowhere"),
     "getPolicy failed: there is no policy 'Nowhere' here; create it in the program"),
    (lambda: aws.ssm.get_parameter(name="/aws/service/x"),
     "getParameter failed: SSM parameter '/aws/service/x' does not exist here; create it in the program"),
    (lambda: aws.sqs.get_queue(name="nowhere"), "getQueue failed: GetQueueUrl answered .*NonExistentQueue"),
])  # fmt: skip
def test_lookup_that_fails_is_explained(deploy: Deploy, program: Callable[[], Any], message: str) -> None:
    """The function is named, with AWS's answer."""
    with pytest.raises(EngineError, match=message):
        deploy(program)
