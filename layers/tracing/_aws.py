"""What the `aws` block of an AWS call holds: one table, read by both modes.

The fields are those that the X-Ray SDKs record, for every operation that has them. Where the SDKs are
wrong the truth is written: table names and attribute names are lists.
https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html#api-segmentdocuments-aws
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

PREFIX = "aws."
"""Spans carry each field of the block as the attribute `aws.<field>`."""

THROTTLED = "aws.throttled"
"""Set when AWS refused the call for its rate, whatever the HTTP status."""

_JSON_FIELDS = ("consumed_capacity", "item_collection_metrics")
_BASE_FIELDS = ("operation", "region", "request_id", "id_2", "retries")

_Value = Callable[[Any], Any]


_Fields = Mapping[str, "str | tuple[str, _Value]"]


class _Call:
    """API names on the left; the field, or the field and how its value is made, on the right.

    A plain class, as others here: a `NamedTuple` takes twenty times as long to make, in every cold start.
    """

    def __init__(self, request: _Fields, reply: _Fields) -> None:
        self.request = request
        self.reply = reply


_SERVICES: Mapping[str, _Call] = {
    "lambda": _Call(
        {
            "FunctionName": "function_name",
            "InvocationType": "invocation_type",
            "LogType": "log_type",
            "Qualifier": "qualifier",
        },
        {"FunctionError": "function_error", "StatusCode": "status_code"},
    ),
    "dynamodb": _Call(
        {
            "TableName": "table_name",
            "RequestItems": ("table_names", list),
            "IndexName": "index_name",
            "Limit": "limit",
            "Select": "select",
            "ConsistentRead": "consistent_read",
            "ScanIndexForward": "scan_index_forward",
            "ProjectionExpression": "projection_expression",
            "AttributesToGet": "attributes_to_get",
            "Segment": "segment",
            "TotalSegments": "total_segments",
        },
        {
            "ConsumedCapacity": "consumed_capacity",
            "ItemCollectionMetrics": "item_collection_metrics",
            "Count": "count",
            "ScannedCount": "scanned_count",
        },
    ),
    "s3": _Call(
        {
            "Bucket": "bucket_name",
            "Key": "key",
            "VersionId": "version_id",
            "Prefix": "prefix",
            "CopySource": ("copy_source", lambda source: source if isinstance(source, str) else str(source)),
        },
        {},
    ),
    "sqs": _Call(
        {
            "QueueUrl": "queue_url",
            "QueueName": "queue_name",
            "DelaySeconds": "delay_seconds",
            "MessageAttributes": ("message_attribute_names", list),
            "MessageAttributeNames": ("message_attribute_names", list),
            "AttributeNames": ("attribute_names", list),
            "MaxNumberOfMessages": "max_number_of_messages",
            "VisibilityTimeout": "visibility_timeout",
            "WaitTimeSeconds": "wait_time_seconds",
            "Entries": ("message_count", len),
        },
        {
            "MessageId": "message_id",
            "Messages": ("message_count", len),
            "Successful": ("successful_count", len),
            "Failed": ("failed_count", len),
        },
    ),
    "sns": _Call({"TopicArn": "topic_arn"}, {"MessageId": "message_id"}),
    "states": _Call({"stateMachineArn": "state_machine_arn"}, {"executionArn": "execution_arn"}),
    "events": _Call({"Entries": ("entry_count", len)}, {"FailedEntryCount": "failed_entry_count"}),
    "secretsmanager": _Call({}, {"ARN": "secret_arn"}),
    "runtime.sagemaker": _Call({"EndpointName": "endpoint_name"}, {}),
}

_THROTTLING_CODES = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)


def _field(target: str | tuple[str, _Value]) -> str:
    return target if isinstance(target, str) else target[0]


FIELDS = frozenset(
    {
        _field(target)
        for call in _SERVICES.values()
        for part in (call.request, call.reply)
        for target in part.values()
    }
    | set(_BASE_FIELDS)
)

_ATTRIBUTES = {PREFIX + field: field for field in FIELDS}


def of_request(service: str, operation: str, region: str | None, params: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes known before the call; `service` is botocore's endpoint prefix."""
    fields = {"operation": operation, "region": region}
    if service in _SERVICES:
        fields |= _pick(_SERVICES[service].request, params)
    return _attributes(fields)


def of_reply(service: str, reply: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes of a reply, an error reply too."""
    meta = reply.get("ResponseMetadata") or {}
    headers = meta.get("HTTPHeaders") or {}
    fields = {
        # botocore gives an empty id where a failed reply has none
        "request_id": meta.get("RequestId") or None,
        "id_2": headers.get("x-amz-id-2") or None,
        "retries": meta.get("RetryAttempts") or None,
    }
    if service in _SERVICES:
        fields |= _pick(_SERVICES[service].reply, reply)
    attributes = _attributes(fields)
    if status := meta.get("HTTPStatusCode"):
        attributes["http.response.status_code"] = status
    if (reply.get("Error") or {}).get("Code") in _THROTTLING_CODES:
        attributes[THROTTLED] = True
    return attributes


def block(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The `aws` block of a segment document, from a span's attributes."""
    found = {_ATTRIBUTES[name]: value for name, value in attributes.items() if name in _ATTRIBUTES}
    if "operation" not in found and "rpc.method" in attributes:
        found["operation"] = attributes["rpc.method"]
    for key in _JSON_FIELDS:
        if isinstance(found.get(key), str):
            found[key] = json.loads(found[key])
    return {key: list(found[key]) if type(found[key]) is tuple else found[key] for key in sorted(found)}


def _pick(table: Mapping[str, str | tuple[str, _Value]], source: Mapping[str, Any]) -> dict[str, Any]:
    picked = {}
    for name, target in table.items():
        if source.get(name) is not None:
            picked[_field(target)] = source[name] if isinstance(target, str) else target[1](source[name])
    return picked


def _attributes(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        PREFIX + key: json.dumps(value, default=str) if key in _JSON_FIELDS else value
        for key, value in fields.items()
        if value is not None
    }
