from __future__ import annotations

import json
from urllib.parse import parse_qs

import pytest

from embedded_aws.sqs.header import with_trace_header

HEADER = "Root=1-5e6f7a8b-0123456789abcdef01234567;Parent=53995c3f42cd8ad8;Sampled=1"
SEND = {"x-amz-target": "AmazonSQS.SendMessage", "x-amzn-trace-id": HEADER}
BATCH = {**SEND, "x-amz-target": "AmazonSQS.SendMessageBatch"}
ATTRIBUTE = {"AWSTraceHeader": {"DataType": "String", "StringValue": HEADER}}
OWN = {"AWSTraceHeader": {"DataType": "String", "StringValue": "own"}}


def test_a_message_gets_the_requests_header() -> None:
    """SendMessage's header becomes the message's system attribute."""
    body = json.loads(with_trace_header(SEND, b'{"MessageBody": "x"}'))
    assert body == {"MessageBody": "x", "MessageSystemAttributes": ATTRIBUTE}


def test_an_attribute_of_its_own_wins() -> None:
    """A message that has the attribute keeps it."""
    request = {"MessageBody": "x", "MessageSystemAttributes": OWN}
    assert json.loads(with_trace_header(SEND, json.dumps(request).encode())) == request


def test_every_entry_of_a_batch_gets_it() -> None:
    """SendMessageBatch's header goes to all entries without one."""
    request = {"Entries": [{"Id": "a"}, {"Id": "b", "MessageSystemAttributes": OWN}]}
    first, second = json.loads(with_trace_header(BATCH, json.dumps(request).encode()))["Entries"]
    assert (first["MessageSystemAttributes"], second["MessageSystemAttributes"]) == (ATTRIBUTE, OWN)


def test_the_query_protocol_is_understood() -> None:
    """Older clients' form bodies get the attribute, for one message and for the entries of a batch."""
    headers = {"x-amzn-trace-id": HEADER}
    single = parse_qs(with_trace_header(headers, b"Action=SendMessage&MessageBody=x").decode())
    assert single["MessageSystemAttribute.1.Value.StringValue"] == [HEADER]
    body = b"Action=SendMessageBatch&SendMessageBatchRequestEntry.1.Id=a&SendMessageBatchRequestEntry.2.Id=b"
    batch = parse_qs(with_trace_header(headers, body).decode())
    for number in (1, 2):
        key = f"SendMessageBatchRequestEntry.{number}.MessageSystemAttribute.1.Value.StringValue"
        assert batch[key] == [HEADER]


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"x-amz-target": "AmazonSQS.SendMessage"}, b'{"MessageBody": "x"}'),
        ({**SEND, "x-amz-target": "AmazonSQS.ReceiveMessage"}, b"{}"),
        ({**SEND, "x-amz-target": "DynamoDB_20120810.PutItem"}, b"{}"),
        (SEND, b"{"),
        (SEND, b"[]"),
        ({"x-amzn-trace-id": HEADER}, b"Action=ReceiveMessage"),
        ({"x-amzn-trace-id": HEADER}, b"Action=SendMessage\xff"),
    ],
)
def test_anything_else_comes_back_unchanged(headers: dict[str, str], body: bytes) -> None:
    """Requests without a header, of other kinds, or not understood are left alone."""
    assert with_trace_header(headers, body) == body
