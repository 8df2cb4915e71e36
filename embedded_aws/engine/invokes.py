"""Provider functions such as `aws.get_region()`: a table of token -> function."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from embedded_aws.engine.errors import EngineError
from embedded_aws.engine.registration import State, invoke_arn, partition_of
from embedded_aws.engine.resources import archive, command_, ecr

if TYPE_CHECKING:
    from embedded_aws.engine.clients import Clients

Args = Mapping[str, Any]


@dataclass(frozen=True)
class RegionalClients:
    """Clients for one region of the embedded AWS."""

    region: str
    clients: Clients

    def client(self, service: str) -> Any:
        return self.clients.get(service, self.region)


def _get_region(args: Args, aws: RegionalClients) -> State:
    """The embedded AWS's region, or the one asked for."""
    region = str(args.get("name") or aws.region)
    endpoint = f"ec2.{region}.{_dns_suffix(region)}"
    return {"id": region, "name": region, "region": region, "description": region, "endpoint": endpoint}


def _get_caller_identity(_args: Args, aws: RegionalClients) -> State:
    """The one account, 123456789012."""
    found = aws.client("sts").get_caller_identity()
    return _outputs(found, id="Account", accountId="Account", arn="Arn", userId="UserId")


def _get_partition(_args: Args, aws: RegionalClients) -> State:
    """The region's partition."""
    partition, suffix = partition_of(aws.region), _dns_suffix(aws.region)
    reverse = ".".join(reversed(suffix.split(".")))
    return {"id": partition, "partition": partition, "dnsSuffix": suffix, "reverseDnsPrefix": reverse}


def _get_availability_zones(_args: Args, aws: RegionalClients) -> State:
    """The region's zones."""
    zones = aws.client("ec2").describe_availability_zones()["AvailabilityZones"]
    return {
        "id": aws.region,
        "names": [zone["ZoneName"] for zone in zones],
        "zoneIds": [zone["ZoneId"] for zone in zones],
        "groupNames": [aws.region],
    }


def _get_policy_document(args: Args, _aws: RegionalClients) -> State:
    """The document as JSON."""
    sources = [json.loads(text) for text in args.get("sourcePolicyDocuments", [])]
    overrides = [json.loads(text) for text in args.get("overridePolicyDocuments", [])]
    own = [_statement(_uncapitalized(statement)) for statement in args.get("statements", [])]
    statements = _merge([*(_statements(source) for source in sources), own, *map(_statements, overrides)])
    document: dict[str, Any] = {"Version": args.get("version", "2012-10-17")}
    if policy_id := args.get("policyId"):
        document["Id"] = policy_id
    document["Statement"] = statements
    text = json.dumps(document, indent=2)
    return {
        "id": str(int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)),
        "json": text,
        "minifiedJson": json.dumps(document, separators=(",", ":")),
    }


