"""The tracing header of an SQS request becomes a system attribute of its messages.

SQS takes `X-Amzn-Trace-Id` for every message of the request that has no `AWSTraceHeader` of its own.
moto looks only at the attribute, so the endpoint rewrites the request before moto sees it.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from embedded_aws.aws.parsing import read_json
from embedded_aws.aws.trace_header import NAME, TraceHeader

_ATTRIBUTE = "AWSTraceHeader"


def with_trace_header(headers: Mapping[str, str], body: bytes) -> bytes:
    """Return the body of an SQS request with the tracing header on its messages.

    `headers` have lower-case names. Other requests, and bodies that are not understood, come back unchanged:
    moto then refuses them in its own words.
    """
    header = TraceHeader.parse(headers.get(NAME.lower())).format()
    if not header:
        return body
    target = headers.get("x-amz-target", "")
    if target in {"AmazonSQS.SendMessage", "AmazonSQS.SendMessageBatch"}:
        return _in_json(body, header)
    if not target and b"Action=SendMessage" in body:
        return _in_query(body, header)
    return body


def _in_json(body: bytes, header: str) -> bytes:
    try:
        request = read_json(body)
    except ValueError:
        return body
    if not isinstance(request, dict):
        return body
    messages = request.get("Entries", [request])
    for message in messages if isinstance(messages, list) else ():
        if isinstance(message, dict):
            attributes = message.setdefault("MessageSystemAttributes", {})
            _set_default(attributes, header)
    return json.dumps(request).encode()


def _set_default(attributes: Any, header: str) -> None:
    if isinstance(attributes, dict):
        attributes.setdefault(_ATTRIBUTE, {"DataType": "String", "StringValue": header})


def _in_query(body: bytes, header: str) -> bytes:
    """Do the same for the older query protocol, whose lists are numbered keys."""
    try:
        fields = dict(parse_qsl(body.decode(), keep_blank_values=True))
    except UnicodeDecodeError:
        return body
    entries = {
        ".".join(key.split(".")[:2]) + "."
        for key in fields
        if key.startswith("SendMessageBatchRequestEntry.")
    }
    for prefix in entries or {""}:
        if not any(key.startswith(f"{prefix}MessageSystemAttribute.") for key in fields):
            fields[f"{prefix}MessageSystemAttribute.1.Name"] = _ATTRIBUTE
            fields[f"{prefix}MessageSystemAttribute.1.Value.DataType"] = "String"
            fields[f"{prefix}MessageSystemAttribute.1.Value.StringValue"] = header
    return urlencode(fields).encode()
