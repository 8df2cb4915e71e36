"""From SQS messages to Lambda's event, and back from a batch's reply to what was processed: pure functions.

https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from embedded_aws.aws.interfaces import TraceLink
from embedded_aws.aws.parsing import MAX_PAYLOAD_DEPTH, read_json
from embedded_aws.aws.trace_header import TraceHeader
from embedded_aws.sqs.queues import Message

_MAX_LINKS = 20


def record(message: Message, queue_arn: str) -> dict[str, Any]:
    """Return one entry of `Records`."""
    content: dict[str, Any] = {
        "messageId": message.id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": dict(message.attributes),
        "messageAttributes": {name: _attribute(value) for name, value in message.message_attributes.items()},
        "md5OfBody": message.body_md5,
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": queue_arn.split(":")[3],
    }
    if message.attributes_md5:
        content["md5OfMessageAttributes"] = message.attributes_md5
    return content


def trace_of(messages: Sequence[Message]) -> tuple[TraceHeader, tuple[TraceLink, ...]]:
    """Return the context in which a batch runs, and the links to its producers.

    Lambda starts a trace of its own. It is recorded when any producer's was, and not when all that have a
    context were not; without any context Lambda decides. Only sampled traces are linked, each segment once.
    """
    headers = [TraceHeader.parse(message.attributes.get("AWSTraceHeader")) for message in messages]
    links = {
        TraceLink(header.root, header.parent): None
        for header in headers
        if header.root and header.parent and header.sampled
    }
    decisions = [header.sampled for header in headers if header.sampled is not None]
    sampled = any(decisions) if decisions else None
    lineage = next((header.lineage for header in headers if header.lineage), None)
    return TraceHeader(sampled=sampled, lineage=lineage), tuple(links)[:_MAX_LINKS]


def failed_ids(payload: bytes, ids: Collection[str]) -> set[str]:
    """Return which messages of a batch a reply of `ReportBatchItemFailures` names as failed.

    A reply that AWS cannot read fails the whole batch; an empty one fails nothing.
    """
    try:
        reply = read_json(payload or b"null", MAX_PAYLOAD_DEPTH)
    except ValueError:
        return set(ids)
    if not reply or (isinstance(reply, Mapping) and not reply.get("batchItemFailures")):
        return set()
    failures = reply.get("batchItemFailures") if isinstance(reply, Mapping) else None
    if not isinstance(failures, list):
        return set(ids)
    named = [item.get("itemIdentifier") if isinstance(item, Mapping) else None for item in failures]
    are_known = all(isinstance(name, str) and name in ids for name in named)
    return set(map(str, named)) if are_known else set(ids)


def _attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return a message attribute in the event's spelling."""
    content: dict[str, Any] = {"stringListValues": [], "binaryListValues": [], "dataType": value["DataType"]}
    if value.get("StringValue") is not None:
        content["stringValue"] = value["StringValue"]
    if value.get("BinaryValue") is not None:
        binary = value["BinaryValue"]
        content["binaryValue"] = base64.b64encode(binary).decode() if isinstance(binary, bytes) else binary
    return content
