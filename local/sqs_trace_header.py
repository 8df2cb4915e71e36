"""The trace of a sent message: SQS turns the request's header into the attribute `AWSTraceHeader`.

moto knows the attribute but not the header.
https://docs.aws.amazon.com/xray/latest/devguide/xray-services-sqs.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from local.trace_header import NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.aws_request import Call

_ATTRIBUTE = "AWSTraceHeader"


def carry_trace_header(call: Call, body: bytes) -> bytes:
    """Return the body of a SendMessage or SendMessageBatch with the header as a system attribute.

    An attribute that the caller set itself stays.
    """
    header = call.headers.get(NAME)
    if not header:
        return body
    if call.headers.get("x-amz-target", "").startswith("AmazonSQS.SendMessage"):
        return _into_json(body, header)
    if call.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return _into_query(body, header)
    return body


def _into_json(body: bytes, header: str) -> bytes:
    try:
        parameters = json.loads(body)
    except ValueError:
        return body
    for message in _messages(parameters):
        attributes = message.get("MessageSystemAttributes") or {}
        attributes.setdefault(_ATTRIBUTE, {"DataType": "String", "StringValue": header})
        message["MessageSystemAttributes"] = attributes
    return json.dumps(parameters).encode()


def _messages(parameters: Any) -> Iterator[dict[str, Any]]:
    if isinstance(parameters, dict):
        entries = parameters.get("Entries", [parameters])
        yield from (entry for entry in entries if isinstance(entry, dict))


def _into_query(body: bytes, header: str) -> bytes:
    pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    action = dict(pairs).get("Action")
    if action == "SendMessage":
        prefixes = [""]
    elif action == "SendMessageBatch":
        names = [name for name, _ in pairs if name.startswith("SendMessageBatchRequestEntry.")]
        prefixes = sorted({f"{entry}.{number}." for entry, number, *_ in (name.split(".") for name in names)})
    else:
        return body
    for prefix in prefixes:
        if any(name.startswith(f"{prefix}MessageSystemAttribute.") for name, _ in pairs):
            continue
        attribute = f"{prefix}MessageSystemAttribute.1"
        pairs += [
            (f"{attribute}.Name", _ATTRIBUTE),
            (f"{attribute}.Value.DataType", "String"),
            (f"{attribute}.Value.StringValue", header),
        ]
    return urlencode(pairs).encode()
