from __future__ import annotations

from typing import Any

import pytest

from tests.embedded_aws.xray.sdk_spans import document


def aws_of(
    attributes: dict[str, Any] | None = None, resource: dict[str, Any] | None = None
) -> dict[str, Any]:
    found: dict[str, Any] = document(attributes, resource=resource)["aws"]
    return found


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ({"cloud.platform": "aws_app_runner"}, "AWS::AppRunner::Service"),
        ({"cloud.platform": "aws_eks"}, "AWS::EKS::Container"),
        ({"cloud.platform": "aws_elastic_beanstalk"}, "AWS::ElasticBeanstalk::Environment"),
        ({"cloud.platform": "aws_ec2"}, "AWS::EC2::Instance"),
        ({"cloud.platform": "aws_ecs"}, "AWS::ECS::Container"),
        ({"cloud.platform": "aws_ecs", "aws.ecs.launchtype": "ec2"}, "AWS::ECS::EC2"),
        ({"cloud.platform": "aws_ecs", "aws.ecs.launchtype": "fargate"}, "AWS::ECS::Fargate"),
        ({"cloud.platform": "aws_ecs", "aws.ecs.launchtype": "?"}, "AWS::ECS::Container"),
        ({"cloud.platform": "aws_ec2", "cloud.provider": "aws"}, "AWS::EC2::Instance"),
        ({"cloud.platform": "aws_ec2", "cloud.provider": "gcp"}, None),
        ({"cloud.platform": "aws_lambda", "cloud.provider": "aws"}, None),
        ({"cloud.platform": "gcp_cloud_run"}, None),
        ({"cloud.provider": "aws"}, None),
        ({}, None),
    ],
)
def test_the_origin_is_the_platform(resource: dict[str, str], expected: str | None) -> None:
    """Lambda has none, another cloud has none."""
    assert document(resource=resource).get("origin") == expected


@pytest.mark.parametrize(
    ("attributes", "resource", "expected"),
    [
        ({"aws.operation": "PutItem", "rpc.method": "x"}, {}, {"operation": "PutItem"}),
        ({"rpc.method": "PutItem"}, {}, {"operation": "PutItem"}),
        ({"aws.account_id": "1"}, {"cloud.account.id": "2"}, {"account_id": "1"}),
        ({}, {"cloud.account.id": "2"}, {"account_id": "2"}),
        ({"aws.region": "eu-west-1"}, {}, {"region": "eu-west-1"}),
        ({}, {"cloud.region": "eu-west-1"}, {}),
        ({"cloud.region": "eu-west-1"}, {}, {}),
        ({"aws.request_id": "r"}, {}, {"request_id": "r"}),
        ({"aws.requestId": "r"}, {}, {"request_id": "r"}),
        ({"aws.queue_url": "q"}, {}, {"queue_url": "q"}),
        ({"aws.queue.url": "q"}, {}, {"queue_url": "q"}),
        ({"aws.queue.url": "q", "messaging.url": "m"}, {}, {"queue_url": "m"}),
        ({"aws.table_name": "t"}, {}, {"table_name": "t"}),
        ({"aws.table.name": "t"}, {}, {"table_name": "t"}),
        ({"aws.table.name": "t", "aws.dynamodb.table_names": ["u"]}, {}, {"table_name": "u"}),
        ({"aws.dynamodb.table_names": ["u", "v"]}, {}, {"table_names": ["u", "v"]}),
        ({"aws.table.name": "t", "aws.dynamodb.table_names": ["u", "v"]}, {}, {"table_names": ["u", "v"]}),
        ({"aws.dynamodb.table_names": "u"}, {}, {"table_name": "u"}),
    ],
)  # fmt: skip
def test_the_call_is_described(
    attributes: dict[str, Any], resource: dict[str, Any], expected: dict[str, Any]
) -> None:
    """Each field from its attributes, the first that counts."""
    assert aws_of(attributes, resource) == {**expected, "xray": {"auto_instrumentation": False}}


def test_call_attributes_are_consumed_but_table_names_stay() -> None:
    """The list of tables is also in the metadata."""
    attributes = {
        "rpc.method": "a", "aws.operation": "a", "aws.account_id": "1", "aws.region": "r",
        "aws.request_id": "r", "aws.requestId": "r", "aws.queue_url": "q", "aws.queue.url": "q",
        "aws.table_name": "t", "aws.table.name": "t", "aws.dynamodb.table_names": ["u"],
    }  # fmt: skip
    assert document(attributes)["metadata"] == {"default": {"aws.dynamodb.table_names": ["u"]}}


