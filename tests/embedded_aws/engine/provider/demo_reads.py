"""How each resource of the demo program is read back, and what of its inputs an answer has."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pulumi import Archive, Asset

Inputs = Mapping[str, Any]
Call = tuple[str, str, dict[str, Any]]
"""Service, method of its boto3 client, parameters."""

STEERING = frozenset({
    "bucket", "code", "deployment", "forceDestroy", "function", "functionName", "layerName", "layers",
    "methodPath", "name", "parameters", "queueUrl", "restApi", "role", "stageName", "statementId", "triggers",
})  # fmt: skip
"""Inputs that say which resource is meant, what is packed, or when to do it anew; and other resources."""
UNREAD = {"apigateway/restApi:RestApi": {"body"}}
"""Inputs that the provider never asks for: it compares a document with the one of its state."""
NAMES: Mapping[str, Mapping[str, str]] = {
    "apigateway/stage:Stage": {"xrayTracingEnabled": "tracingEnabled"},
    "dynamodb/table:Table": {"hashKey": "AttributeName", "name": "AttributeName", "type": "AttributeType"},
    "lambda/permission:Permission": {"principal": "Service", "sourceArn": "AWS:SourceArn"},
    "sqs/queue:Queue": {
        "messageRetentionSeconds": "MessageRetentionPeriod",
        "visibilityTimeoutSeconds": "VisibilityTimeout",
    },
}
"""Inputs that AWS's answers have under another name."""
SAID = {("enabled", "true"): ("pointintimerecoverystatus", "ENABLED")}
"""What AWS's answers say in other words."""


def _bucket(id_: str, inputs: Inputs) -> list[Call]:
    named = {"Bucket": id_}
    return [
        ("s3", "head_bucket", named),
        *([("s3", "get_bucket_tagging", named)] if "tags" in inputs else []),
    ]


def _of_bucket(operation: str) -> Callable[[str, Inputs], list[Call]]:
    return lambda _id, inputs: [("s3", operation, {"Bucket": inputs["bucket"]})]


def _role(id_: str, _inputs: Inputs) -> list[Call]:
    return [("iam", "get_role", {"RoleName": id_}), ("iam", "list_role_tags", {"RoleName": id_})]


def _role_policy(_id: str, inputs: Inputs) -> list[Call]:
    named = {"RoleName": inputs["role"], "PolicyName": inputs["name"]}
    return [("iam", "get_role_policy", named)]


def _queue(id_: str, _inputs: Inputs) -> list[Call]:
    return [
        ("sqs", "get_queue_attributes", {"QueueUrl": id_, "AttributeNames": ["All"]}),
        ("sqs", "list_queue_tags", {"QueueUrl": id_}),
    ]


def _log_group(id_: str, _inputs: Inputs) -> list[Call]:
    arn = f"arn:aws:logs:eu-west-1:123456789012:log-group:{id_}"
    return [
        ("logs", "describe_log_groups", {"logGroupNamePrefix": id_}),
        ("logs", "list_tags_for_resource", {"resourceArn": arn}),
    ]


def _table(id_: str, _inputs: Inputs) -> list[Call]:
    named = {"TableName": id_}
    arn = f"arn:aws:dynamodb:eu-west-1:123456789012:table/{id_}"
    return [
        ("dynamodb", "describe_table", named),
        ("dynamodb", "describe_continuous_backups", named),
        ("dynamodb", "describe_time_to_live", named),
        ("dynamodb", "list_tags_of_resource", {"ResourceArn": arn}),
    ]


def _function(id_: str, _inputs: Inputs) -> list[Call]:
    named = {"FunctionName": id_}
    return [("lambda", "get_function", named), ("lambda", "list_versions_by_function", named)]


def _layer(id_: str, _inputs: Inputs) -> list[Call]:
    name, version = id_.split(":")[-2:]
    return [("lambda", "get_layer_version", {"LayerName": name, "VersionNumber": int(version)})]


def _mapping(id_: str, _inputs: Inputs) -> list[Call]:
    arn = f"arn:aws:lambda:eu-west-1:123456789012:event-source-mapping:{id_}"
    return [
        ("lambda", "get_event_source_mapping", {"UUID": id_}),
        ("lambda", "list_tags", {"Resource": arn}),
    ]


def _permission(_id: str, inputs: Inputs) -> list[Call]:
    return [("lambda", "get_policy", {"FunctionName": inputs["function"]})]


def _stage(_id: str, inputs: Inputs) -> list[Call]:
    return [("apigateway", "get_stage", {"restApiId": inputs["restApi"], "stageName": inputs["stageName"]})]


