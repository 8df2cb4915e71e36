from __future__ import annotations

import json

import pytest

from embedded_aws.aws.interfaces import TraceLink
from embedded_aws.aws.trace_header import TraceHeader
from embedded_aws.events.records import failed_ids, record, trace_of
from embedded_aws.sqs.queues import Message

ARN = "arn:aws:sqs:eu-west-1:123456789012:q"


def message(header: str | None = None) -> Message:
    attributes = {"AWSTraceHeader": header} if header else {}
    return Message("id", "handle", "body", "md5", attributes)


@pytest.mark.parametrize(
    "reply",
    [
        b"[" * 100_000,
        b"\xff",
        b'{"batchItemFailures": [{"itemIdentifier": ["a"]}]}',
        b'{"batchItemFailures": [{"itemIdentifier": {}}, 5]}',
        b'{"batchItemFailures": [{"itemIdentifier": 5}]}',
    ],
)
def test_a_reply_that_cannot_be_read_fails_the_batch(reply: bytes) -> None:
    """Whatever bytes a function returns, the batch has an outcome."""
    assert failed_ids(reply, {"a", "5"}) == {"a", "5"}


def header(number: int, sampled: str = "1") -> str:
    return f"Root=1-5e6f7a8b-{number:024x};Parent={number:016x};Sampled={sampled};Lineage=l:{number}"


def test_a_record_has_the_queues_region() -> None:
    """The record's region is the queue's."""
    assert record(message(), ARN)["awsRegion"] == "eu-west-1"


def test_binary_attributes_are_base64() -> None:
    """A binary message attribute is base64 text in the event."""
    binary = Message("id", "h", "b", "m", {}, {"a": {"DataType": "Binary", "BinaryValue": b"\x00"}}, "md5")
    content = record(binary, ARN)
    assert content["messageAttributes"]["a"]["binaryValue"] == "AA=="
    assert content["md5OfMessageAttributes"] == "md5"


@pytest.mark.parametrize(
    ("headers", "sampled", "links"),
    [
        ([None, None], None, 0),
        ([header(1)], True, 1),
        ([header(1), header(1)], True, 1),
        ([header(1), header(2, "0")], True, 1),
        ([header(1, "0"), None], False, 0),
        (["Root=1-5e6f7a8b-000000000000000000000001"], None, 0),
        ([header(number) for number in range(1, 30)], True, 20),
    ],
)
def test_a_batch_is_sampled_and_linked_by_its_producers(
    *, headers: list[str | None], sampled: bool | None, links: int
) -> None:
    """One sampled producer is enough, only sampled ones are linked, each once, and at most twenty."""
    trace, linked = trace_of([message(item) for item in headers])
    assert (trace.root, trace.parent, trace.sampled) == (None, None, sampled)
    assert len(linked) == links


def test_a_link_names_the_producers_segment() -> None:
    """The link holds the header's root and parent, and the lineage goes on."""
    trace, links = trace_of([message(header(1))])
    assert links == (TraceLink("1-5e6f7a8b-000000000000000000000001", f"{1:016x}"),)
    assert trace == TraceHeader(sampled=True, lineage="l:1")


@pytest.mark.parametrize(
    ("reply", "failed"),
    [
        ("", set()),
        ("null", set()),
        ("{}", set()),
        ('{"batchItemFailures": []}', set()),
        ('{"batchItemFailures": null}', set()),
        (json.dumps({"batchItemFailures": [{"itemIdentifier": "a"}]}), {"a"}),
        (json.dumps({"batchItemFailures": [{"itemIdentifier": ""}]}), {"a", "b"}),
        (json.dumps({"batchItemFailures": [{"itemIdentifier": "x"}]}), {"a", "b"}),
        (json.dumps({"batchItemFailures": [{"other": "a"}]}), {"a", "b"}),
        (json.dumps({"batchItemFailures": "a"}), {"a", "b"}),
        ('"text"', {"a", "b"}),
        ("{", {"a", "b"}),
    ],
)
def test_reported_failures(reply: str, failed: set[str]) -> None:
    """Empty replies fail nothing, named messages fail, and what cannot be read fails the batch."""
    assert failed_ids(reply.encode(), {"a", "b"}) == failed