def _statements(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    statements = document.get("Statement", [])
    return statements if isinstance(statements, list) else [statements]


def _merge(groups: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Join statements in order; a later one with the same Sid replaces the earlier one in its place."""
    merged: dict[str, dict[str, Any]] = {}
    for number, statement in enumerate(statement for group in groups for statement in group):
        merged[statement.get("Sid") or f" {number}"] = statement
    return list(merged.values())


def _uncapitalized(given: Any) -> Any:
    """Take `Effect` for `effect`, as Pulumi's bridge to the provider does, which asks for no capitals."""
    if isinstance(given, list):
        return [_uncapitalized(item) for item in given]
    if isinstance(given, dict):
        return {key[:1].lower() + key[1:]: _uncapitalized(item) for key, item in given.items()}
    return given


def _statement(given: Mapping[str, Any]) -> dict[str, Any]:
    statement = {
        "Sid": given.get("sid"),
        "Effect": given.get("effect", "Allow"),
        "Action": _one_or_list(given.get("actions")),
        "NotAction": _one_or_list(given.get("notActions")),
        "Resource": _one_or_list(given.get("resources")),
        "NotResource": _one_or_list(given.get("notResources")),
        "Principal": _principals(given.get("principals")),
        "NotPrincipal": _principals(given.get("notPrincipals")),
        "Condition": _conditions(given.get("conditions", given.get("condition"))),
    }
    return {key: value for key, value in statement.items() if value}


def _one_or_list(items: list[str] | None) -> str | list[str] | None:
    return items[0] if items and len(items) == 1 else items


def _principals(principals: list[Mapping[str, Any]] | None) -> str | dict[str, Any] | None:
    grouped: dict[str, list[str]] = {}
    for principal in principals or []:
        grouped.setdefault(principal["type"], []).extend(principal["identifiers"])
    if grouped == {"*": ["*"]}:
        return "*"
    return {kind: _one_or_list(identifiers) for kind, identifiers in grouped.items()}


def _conditions(conditions: list[Mapping[str, Any]] | None) -> dict[str, dict[str, Any]]:
    tests: dict[str, dict[str, Any]] = {}
    for condition in conditions or []:
        variables = tests.setdefault(condition["test"], {})
        variables[condition["variable"]] = _one_or_list(condition["values"])
    return tests


def _get_parameter(args: Args, aws: RegionalClients) -> State:
    """A parameter of this stack, or AWS's public one with the FIS extension."""
    client, name = aws.client("ssm"), args["name"]
    try:
        found = client.get_parameter(Name=name, WithDecryption=args.get("withDecryption", True))["Parameter"]
    except client.exceptions.ParameterNotFound as error:
        raise EngineError(
            f"SSM parameter '{name}' does not exist here; create it in the program (aws.ssm.Parameter) or "
            "make its value a setting: of AWS's public parameters only some are here"
        ) from error
    return {
        **_outputs(found, id="Name", name="Name", arn="ARN", type="Type", value="Value", version="Version"),
        "insecureValue": found["Value"] if found["Type"] != "SecureString" else None,
    }


def _get_function(args: Args, aws: RegionalClients) -> State:
    """A function of this stack."""
    client = aws.client("lambda")
    qualifier = {"Qualifier": args["qualifier"]} if "qualifier" in args else {}
    found = client.get_function(FunctionName=args["functionName"], **qualifier)["Configuration"]
    arn = found["FunctionArn"]
    return {
        **_outputs(found, id="FunctionName", functionName="FunctionName", version="Version", role="Role"),
        "arn": arn,
        "invokeArn": invoke_arn(aws.region, arn),
        "qualifiedArn": f"{arn}:{found['Version']}",
        "runtime": found.get("Runtime", ""),
        "handler": found.get("Handler", ""),
        "timeout": found.get("Timeout", 3),
        "memorySize": found.get("MemorySize", 128),
    }


def _get_role(args: Args, aws: RegionalClients) -> State:
    """A role of this stack."""
    found = aws.client("iam").get_role(RoleName=args["name"])["Role"]
    return {
        **_outputs(found, id="RoleName", name="RoleName", arn="Arn", path="Path", uniqueId="RoleId"),
        "assumeRolePolicy": json.dumps(found["AssumeRolePolicyDocument"]),
    }


def _get_policy(args: Args, aws: RegionalClients) -> State:
    """A policy of this stack, or a managed one that is known."""
    client = aws.client("iam")
    arn = args.get("arn") or _policy_named(str(args.get("name")), client)
    found = client.get_policy(PolicyArn=arn)["Policy"]
    version = client.get_policy_version(PolicyArn=arn, VersionId=found["DefaultVersionId"])["PolicyVersion"]
    return {
        **_outputs(found, name="PolicyName", path="Path", policyId="PolicyId"),
        "id": arn,
        "arn": arn,
        "policy": json.dumps(version["Document"]),
    }


def _policy_named(name: str, client: Any) -> str:
    pages = client.get_paginator("list_policies").paginate()
    policies = (policy for page in pages for policy in page["Policies"])
    arn = next((policy["Arn"] for policy in policies if policy["PolicyName"] == name), None)
    if arn is None:
        raise EngineError(f"there is no policy '{name}' here; create it in the program (aws.iam.Policy)")
    return str(arn)


def _get_queue(args: Args, aws: RegionalClients) -> State:
    """A queue of this stack."""
    client = aws.client("sqs")
    url = client.get_queue_url(QueueName=args["name"])["QueueUrl"]
    arn = client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return {"id": url, "name": args["name"], "url": url, "arn": arn}


def _get_bucket(args: Args, aws: RegionalClients) -> State:
    """A bucket of this stack."""
    name = args["bucket"]
    aws.client("s3").head_bucket(Bucket=name)
    return {
        "id": name,
        "bucket": name,
        "arn": f"arn:{partition_of(aws.region)}:s3:::{name}",
        "bucketDomainName": f"{name}.s3.amazonaws.com",
        "bucketRegionalDomainName": f"{name}.s3.{aws.region}.amazonaws.com",
    }


def _get_table(args: Args, aws: RegionalClients) -> State:
    """A table of this stack."""
    found = aws.client("dynamodb").describe_table(TableName=args["name"])["Table"]
    named = _outputs(found, id="TableName", name="TableName", arn="TableArn")
    return {**named, "streamArn": found.get("LatestStreamArn", "")}


def _outputs(found: Mapping[str, Any], **members: str) -> State:
    """Return the members of an API's answer under Pulumi's names."""
    return {name: found[member] for name, member in members.items()}


def _dns_suffix(region: str) -> str:
    return "amazonaws.com.cn" if partition_of(region) == "aws-cn" else "amazonaws.com"


FUNCTIONS: Mapping[str, Callable[[Args, RegionalClients], State]] = {
    "aws:index/getRegion:getRegion": _get_region,
    "aws:index/getCallerIdentity:getCallerIdentity": _get_caller_identity,
    "aws:index/getPartition:getPartition": _get_partition,
    "aws:index/getAvailabilityZones:getAvailabilityZones": _get_availability_zones,
    "aws:iam/getPolicyDocument:getPolicyDocument": _get_policy_document,
    "aws:iam/getPolicy:getPolicy": _get_policy,
    "aws:iam/getRole:getRole": _get_role,
    "aws:ssm/getParameter:getParameter": _get_parameter,
    "aws:lambda/getFunction:getFunction": _get_function,
    "aws:sqs/getQueue:getQueue": _get_queue,
    "aws:s3/getBucket:getBucket": _get_bucket,
    "aws:dynamodb/getTable:getTable": _get_table,
    **archive.FUNCTIONS,
    **command_.FUNCTIONS,
    **ecr.FUNCTIONS,
}