def _deployment(id_: str, inputs: Inputs) -> list[Call]:
    return [("apigateway", "get_deployment", {"restApiId": inputs["restApi"], "deploymentId": id_})]


def _alarm(id_: str, _inputs: Inputs) -> list[Call]:
    arn = f"arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{id_}"
    return [
        ("cloudwatch", "describe_alarms", {"AlarmNames": [id_]}),
        ("cloudwatch", "list_tags_for_resource", {"ResourceARN": arn}),
    ]


def _sampling_rule(id_: str, _inputs: Inputs) -> list[Call]:
    arn = f"arn:aws:xray:eu-west-1:123456789012:sampling-rule/{id_}"
    return [("xray", "get_sampling_rules", {}), ("xray", "list_tags_for_resource", {"ResourceARN": arn})]


def _group(id_: str, _inputs: Inputs) -> list[Call]:
    return [
        ("xray", "get_group", {"GroupARN": id_}),
        ("xray", "list_tags_for_resource", {"ResourceARN": id_}),
    ]


CALLS: Mapping[str, Callable[[str, Inputs], list[Call]]] = {
    "apigateway/deployment:Deployment": _deployment,
    "apigateway/methodSettings:MethodSettings": _stage,
    "apigateway/restApi:RestApi": lambda id_, _: [("apigateway", "get_rest_api", {"restApiId": id_})],
    "apigateway/stage:Stage": _stage,
    "cloudwatch/dashboard:Dashboard": lambda id_, _: [
        ("cloudwatch", "get_dashboard", {"DashboardName": id_})
    ],
    "cloudwatch/logGroup:LogGroup": _log_group,
    "cloudwatch/metricAlarm:MetricAlarm": _alarm,
    "dynamodb/table:Table": _table,
    "fis/experimentTemplate:ExperimentTemplate": lambda id_, _: [
        ("fis", "get_experiment_template", {"id": id_})
    ],
    "iam/role:Role": _role,
    "iam/rolePolicy:RolePolicy": _role_policy,
    "lambda/eventSourceMapping:EventSourceMapping": _mapping,
    "lambda/function:Function": _function,
    "lambda/layerVersion:LayerVersion": _layer,
    "lambda/permission:Permission": _permission,
    "s3/bucket:Bucket": _bucket,
    "s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _of_bucket(
        "get_bucket_lifecycle_configuration"
    ),
    "s3/bucketPolicy:BucketPolicy": _of_bucket("get_bucket_policy"),
    "s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _of_bucket("get_public_access_block"),
    "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": _of_bucket(
        "get_bucket_encryption"
    ),
    "sqs/queue:Queue": _queue,
    "sqs/queuePolicy:QueuePolicy": lambda _, inputs: _queue(inputs["queueUrl"], inputs),
    "xray/group:Group": _group,
    "xray/samplingRule:SamplingRule": _sampling_rule,
}
"""The calls by resource type, without its `aws:`, given the id and the inputs."""


def given(kind: str, inputs: Inputs) -> set[tuple[str, str]]:
    """Return what was set, as an answer says it."""
    unread = STEERING | UNREAD.get(kind, set())
    asked = {key: value for key, value in inputs.items() if key not in unread}
    names = {key.lower(): name.lower() for key, name in NAMES.get(kind, {}).items()}
    found = {(names.get(key, key), value) for key, value in leaves(asked)}
    return {SAID.get(leaf, leaf) for leaf in found} if kind == "dynamodb/table:Table" else found


def names(value: Any) -> Iterator[tuple[str, str]]:
    """Yield the keys of mappings of an answer as the names that they are in lists of inputs."""
    for key, part in value.items() if isinstance(value, Mapping) else ():
        yield "name", str(key)
        yield from names(part)


def leaves(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield each single value below, with its name, both in the one form in which they are compared.

    Documents are what they say, and pairs of a list are members of a mapping.
    """
    if isinstance(value, str) and value[:1] in "{[" and value[1:]:
        value = _document(value)
    if isinstance(value, Mapping):
        if {key.lower() for key in value} in ({"key", "value"}, {"name", "value"}):
            text = {key.lower(): part for key, part in value.items()}
            yield from leaves(text["value"], str(text.get("key", text.get("name"))))
            return
        for key, part in value.items():
            yield from leaves(part, str(key))
    elif isinstance(value, list | tuple):
        for part in value:
            yield from leaves(part, name)
    elif value is not None and not isinstance(value, Archive | Asset):
        yield name.lower(), _scalar(value)


def _document(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(int(value)) if value == int(value) else str(value)
    return value if isinstance(value, str) else repr(value)
