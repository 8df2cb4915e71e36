"""Segments that X-Ray makes up for services that send none."""

from __future__ import annotations

from typing import Any

import pytest

from tests.embedded_aws.xray.builders import NOW, TRACE, Api, identifier, inner, segment, trace_id

QUEUE_URL = "https://sqs.us-east-1.amazonaws.com/123456789012/orders"


@pytest.mark.parametrize(
    ("name", "aws", "node", "document_name"),
    [
        ("dynamodb", {"table_name": "orders"}, ("orders", "AWS::DynamoDB::Table"), "DynamoDB"),
        ("DynamoDB", {"table_names": ["orders"]}, ("orders", "AWS::DynamoDB::Table"), "DynamoDB"),
        ("DynamoDB", {"table_names": ["a", "b"]}, ("DynamoDB", "AWS::DynamoDB"), "DynamoDB"),
        ("dynamodb", {}, ("DynamoDB", "AWS::DynamoDB"), "DynamoDB"),
        ("s3", {"bucket_name": "files"}, ("files", "AWS::S3::Bucket"), "S3"),
        ("S3", {}, ("S3", "AWS::S3"), "S3"),
        ("sns", {"topic_arn": "arn:aws:sns:us-east-1:123456789012:t"}, ("SNS", "AWS::SNS"), "SNS"),
        ("sqs", {"queue_url": QUEUE_URL}, (QUEUE_URL, "AWS::SQS::Queue"), "SQS"),
        (
            "sqs",
            {"queue_url": "http://127.0.0.1:4566/123456789012/orders", "region": "us-east-1"},
            (QUEUE_URL, "AWS::SQS::Queue"),
            "SQS",
        ),
        ("sqs", {"queue_url": "http://[::1"}, ("http://[::1", "AWS::SQS::Queue"), "SQS"),
        ("sqs", {}, ("SQS", "AWS::SQS"), "SQS"),
        ("lambda", {"function_name": "f"}, ("f", "AWS::Lambda"), "Lambda"),
        (
            "Lambda",
            {"function_name": "arn:aws:lambda:us-east-1:123456789012:function:f:live"},
            ("f", "AWS::Lambda"),
            "Lambda",
        ),
        ("events", {}, ("Events", "AWS::Events"), "Events"),
        ("SimpleSystemsManagement", {}, ("SimpleSystemsManagement", "AWS::SimpleSystemsManagement"), None),
        ("Secrets Manager", {}, ("Secrets Manager", "AWS::SecretsManager"), None),
    ],
)
def test_aws_call_gives_a_node(
    api: Api, name: str, aws: dict[str, Any], node: tuple[str, str], document_name: str | None
) -> None:
    """A call to an AWS service is a node of the resource or service, and a segment of the service."""
    api.put(segment("a", subsegments=[inner("b", name=name, namespace="aws", aws=aws)]))
    call, made_up = api.documents()[0]["subsegments"][0], api.documents()[1]
    assert node in api.graph()
    assert (made_up["name"], made_up["origin"]) == (document_name or name, node[1])
    assert call["name"] == made_up["name"]


@pytest.mark.parametrize(
    ("fields", "kind"), [({}, "remote"), ({"sql": {"url": "postgresql://db/orders"}}, "Database::SQL")]
)
def test_remote_call_gives_a_node(api: Api, fields: dict[str, Any], kind: str) -> None:
    """A call to another host is a node of that name: a database if it says SQL."""
    api.put(segment("a", subsegments=[inner("b", name="shop@db", namespace="remote", **fields)]))
    assert ("shop@db", kind) in api.graph()
    assert api.documents()[1].get("origin") == (None if kind == "remote" else kind)


def test_inferred_segment_copies_the_call(api: Api) -> None:
    """Times, flags and details come from the call; id, parent and mark are its own."""
    details = {
        "http": {"response": {"status": 400}},
        "aws": {"operation": "PutItem", "table_name": "t"},
        "error": True,
        "fault": False,
    }
    api.put(segment("a", subsegments=[inner("b", name="DynamoDB", namespace="aws", at=0.25, **details)]))
    made_up = api.documents()[1]
    assert made_up.pop("id") not in {identifier("a"), identifier("b")}
    assert made_up == {
        "name": "DynamoDB",
        "trace_id": api.documents()[0]["trace_id"],
        "parent_id": identifier("b"),
        "inferred": True,
        "origin": "AWS::DynamoDB::Table",
        "start_time": NOW + 0.25,
        "end_time": NOW + 1.25,
        **details,
        "aws": {"operation": "PutItem", "table_name": "t", "resource_names": ["t"]},
    }


