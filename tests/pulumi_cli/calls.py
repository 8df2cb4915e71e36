"""How the embedded provider reads, updates and deletes each type of resource that the program has.

`read` returns what AWS answers, by Pulumi's names or AWS's; `names` says where an input has another name
there, `unreadable` which inputs no call answers. What is missing in an answer is drift.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from embedded_aws.engine.archives import archive_bytes
from embedded_aws.engine.resources import RESOURCES

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

    from embedded_aws.engine.registration import Registration

Found = dict[str, Any]
Client = Any

_MISSING = ("NotFound", "NoSuch", "NonExistent", "DoesNotExist")


def _refuse(r: Registration, _id: str, changed: set[str]) -> None:
    what = ", ".join(sorted(changed))
    raise NotImplementedError(f"{r.type}: no update of {what} in tests/pulumi_cli/calls.py")


def _again(r: Registration, _id: str, _changed: set[str]) -> None:
    """Update what is put as a whole."""
    RESOURCES[r.type](r)


@dataclass(frozen=True)
class Kind:
    """One type of resource."""

    service: str
    read: Callable[[Client, str, Found], Found]
    delete: Callable[[Client, str, Found], object]
    update: Callable[[Registration, str, set[str]], None] = _refuse
    names: Mapping[str, str] = field(default_factory=dict)
    unreadable: frozenset[str] = frozenset()
    tags: Callable[[Client, str, Found], Any] | None = None
    """Asks for the tags, given the id and the answer of `read`, which has them otherwise."""

    def find(self, aws: Client, id_: str, inputs: Found) -> Found:
        """Return the answer of `read`, and the tags."""
        found = self.read(aws, id_, inputs)
        return {**found, "tags": self.tags(aws, id_, found)} if self.tags and "tags" in inputs else found


def is_missing(error: ClientError) -> bool:
    """Tell whether AWS says that a resource is not there."""
    return any(word in error.response["Error"]["Code"] for word in _MISSING)


def seen(given: Any, found: Any, name: str) -> Any:
    """Return a member of an answer in the form of the input that it comes from; None if it is not there."""
    members = {key.lower(): value for key, value in found.items()}
    return _like(given, members.get(name.lower()))


def _like(given: Any, found: Any) -> Any:
    if isinstance(given, dict) and isinstance(found, list):
        pairs = [{key.lower(): value for key, value in one.items()} for one in found]
        if all(pair.keys() == {"key", "value"} for pair in pairs):
            found = {pair["key"]: pair["value"] for pair in pairs}
    if isinstance(found, list) and len(found) == 1 and not isinstance(given, list):
        found = found[0]  # Pulumi flattens such lists
    if isinstance(given, dict) and isinstance(found, dict):
        return {key: seen(value, found, key) for key, value in given.items()}
    if isinstance(given, list) and isinstance(found, list) and len(given) == len(found):
        return [_like(one, other) for one, other in zip(given, found, strict=True)]
    return _as_text(given, found) if isinstance(given, str) else _as_scalar(given, found)


def _as_text(given: str, found: Any) -> Any:
    if not isinstance(found, dict):
        return found
    if "Arn" in found:
        return found["Arn"]
    return given if json.loads(given) == found else json.dumps(found)  # a document, which boto3 has parsed


def _as_scalar(given: Any, found: Any) -> Any:
    if not isinstance(found, str):
        return found
    if isinstance(given, bool):
        return found == "true"
    return float(found) if isinstance(given, int | float) else found


def _function(r: Registration, id_: str, changed: set[str]) -> None:
    if changed - {"code"}:
        r.call("lambda", "update_function_configuration", FunctionName=id_)
    if "code" in changed:
        zip_file = archive_bytes(r.inputs["code"])
        r.client("lambda").update_function_code(FunctionName=id_, ZipFile=zip_file)


def _rest_api(r: Registration, id_: str, _changed: set[str]) -> None:
    body = r.inputs.text("body").encode()
    r.client("apigateway").put_rest_api(restApiId=id_, mode="overwrite", body=body)


def _stage(r: Registration, _id: str, changed: set[str]) -> None:
    if changed != {"deployment"}:
        _refuse(r, _id, changed)
    patch = {"op": "replace", "path": "/deploymentId", "value": r.inputs["deployment"]}
    api, stage = r.inputs["restApi"], r.inputs["stageName"]
    r.client("apigateway").update_stage(restApiId=api, stageName=stage, patchOperations=[patch])


def _method_settings(aws: Client, _id: str, i: Found) -> Found:
    stage = aws.get_stage(restApiId=i["restApi"], stageName=i["stageName"])
    return {"settings": stage["methodSettings"].get(i["methodPath"])}


def _no_method_settings(aws: Client, _id: str, i: Found) -> None:
    patch = {"op": "remove", "path": f"/{i['methodPath']}"}
    aws.update_stage(restApiId=i["restApi"], stageName=i["stageName"], patchOperations=[patch])


def _log_group(aws: Client, id_: str, _inputs: Found) -> Found:
    groups = aws.describe_log_groups(logGroupNamePrefix=id_)["logGroups"]
    return _the_one(groups, "logGroupName", id_)


def _table(aws: Client, id_: str, _inputs: Found) -> Found:
    table: Found = aws.describe_table(TableName=id_)["Table"]
    attributes = [
        {"name": one["AttributeName"], "type": one["AttributeType"]} for one in table["AttributeDefinitions"]
    ]
    keys = {key["KeyType"]: key["AttributeName"] for key in table["KeySchema"]}
    return {
        "arn": table["TableArn"],
        "name": table["TableName"],
        "attributes": attributes,
        "billingMode": table["BillingModeSummary"]["BillingMode"],
        "hashKey": keys["HASH"],
    }


def _mapping(aws: Client, id_: str, _inputs: Found) -> Found:
    mapping: Found = aws.get_event_source_mapping(UUID=id_)
    return {**mapping, "functionName": mapping["FunctionArn"].rpartition(":")[2]}


def _layer(aws: Client, id_: str, i: Found) -> Found:
    layer: Found = aws.get_layer_version(LayerName=i["layerName"], VersionNumber=_version(id_))
    return {**layer, "layerName": layer["LayerArn"].rpartition(":")[2]}


def _version(arn: str) -> int:
    return int(arn.rpartition(":")[2])


def _permission(aws: Client, id_: str, i: Found) -> Found:
    policy = json.loads(aws.get_policy(FunctionName=i["function"])["Policy"])
    statement = _the_one(policy["Statement"], "Sid", id_)
    return {
        "action": statement["Action"],
        "function": statement["Resource"].rpartition(":")[2],
        "principal": statement["Principal"]["Service"],
        "sourceArn": statement["Condition"]["ArnLike"]["AWS:SourceArn"],
        "statementId": statement["Sid"],
    }


def _bucket(aws: Client, id_: str, _inputs: Found) -> Found:
    aws.head_bucket(Bucket=id_)
    return {"bucket": id_}


def _empty_and_delete(aws: Client, id_: str, _inputs: Found) -> None:
    for page in aws.get_paginator("list_objects_v2").paginate(Bucket=id_):
        for each in page.get("Contents", []):
            aws.delete_object(Bucket=id_, Key=each["Key"])
    aws.delete_bucket(Bucket=id_)


def _queue(aws: Client, id_: str, _inputs: Found) -> Found:
    attributes: Found = aws.get_queue_attributes(QueueUrl=id_, AttributeNames=["All"])["Attributes"]
    return {**attributes, "name": attributes["QueueArn"].rpartition(":")[2]}


def _sampling_rule(aws: Client, id_: str, _inputs: Found) -> Found:
    records = aws.get_paginator("get_sampling_rules").paginate().build_full_result()["SamplingRuleRecords"]
    return _the_one([record["SamplingRule"] for record in records], "RuleName", id_)


def _lambda_tags(arn: str) -> Callable[[Client, str, Found], Any]:
    return lambda aws, _, found: aws.list_tags(Resource=found[arn])["Tags"]


def _the_one(found: list[Found], key: str, name: str) -> Found:
    """Return the item of that name; an empty one when it is gone, of which every input has drifted."""
    return next((one for one in found if one[key] == name), {})


_API = "aws:apigateway/"
_S3 = "aws:s3/bucket"

KINDS: Mapping[str, Kind] = {
    f"{_API}deployment:Deployment": Kind(
        "apigateway",
        lambda aws, id_, i: aws.get_deployment(restApiId=i["restApi"], deploymentId=id_),
        lambda aws, id_, i: aws.delete_deployment(restApiId=i["restApi"], deploymentId=id_),
        unreadable=frozenset({"restApi", "triggers"}),
    ),
    f"{_API}methodSettings:MethodSettings": Kind(
        "apigateway",
        _method_settings,
        _no_method_settings,
        _again,
        unreadable=frozenset({"restApi", "stageName", "methodPath"}),
    ),
    f"{_API}restApi:RestApi": Kind(
        "apigateway",
        lambda aws, id_, _: aws.get_rest_api(restApiId=id_),
        lambda aws, id_, _: aws.delete_rest_api(restApiId=id_),
        _rest_api,
        unreadable=frozenset({"body", "parameters"}),
    ),
    f"{_API}stage:Stage": Kind(
        "apigateway",
        lambda aws, _, i: aws.get_stage(restApiId=i["restApi"], stageName=i["stageName"]),
        lambda aws, _, i: aws.delete_stage(restApiId=i["restApi"], stageName=i["stageName"]),
        _stage,
        {"deployment": "deploymentId", "xrayTracingEnabled": "tracingEnabled"},
        frozenset({"restApi"}),
    ),
    "aws:cloudwatch/logGroup:LogGroup": Kind(
        "logs",
        _log_group,
        lambda aws, id_, _: aws.delete_log_group(logGroupName=id_),
        names={"name": "logGroupName"},
        tags=lambda aws, _, found: aws.list_tags_for_resource(resourceArn=found["logGroupArn"])["tags"],
    ),
    "aws:dynamodb/table:Table": Kind(
        "dynamodb",
        _table,
        lambda aws, id_, _: aws.delete_table(TableName=id_),
        tags=lambda aws, _, found: aws.list_tags_of_resource(ResourceArn=found["arn"])["Tags"],
    ),
    "aws:iam/role:Role": Kind(
        "iam",
        lambda aws, id_, _: aws.get_role(RoleName=id_)["Role"],
        lambda aws, id_, _: aws.delete_role(RoleName=id_),
        names={"name": "RoleName", "assumeRolePolicy": "AssumeRolePolicyDocument"},
    ),
    "aws:iam/rolePolicy:RolePolicy": Kind(
        "iam",
        lambda aws, _, i: aws.get_role_policy(RoleName=i["role"], PolicyName=i["name"]),
        lambda aws, _, i: aws.delete_role_policy(RoleName=i["role"], PolicyName=i["name"]),
        _again,
        {"name": "PolicyName", "role": "RoleName", "policy": "PolicyDocument"},
    ),
    "aws:lambda/eventSourceMapping:EventSourceMapping": Kind(
        "lambda",
        _mapping,
        lambda aws, id_, _: aws.delete_event_source_mapping(UUID=id_),
        tags=_lambda_tags("EventSourceMappingArn"),
    ),
    "aws:lambda/function:Function": Kind(
        "lambda",
        lambda aws, id_, _: aws.get_function_configuration(FunctionName=id_),
        lambda aws, id_, _: aws.delete_function(FunctionName=id_),
        _function,
        {"name": "FunctionName"},
        frozenset({"code"}),
        _lambda_tags("FunctionArn"),
    ),
    "aws:lambda/layerVersion:LayerVersion": Kind(
        "lambda",
        _layer,
        lambda aws, id_, i: aws.delete_layer_version(LayerName=i["layerName"], VersionNumber=_version(id_)),
        unreadable=frozenset({"code"}),
    ),
    "aws:lambda/permission:Permission": Kind(
        "lambda",
        _permission,
        lambda aws, id_, i: aws.remove_permission(FunctionName=i["function"], StatementId=id_),
    ),
    f"{_S3}:Bucket": Kind(
        "s3",
        _bucket,
        _empty_and_delete,
        unreadable=frozenset({"forceDestroy"}),
        tags=lambda aws, id_, _: aws.get_bucket_tagging(Bucket=id_)["TagSet"],
    ),
    f"{_S3}Policy:BucketPolicy": Kind(
        "s3",
        lambda aws, id_, _: aws.get_bucket_policy(Bucket=id_),
        lambda aws, id_, _: aws.delete_bucket_policy(Bucket=id_),
        _again,
        unreadable=frozenset({"bucket"}),
    ),
    f"{_S3}LifecycleConfiguration:BucketLifecycleConfiguration": Kind(
        "s3",
        lambda aws, id_, _: aws.get_bucket_lifecycle_configuration(Bucket=id_),
        lambda aws, id_, _: aws.delete_bucket_lifecycle(Bucket=id_),
        _again,
        unreadable=frozenset({"bucket"}),
    ),
    f"{_S3}PublicAccessBlock:BucketPublicAccessBlock": Kind(
        "s3",
        lambda aws, id_, _: aws.get_public_access_block(Bucket=id_)["PublicAccessBlockConfiguration"],
        lambda aws, id_, _: aws.delete_public_access_block(Bucket=id_),
        _again,
        unreadable=frozenset({"bucket"}),
    ),
    f"{_S3}ServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": Kind(
        "s3",
        lambda aws, id_, _: aws.get_bucket_encryption(Bucket=id_)["ServerSideEncryptionConfiguration"],
        lambda aws, id_, _: aws.delete_bucket_encryption(Bucket=id_),
        _again,
        unreadable=frozenset({"bucket"}),
    ),
    "aws:sqs/queue:Queue": Kind(
        "sqs",
        _queue,
        lambda aws, id_, _: aws.delete_queue(QueueUrl=id_),
        names={
            "visibilityTimeoutSeconds": "VisibilityTimeout",
            "messageRetentionSeconds": "MessageRetentionPeriod",
        },
        tags=lambda aws, id_, _: aws.list_queue_tags(QueueUrl=id_)["Tags"],
    ),
    "aws:sqs/queuePolicy:QueuePolicy": Kind(
        "sqs",
        lambda aws, id_, _: aws.get_queue_attributes(QueueUrl=id_, AttributeNames=["Policy"])["Attributes"],
        lambda aws, id_, _: aws.set_queue_attributes(QueueUrl=id_, Attributes={"Policy": ""}),
        _again,
        unreadable=frozenset({"queueUrl"}),
    ),
    "aws:xray/samplingRule:SamplingRule": Kind(
        "xray",
        _sampling_rule,
        lambda aws, id_, _: aws.delete_sampling_rule(RuleName=id_),
        tags=lambda aws, _, found: aws.list_tags_for_resource(ResourceARN=found["RuleARN"])["Tags"],
    ),
}
