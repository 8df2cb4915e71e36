"""The `aws` object, the segment's `origin` and its `service`."""

from __future__ import annotations

from typing import Any

from embedded_aws.xray.intake.translation.frames import whole_number
from embedded_aws.xray.intake.translation.spans import Attributes, Span, latest, text, without_empty

CONSUMED = frozenset(
    {
        "rpc.method", "aws.operation", "aws.account_id", "aws.region", "aws.request_id", "aws.requestId",
        "aws.queue_url", "aws.queue.url", "aws.table_name", "aws.table.name",
    }
)  # fmt: skip

CALL_FIELDS = (
    "operation", "account_id", "region", "request_id", "queue_url", "table_name", "table_names",
)  # fmt: skip
"""What describes the called service, not the calling one."""

_ORIGINS = {
    "aws_app_runner": "AWS::AppRunner::Service",
    "aws_eks": "AWS::EKS::Container",
    "aws_elastic_beanstalk": "AWS::ElasticBeanstalk::Environment",
    "aws_ec2": "AWS::EC2::Instance",
}
_ECS_ORIGINS = {"ec2": "AWS::ECS::EC2", "fargate": "AWS::ECS::Fargate"}

_ARN_LOG_GROUP = 6


def origin(resource: Attributes) -> str:
    """Return where the segment's service runs; empty outside AWS, and for Lambda.

    Lambda's own segments have that origin; a segment that the function's code makes is another node.
    """
    if resource.get("cloud.provider", "aws") != "aws":
        return ""
    platform = text(resource.get("cloud.platform"))
    if platform == "aws_ecs":
        return _ECS_ORIGINS.get(text(resource.get("aws.ecs.launchtype")), "AWS::ECS::Container")
    return _ORIGINS.get(platform, "")


def service(resource: Attributes) -> dict[str, Any] | None:
    """Return the `service` object: the version, else the container image's first tag; None without either."""
    tags = resource.get("container.image.tags")
    if "service.version" in resource:
        version = resource["service.version"]
    elif isinstance(tags, list) and tags:
        version = tags[0]
    elif "container.image.tag" in resource:
        version = resource["container.image.tag"]
    else:
        return None
    return without_empty({"version": text(version)})


def aws(span: Span, resource: Attributes) -> dict[str, Any] | None:
    """Return the `aws` object; None only when the resource names another cloud."""
    if text(resource.get("cloud.provider")) not in {"", "aws"}:
        return None
    return without_empty(
        {
            **_call(span.attributes, resource),
            "cloudwatch_logs": _log_groups(resource),
            "ec2": _ec2(resource),
            "ecs": _ecs(resource),
            "elastic_beanstalk": _elastic_beanstalk(resource),
            "eks": _eks(resource),
            "xray": _sdk(resource),
        }
    )


def _call(attributes: Attributes, resource: Attributes) -> dict[str, Any]:
    table_name, table_names = _tables(attributes)
    account = attributes.get("aws.account_id")
    return {
        "operation": text(attributes.get("aws.operation", attributes.get("rpc.method"))),
        "account_id": text(resource.get("cloud.account.id") if account is None else account),
        "region": text(attributes.get("aws.region")),
        "request_id": text(latest(attributes, "aws.request_id", "aws.requestId")),
        "queue_url": text(attributes["messaging.url"])
        if "messaging.url" in attributes
        else text(latest(attributes, "aws.queue_url", "aws.queue.url")),
        "table_name": table_name,
        "table_names": table_names,
    }


def _tables(attributes: Attributes) -> tuple[str, list[str]]:
    """Return one name or several; the convention's list wins over the older single attributes."""
    names = attributes.get("aws.dynamodb.table_names")
    if isinstance(names, str):
        return names, []
    if isinstance(names, list) and names:
        texts = [text(name) for name in names]
        return (texts[0], []) if len(texts) == 1 else ("", texts)
    return text(latest(attributes, "aws.table_name", "aws.table.name")), []


def _log_groups(resource: Attributes) -> list[dict[str, Any]]:
    arns = _texts(resource.get("aws.log.group.arns"))
    if arns:
        return [{"log_group": _log_group_of(arn) or None, **({"arn": arn} if arn else {})} for arn in arns]
    return [{"log_group": name or None} for name in _texts(resource.get("aws.log.group.names"))]


def _log_group_of(arn: str) -> str:
    parts = arn.split(":")
    return parts[_ARN_LOG_GROUP] if len(parts) > _ARN_LOG_GROUP else arn


def _texts(value: Any) -> list[str]:
    """Return a list attribute; as text, which is all that an environment variable can hold, `&` parts it."""
    if isinstance(value, str):
        return [part for part in value.split("&") if part]
    return [text(item) for item in value] if isinstance(value, list) else []


def _ec2(resource: Attributes) -> dict[str, Any] | None:
    if text(resource.get("cloud.platform")) != "aws_ec2" and not text(resource.get("host.id")):
        return None
    return _named(
        resource,
        instance_id="host.id",
        availability_zone="cloud.availability_zone",
        instance_size="host.type",
        ami_id="host.image.id",
    )


def _ecs(resource: Attributes) -> dict[str, Any] | None:
    if text(resource.get("cloud.platform")) != "aws_ecs":
        return None
    named = _named(
        resource,
        container="container.name",
        container_id="container.id",
        availability_zone="cloud.availability_zone",
        container_arn="aws.ecs.container.arn",
        cluster_arn="aws.ecs.cluster.arn",
        task_arn="aws.ecs.task.arn",
        task_family="aws.ecs.task.family",
        launch_type="aws.ecs.launchtype",
    )
    return without_empty(named)


def _elastic_beanstalk(resource: Attributes) -> dict[str, Any] | None:
    deployment = text(resource.get("service.instance.id"))
    if text(resource.get("cloud.platform")) != "aws_elastic_beanstalk" or not deployment:
        return None
    return {
        **_named(resource, environment_name="service.namespace", version_label="service.version"),
        "deployment_id": whole_number(deployment),
    }


def _eks(resource: Attributes) -> dict[str, Any] | None:
    if text(resource.get("cloud.platform")) != "aws_eks" and not text(resource.get("k8s.cluster.name")):
        return None
    return _named(resource, cluster_name="k8s.cluster.name", pod="k8s.pod.name", container_id="container.id")


def _sdk(resource: Attributes) -> dict[str, Any]:
    sdk = text(resource.get("telemetry.sdk.name"))
    language = text(resource.get("telemetry.sdk.language"))
    automatic = text(latest(resource, "telemetry.auto.version", "telemetry.distro.version"))
    return {
        **without_empty(
            {
                "sdk": f"{sdk} for {language}" if sdk and language else sdk,
                "sdk_version": text(resource.get("telemetry.sdk.version")),
            }
        ),
        "auto_instrumentation": bool(automatic),
    }


def _named(resource: Attributes, **keys: str) -> dict[str, Any]:
    """Return all the fields; the collector writes null for what it does not know of these places."""
    return {name: text(resource.get(key)) or None for name, key in keys.items()}