def test_what_was_read_can_be_sent_again(api: Api) -> None:
    """The inferred segments of another X-Ray's answer stand for the same nodes as those made up here."""
    calls: dict[str, dict[str, Any]] = {
        "b": {"name": "DynamoDB", "namespace": "aws", "aws": {"table_name": "orders"}},
        "c": {"name": "S3", "namespace": "aws", "aws": {"bucket_name": "receipts"}},
        "d": {"name": "SecretsManager", "namespace": "aws"},
        "e": {"name": "shop@db", "namespace": "remote", "sql": {"url": "shop@db"}},
        "f": {"name": "example.com", "namespace": "remote"},
    }
    api.put(segment("a", subsegments=[inner(short, **fields) for short, fields in calls.items()]))
    api.put(*(document | {"trace_id": trace_id(1)} for document in api.documents()))
    first, again = (
        {(node["Name"], node["Type"]) for node in api.ask("/TraceGraph", TraceIds=[each])["Services"][2:]}
        for each in (TRACE, trace_id(1))
    )
    assert ("orders", "AWS::DynamoDB::Table") in first
    assert len(first) == len(calls)
    assert again == first


def test_inferred_ids_stay_the_same(api: Api) -> None:
    """Reading a trace twice gives the same ids."""
    api.put(segment("a", subsegments=[inner("b", namespace="remote"), inner("c", namespace="remote")]))
    assert api.documents() == api.documents()
    assert len({document["id"] for document in api.documents()}) == 3


@pytest.mark.parametrize(
    "fields",
    [
        {"namespace": "local"},
        {},
        {"namespace": "remote", "traced": True},
        {"namespace": "remote", "http": {"request": {"traced": True}}},
    ],
)
def test_no_segment_is_inferred(api: Api, fields: dict[str, Any]) -> None:
    """Custom code, and a call whose other side is traced itself, have no inferred segment."""
    api.put(segment("a", subsegments=[inner("b", **fields)]))
    assert [document["name"] for document in api.documents()] == ["a"]


def test_real_segment_replaces_the_inferred_one(api: Api) -> None:
    """As soon as the called service sends its segment, nothing is made up for the call."""
    api.put(segment("a", subsegments=[inner("b", name="lambda", namespace="aws")]))
    assert len(api.documents()) == 2
    api.put(segment("c", "b", origin="AWS::Lambda"))
    assert [document["name"] for document in api.documents()] == ["a", "c"]


@pytest.mark.parametrize(
    ("aws", "names"),
    [
        ({"table_name": "t"}, ["t"]),
        ({"table_names": ["t", "u"]}, ["t", "u"]),
        ({"bucket_name": "b", "key": "k"}, ["b"]),
        ({"topic_arn": "arn"}, ["arn"]),
        ({"function_name": "f"}, ["f"]),
        ({"function_name": "f", "resource_names": ["mine"]}, ["mine"]),
        ({"queue_url": QUEUE_URL}, None),
    ],
)
def test_calls_name_their_resources(api: Api, aws: dict[str, Any], names: list[str] | None) -> None:
    """`aws.resource_names` is added to calls that name a table, bucket, topic or function."""
    api.put(segment("a", subsegments=[inner("b", namespace="aws", aws=aws)]))
    (call,) = api.documents()[0]["subsegments"]
    assert call["aws"].get("resource_names") == names


@pytest.mark.parametrize(
    ("name", "aws", "kind"),
    [
        ("events", {"operation": "PutEvents"}, "AWS::Events"),
        ("sns", {"topic_arn": "arn:aws:sns:us-east-1:123456789012:t"}, "AWS::SNS"),
        ("s3", {"bucket_name": "files"}, "AWS::S3::Bucket"),
        ("sqs", {"queue_url": QUEUE_URL}, "AWS::SQS::Queue"),
    ],
)
def test_a_service_that_passes_the_trace_on_stays_between(
    api: Api, name: str, aws: dict[str, Any], kind: str
) -> None:
    """What an event, a message or an object invoked is called by the service, and that by whoever used it.

    https://docs.aws.amazon.com/xray/latest/devguide/xray-services-eventbridge.html
    """
    api.put(
        segment(
            "a", origin="AWS::Lambda::Function", subsegments=[inner("b", name=name, namespace="aws", aws=aws)]
        )
    )
    api.put(segment("c", "b", origin="AWS::Lambda", at=0.5, http={"response": {"status": 202}}))
    documents = {document["id"]: document for document in api.documents()}
    (made_up,) = [document for document in documents.values() if document.get("inferred")]
    assert (made_up["origin"], made_up["parent_id"]) == (kind, identifier("b"))
    assert documents[identifier("c")]["parent_id"] == made_up["id"]
    edges = set(api.edges())
    assert {("AWS::Lambda::Function", kind), (kind, "AWS::Lambda")} <= edges
    assert ("AWS::Lambda::Function", "AWS::Lambda") not in edges


def test_a_topics_own_segment_replaces_the_inferred_one(api: Api) -> None:
    """A topic with active tracing answers for itself: nothing is made up for the call of Publish."""
    api.put(segment("a", subsegments=[inner("b", name="sns", namespace="aws")]))
    api.put(segment("c", "b", name="topic", origin="AWS::SNS::Topic"))
    assert [document["name"] for document in api.documents()] == ["a", "topic"]
