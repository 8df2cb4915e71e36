"""What a production stack, a key and tags change about every resource, and what they leave alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components.api import TracedApi, TracedApiArgs
from components.baseline import Baseline, read_tags
from components.function import TracedFunction, TracedFunctionArgs
from components.kinds import SettingError
from components.queue import WorkQueue, WorkQueueArgs
from components.settings import (
    ApiProfile,
    FunctionProfile,
    Target,
    Throttling,
    parse_settings,
    read_concurrency,
)
from components.storage import ItemTable, ItemTableArgs, ObjectBucket, ObjectBucketArgs
from tests.components.conftest import Deploy, Deployed

KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
TABLE, BUCKET, QUEUE = "aws:dynamodb/table:Table", "aws:s3/bucket:Bucket", "aws:sqs/queue:Queue"
API, FUNCTION = "aws:apigateway/restApi:RestApi", "aws:lambda/function:Function"
BUCKET_POLICY, QUEUE_POLICY = "aws:s3/bucketPolicy:BucketPolicy", "aws:sqs/queuePolicy:QueuePolicy"
NO_TAGS = {
    "aws:apigateway/deployment:Deployment",
    "aws:apigateway/methodSettings:MethodSettings",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:lambda/permission:Permission",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    BUCKET_POLICY,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    QUEUE_POLICY,
}
"""What AWS has no tags for."""

Under = Callable[..., Deployed]


@pytest.fixture
def under(deploy: Deploy) -> Under:
    """Deploys a table, a bucket, a queue, a function and an API under a baseline."""

    def up(**about: Any) -> Deployed:
        baseline = Baseline(**about)

        def program() -> None:
            ItemTable("items", ItemTableArgs(baseline=baseline))
            ObjectBucket("objects", ObjectBucketArgs(baseline))
            WorkQueue("work", WorkQueueArgs(10, baseline=baseline))
            profile = FunctionProfile(Target("python3.13", "arm64"), "otel", baseline=baseline)
            front = TracedFunction("front", TracedFunctionArgs(Path("code.py"), profile, tags={"own": "1"}))
            args = TracedApiArgs({"GET /": front}, ApiProfile(Throttling(5, 10), baseline=baseline))
            TracedApi("api", args)

        return deploy(program)

    return up


def test_production_protects_what_has_data_or_an_address(under: Under) -> None:
    """`pulumi destroy` and a rename refuse to delete them; a stack that is no production goes away whole."""
    protected = {one.name for one in under(production=True).resources if one.options.protect}
    assert protected == {"api", "items", "objects", "work", "work-dead-letters"}
    assert not [one.name for one in under().resources if one.options.protect]


def test_a_production_table_can_be_restored_and_not_deleted(under: Under) -> None:
    """Also by somebody who does not use Pulumi."""
    table = under(production=True).one(TABLE).inputs
    assert (table["pointInTimeRecovery"], table["deletionProtectionEnabled"]) == ({"enabled": True}, True)
    assert not {"pointInTimeRecovery", "deletionProtectionEnabled"} & under().one(TABLE).inputs.keys()


def test_a_production_bucket_is_not_emptied_to_be_destroyed(under: Under) -> None:
    """Any other goes with its objects."""
    assert under(production=True).one(BUCKET).inputs["forceDestroy"] is False
    assert under().one(BUCKET).inputs["forceDestroy"] is True


@pytest.mark.parametrize(
    ("type_", "name", "action", "resources"),
    [
        (
            BUCKET_POLICY,
            "objects-policy",
            "s3:*",
            ["objects-1a2b3c4", "objects-1a2b3c4/*"],
        ),
        (QUEUE_POLICY, "work-policy", "sqs:*", ["work-1a2b3c4"]),
        (QUEUE_POLICY, "work-dead-letters-policy", "sqs:*", ["work-dead-letters-1a2b3c4"]),
    ],
)
def test_what_is_reached_without_tls_refuses(
    under: Under, type_: str, name: str, action: str, resources: list[str]
) -> None:
    """In every stack, for everybody; the policy allows nothing to anybody."""
    (statement,) = json.loads(under().one(type_, name).inputs["policy"])["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", action)
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert [arn.rpartition(":")[2] for arn in statement["Resource"]] == resources


def test_a_key_encrypts_all_that_is_at_rest(under: Under) -> None:
    """Table, bucket, queues, variables and logs; without one, each has a key of AWS's."""
    deployed = under(key=KEY)
    assert deployed.one(TABLE).inputs["serverSideEncryption"] == {"enabled": True, "kmsKeyArn": KEY}
    type_ = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    (rule,) = deployed.one(type_).inputs["rules"]
    by_default = {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY}
    assert rule == {"applyServerSideEncryptionByDefault": by_default, "bucketKeyEnabled": True}
    for queue in deployed.all(QUEUE):
        assert queue.inputs["kmsMasterKeyId"] == KEY
        assert "sqsManagedSseEnabled" not in queue.inputs
    assert deployed.one(FUNCTION).inputs["kmsKeyArn"] == KEY
    logs = deployed.all("aws:cloudwatch/logGroup:LogGroup")
    assert [log.inputs["kmsKeyId"] for log in logs] == [KEY] * 2
    assert KEY not in json.dumps([one.inputs for one in under().resources], default=str)


