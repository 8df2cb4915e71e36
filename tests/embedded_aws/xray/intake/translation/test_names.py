from __future__ import annotations

import pytest
from opentelemetry.trace import SpanKind

from embedded_aws.xray.intake.translation import names
from tests.embedded_aws.xray.sdk_spans import document, documents

ALL = {
    "peer.service": "peer",
    "aws.service": "DynamoDB",
    "db.name": "orders",
    "rpc.service": "rpc",
    "http.host": "host",
    "net.peer.name": "peer-name",
}


@pytest.mark.parametrize(
    ("left_out", "expected"),
    [
        ((), "peer"),
        (("peer.service",), "DynamoDB"),
        (("peer.service", "aws.service"), "orders"),
        (("peer.service", "aws.service", "db.name"), "rpc"),
        (("peer.service", "aws.service", "db.name", "rpc.service"), "host"),
        (("peer.service", "aws.service", "db.name", "rpc.service", "http.host"), "peer-name"),
        (tuple(ALL), "work"),
    ],
)
def test_the_first_name_that_is_there_wins(left_out: tuple[str, ...], expected: str) -> None:
    """Each source in its rank, the span's own name last."""
    attributes = {key: value for key, value in ALL.items() if key not in left_out}
    assert document(attributes, kind=SpanKind.CLIENT)["name"] == expected


def test_an_empty_source_is_passed_over() -> None:
    """An empty peer.service does not name the segment."""
    assert document({"peer.service": "", "rpc.service": "rpc"})["name"] == "rpc"


@pytest.mark.parametrize(
    ("kind", "attributes", "expected"),
    [
        (SpanKind.SERVER, {}, "local"),
        (SpanKind.INTERNAL, {"aws.span.kind": "LOCAL_ROOT"}, "local"),
        (SpanKind.INTERNAL, {}, "peer"),
        (SpanKind.CLIENT, {}, "AWS::DynamoDB"),
        (SpanKind.PRODUCER, {}, "AWS::DynamoDB"),
        (SpanKind.CONSUMER, {}, "AWS::DynamoDB"),
    ],
)
def test_application_signals_names_come_first(
    kind: SpanKind, attributes: dict[str, str], expected: str
) -> None:
    """The local service names entries, the remote service names calls, before anything else."""
    services = {"aws.local.service": "local", "aws.remote.service": "AWS::DynamoDB", "peer.service": "peer"}
    assert document({**services, **attributes}, kind=kind)["name"] == expected


@pytest.mark.parametrize(
    ("remote", "expected"),
    [("AWS.SDK.S3", "S3"), ("AWS::SQS", "SQS"), ("AWS.SDK.AWS::X", "AWS::X"), ("worker", "worker")],
)
def test_an_aws_call_loses_the_prefix_of_its_remote_service(remote: str, expected: str) -> None:
    """Only one prefix, and only for rpc.system aws-api."""
    attributes = {"aws.remote.service": remote, "rpc.system": "aws-api"}
    assert document(attributes, kind=SpanKind.CLIENT)["name"] == expected


@pytest.mark.parametrize(("kind", "expected"), [(SpanKind.SERVER, "front"), (SpanKind.INTERNAL, "work")])
def test_only_a_server_span_is_named_by_its_resource(kind: SpanKind, expected: str) -> None:
    """service.name is the segment's name, not its subsegments'."""
    assert document(kind=kind, resource={"service.name": "front"})["name"] == expected


@pytest.mark.parametrize(
    ("connection", "expected"),
    [
        ("postgresql://db.example.com:5432", "orders@db.example.com"),
        ("jdbc:mysql://db.example.com:3306", "orders@db.example.com"),
        ("", "orders"),
        ("not a url", "orders"),
        ("http://[bad", "orders"),
    ],
)
def test_a_database_is_named_with_its_host(connection: str, expected: str) -> None:
    """The host comes from the connection string, if that is a URL."""
    attributes = {"db.name": "orders", "db.connection_string": connection}
    assert document(attributes, kind=SpanKind.CLIENT)["name"] == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("GET /a/{id}?x=1", "GET /a/idx=1"),
        ("Prüfung №1", "Prüfung 1"),
        ("a\\b\tc", "abc"),
        ("_.:/%&#=+-@", "_.:/%&#=+-@"),
        ("???", "span"),
        ("", "span"),
        ("x" * 300, "x" * 200),
        ("ü" * 150, "ü" * 100),
        ("x" + "ü" * 150, "x" + "ü" * 99),
    ],
)
def test_a_span_name_is_made_to_fit(given: str, expected: str) -> None:
    """Forbidden characters go, 200 bytes stay, no half character, never empty."""
    assert names.fixed(given) == expected


def test_other_names_pass_unchecked() -> None:
    """Only the span's own name is fixed, as in the collector."""
    assert document({"peer.service": "what?"})["name"] == "what?"


@pytest.mark.parametrize(
    ("kind", "attributes", "expected"),
    [
        (SpanKind.CLIENT, {}, "remote"),
        (SpanKind.CLIENT, {"rpc.system": "aws-api"}, "aws"),
        (SpanKind.INTERNAL, {"rpc.system": "aws-api"}, "aws"),
        (SpanKind.INTERNAL, {"aws.service": "S3"}, "aws"),
        (SpanKind.CLIENT, {"aws.service": "S3", "peer.service": "x"}, "remote"),
        (SpanKind.CLIENT, {"rpc.system": "grpc"}, "remote"),
        (SpanKind.INTERNAL, {}, None),
        (SpanKind.PRODUCER, {}, "remote"),
        (SpanKind.CONSUMER, {}, None),
        (SpanKind.SERVER, {}, None),
    ],
)
def test_the_namespace_tells_aws_from_other_calls(
    kind: SpanKind, attributes: dict[str, str], expected: str | None
) -> None:
    """`aws` for AWS calls of any kind, `remote` for other clients and producers, none for the rest."""
    assert document(attributes, kind=kind).get("namespace") == expected


def test_an_aws_local_root_call_stays_aws() -> None:
    """The subsegment of a local root keeps the namespace that it has."""
    call, _ = documents({"aws.span.kind": "LOCAL_ROOT", "rpc.system": "aws-api"}, kind=SpanKind.CLIENT)
    assert call["namespace"] == "aws"