def test_another_cloud_has_no_aws_object() -> None:
    """Not even the SDK's name; the call's attributes are consumed all the same."""
    found = document({"aws.region": "x"}, resource={"cloud.provider": "gcp"})
    assert "aws" not in found
    assert "metadata" not in found


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (
            {
                "telemetry.sdk.name": "opentelemetry",
                "telemetry.sdk.language": "python",
                "telemetry.sdk.version": "1",
            },
            {"sdk": "opentelemetry for python", "sdk_version": "1", "auto_instrumentation": False},
        ),
        ({"telemetry.sdk.name": "x"}, {"sdk": "x", "auto_instrumentation": False}),
        ({"telemetry.auto.version": "1"}, {"auto_instrumentation": True}),
        ({"telemetry.distro.version": "1"}, {"auto_instrumentation": True}),
        ({}, {"auto_instrumentation": False}),
    ],
)  # fmt: skip
def test_the_sdk_is_named_on_every_document(resource: dict[str, str], expected: dict[str, Any]) -> None:
    """Also on inner subsegments."""
    assert aws_of(resource=resource)["xray"] == expected


ARN = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/f:*"


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ({"aws.log.group.names": ["a", "b"]}, [{"log_group": "a"}, {"log_group": "b"}]),
        ({"aws.log.group.names": "a&b"}, [{"log_group": "a"}, {"log_group": "b"}]),
        (
            {"aws.log.group.names": "a", "aws.log.group.arns": [ARN]},
            [{"log_group": "/aws/lambda/f", "arn": ARN}],
        ),
        ({"aws.log.group.arns": "short"}, [{"log_group": "short", "arn": "short"}]),
        ({"aws.log.group.names": 5}, None),
    ],
)  # fmt: skip
def test_log_groups_come_from_arns_then_names(resource: dict[str, Any], expected: Any) -> None:
    """A list, or text parted by ampersands."""
    assert aws_of(resource=resource).get("cloudwatch_logs") == expected


@pytest.mark.parametrize(
    ("resource", "key", "expected"),
    [
        (
            {"host.id": "i", "host.type": "t", "host.image.id": "a", "cloud.availability_zone": "z"},
            "ec2",
            {"instance_id": "i", "instance_size": "t", "ami_id": "a", "availability_zone": "z"},
        ),
        (
            {
                "cloud.platform": "aws_ecs", "container.name": "n", "container.id": "i",
                "aws.ecs.container.arn": "c", "aws.ecs.cluster.arn": "k", "aws.ecs.task.arn": "t",
                "aws.ecs.task.family": "f", "aws.ecs.launchtype": "ec2", "cloud.availability_zone": "z",
            },
            "ecs",
            {
                "container": "n", "container_id": "i", "container_arn": "c", "cluster_arn": "k",
                "task_arn": "t", "task_family": "f", "launch_type": "ec2", "availability_zone": "z",
            },
        ),
        (
            {"cloud.platform": "aws_elastic_beanstalk", "service.namespace": "e", "service.instance.id": "32",
             "service.version": "v"},
            "elastic_beanstalk",
            {"environment_name": "e", "deployment_id": 32, "version_label": "v"},
        ),
        (
            {"cloud.platform": "aws_elastic_beanstalk", "service.instance.id": "x"},
            "elastic_beanstalk",
            {"deployment_id": 0, "environment_name": None, "version_label": None},
        ),
        (
            {"cloud.platform": "aws_elastic_beanstalk", "service.instance.id": "-3"},
            "elastic_beanstalk",
            {"deployment_id": -3, "environment_name": None, "version_label": None},
        ),
        (
            {"k8s.cluster.name": "k", "k8s.pod.name": "p", "container.id": "c"},
            "eks",
            {"cluster_name": "k", "pod": "p", "container_id": "c"},
        ),
        ({"service.namespace": "e"}, "elastic_beanstalk", None),
        ({"container.name": "n"}, "ecs", None),
    ],
)  # fmt: skip
def test_platforms_have_their_objects(resource: dict[str, str], key: str, expected: Any) -> None:
    """Each only on its platform."""
    assert aws_of(resource=resource).get(key) == expected


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ({"service.version": "1", "container.image.tag": "2"}, {"version": "1"}),
        ({"container.image.tag": "2"}, {"version": "2"}),
        ({"container.image.tag": "2", "container.image.tags": ["3", "4"]}, {"version": "3"}),
        ({"container.image.tag": "2", "container.image.tags": []}, {"version": "2"}),
        ({}, None),
    ],
)
def test_the_service_version(resource: dict[str, str], expected: dict[str, str] | None) -> None:
    """service.version, else the image's tag."""
    assert document(resource=resource).get("service") == expected