def test_a_function_may_use_the_key_and_no_other(under: Under) -> None:
    """What it reads and writes is encrypted in its name."""
    statements = under(key=KEY).policy("front-policy")
    (about_keys,) = [one for one in statements if any(act.startswith("kms:") for act in one["Action"])]
    assert about_keys["Resource"] == [KEY]
    assert about_keys["Action"] == ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"]
    assert "kms:" not in json.dumps(under().policy("front-policy"))


def test_all_that_can_have_tags_has_them(under: Under) -> None:
    """A resource's own come on top."""
    deployed = under(tags={"team": "shop"})
    plain = [one for one in deployed.resources if one.type.startswith("aws:") and one.type not in NO_TAGS]
    assert len(plain) >= 8
    assert not [one.name for one in plain if one.inputs.get("tags", {}).get("team") != "shop"]
    assert deployed.one(FUNCTION).inputs["tags"] == {"team": "shop", "own": "1"}
    assert "tags" not in under().one(TABLE).inputs


def test_every_stack_is_tagged_with_its_project_and_name() -> None:
    """So that a bill, or a list of what is left over, can be read by stack; a setting wins over them."""
    assert set(parse_settings({}).baseline.tags) == {"project", "stack"}
    assert parse_settings({"tags": '{"stack": "blue", "team": "shop"}'}).baseline.tags["stack"] == "blue"


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ({"team": 7}, "tags.team is 7, but must be text; quote it"),
        ({"aws:team": "shop"}, "tags has 'aws:team', but names that begin with aws: are AWS's own"),
        ({"team": "a" * 257}, "tags.team has the value 'a"),
        ({"team#": "shop"}, "tags.team# has the name 'team#', but AWS allows up to 128 letters"),
        ({str(number): "x" for number in range(41)}, "tags has 41 tags, but 40 leave room"),
    ],
)
def test_a_tag_that_aws_would_refuse_is_refused(tags: dict[str, Any], message: str) -> None:
    """The error names the tag and what is allowed."""
    with pytest.raises(SettingError) as error:
        read_tags(tags)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"frnt": 5}, "reservedConcurrency names 'frnt', but the functions are front, worker, consumer"),
        ({"front": -1}, "reservedConcurrency.front is -1, but must be a whole number of 0 or more"),
        ({"front": "many"}, "reservedConcurrency.front is 'many', but must be a whole number of 0 or more"),
    ],
)
def test_a_reservation_that_cannot_be_is_refused(given: dict[str, Any], message: str) -> None:
    """The error names the function, the value and what is allowed."""
    with pytest.raises(SettingError) as error:
        read_concurrency(given)
    assert str(error.value).startswith(message)


def test_a_key_must_be_an_arn() -> None:
    """An alias, or a key's id alone, does not do for all services."""
    with pytest.raises(
        SettingError, match="encryptionKey is 'alias/shop', but must be empty or the ARN of a"
    ):
        parse_settings({"encryptionKey": "alias/shop"})
