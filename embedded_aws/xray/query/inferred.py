"""Inferred segments: what X-Ray makes up for a call to a service that sends no segment of its own.

https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html#api-segmentdocuments-inferred

Of the names and types here AWS documents DynamoDB's, SNS's and `remote`; those of S3, SQS and SQL were seen
in published traces. The name of a Lambda function that sends no segment is a choice.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

# X-Ray spells the SDKs' endpoint prefixes (`s3`) as the service's name, so that traces of all SDKs agree.
_SERVICES = {
    name.lower(): name
    for name in ("DynamoDB", "S3", "SQS", "SNS", "Lambda", "Events", "SecretsManager", "SSM")
}
_RESOURCES = {
    "DynamoDB": ("table_name", "AWS::DynamoDB::Table"),
    "S3": ("bucket_name", "AWS::S3::Bucket"),
    "SQS": ("queue_url", "AWS::SQS::Queue"),
    "Lambda": ("function_name", "AWS::Lambda"),
}
_PASSING_ON = frozenset({"Events", "S3", "SNS", "SQS"})
"""Services that hand the header they got to others. Of EventBridge it was seen in published traces.

https://docs.aws.amazon.com/xray/latest/devguide/xray-services-s3.html
https://docs.aws.amazon.com/xray/latest/devguide/xray-services-sns.html
https://docs.aws.amazon.com/xray/latest/devguide/xray-services-sqs.html
"""
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_NAMES_A_RESOURCE = ("table_name", "bucket_name", "topic_arn", "function_name")
_COPIED = (
    "http",
    "aws",
    "sql",
    "error",
    "throttle",
    "fault",
    "metadata",
    "start_time",
    "end_time",
    "in_progress",
)


def canonical_name(fields: Mapping[str, Any]) -> str:
    """Return the name that X-Ray gives back for a subsegment."""
    name = str(fields["name"])
    return _SERVICES.get(name.lower(), name) if fields.get("namespace") == "aws" else name


def resource_names(aws: Mapping[str, Any]) -> list[str]:
    """Return `aws.resource_names`, which X-Ray adds to calls that name a resource."""
    if isinstance(tables := aws.get("table_names"), list):
        return [name for name in tables if isinstance(name, str)]
    return [aws[field] for field in _NAMES_A_RESOURCE if isinstance(aws.get(field), str)]


def is_called(fields: Mapping[str, Any]) -> bool:
    """Tell whether X-Ray infers the other side of a subsegment: of a call whose other side is not traced."""
    request = fields.get("http", {}).get("request", {})
    traced = fields.get("traced") or request.get("traced")
    return fields.get("namespace") in {"aws", "remote"} and not traced


def passes_on(call: Mapping[str, Any], below: Mapping[str, Any]) -> bool:
    """Tell whether a segment below a call is not that of the called service, which passed the trace on.

    X-Ray then keeps what it infers for the call, and shows it between the two: "an EventBridge event node
    that connects source and target services".
    https://docs.aws.amazon.com/xray/latest/devguide/xray-services-eventbridge.html

    What they invoke has an origin; the mark of an injected fault has none, and stays below its call.
    """
    name, origin = canonical_name(call), str(below.get("origin", ""))
    is_other = origin != "" and not origin.startswith(f"AWS::{name}")
    return call.get("namespace") == "aws" and name in _PASSING_ON and is_other


def node_identity(fields: Mapping[str, Any]) -> tuple[str, str]:
    """Return name and type of the service graph's node for a call."""
    name = canonical_name(fields)
    if fields.get("namespace") != "aws":
        return name, "Database::SQL" if "sql" in fields else "remote"
    aws = fields.get("aws", {})
    field, kind = _RESOURCES.get(name, ("", ""))
    resource = aws.get(field) or _only_table(aws)
    if kind and isinstance(resource, str):
        return _node_name(name, resource, aws), kind
    return name, f"AWS::{name.replace(' ', '')}"


def inferred_segment(trace_id: str, call_id: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Make up the segment of the called side of a subsegment."""
    _, kind = node_identity(fields)
    origin = {} if kind == "remote" else {"origin": kind}
    # An id of its own, and the same one whenever the trace is read.
    own_id = hashlib.sha256(f"{trace_id} {call_id} inferred".encode()).hexdigest()[:16]
    return {
        "id": own_id,
        "name": canonical_name(fields),
        "trace_id": trace_id,
        "parent_id": call_id,
        "inferred": True,
        **origin,
        **{field: fields[field] for field in _COPIED if field in fields},
    }


def _only_table(aws: Mapping[str, Any]) -> Any:
    tables = aws.get("table_names")
    return tables[0] if isinstance(tables, list) and len(tables) == 1 else None


def _node_name(service: str, resource: str, aws: Mapping[str, Any]) -> str:
    if service == "Lambda":
        return _function_name(resource)
    return _queue_url(resource, aws.get("region")) if service == "SQS" else resource


def _queue_url(url: str, region: object) -> str:
    """Return the queue's URL as it is on AWS: the embedded AWS's own changes with the port it listens on."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    if parts.hostname not in _LOOPBACK:
        return url
    host = f"sqs.{region}.amazonaws.com" if isinstance(region, str) else "sqs.amazonaws.com"
    return parts._replace(scheme="https", netloc=host).geturl()


def _function_name(reference: str) -> str:
    """`name`, `name:alias`, `account:function:name` or a full ARN -> `name`."""
    return reference.rpartition("function:")[2].partition(":")[0]
