from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.trace import Link, SpanKind

from embedded_aws.xray.intake import otlp
from tests.embedded_aws.xray.sdk_spans import (
    PARENT,
    XRAY_TRACE_ID,
    CountingIds,
    context,
    document,
    documents,
    request,
)

LOCAL_ROOT = {"aws.span.kind": "LOCAL_ROOT", "aws.local.service": "front", "aws.remote.service": "AWS::SQS"}
CALLS = [SpanKind.CLIENT, SpanKind.PRODUCER, SpanKind.CONSUMER]


@pytest.mark.parametrize(
    ("kind", "child", "is_subsegment"),
    [
        (SpanKind.SERVER, True, False),
        (SpanKind.SERVER, False, False),
        (SpanKind.INTERNAL, False, False),
        (SpanKind.CLIENT, False, False),
        (SpanKind.INTERNAL, True, True),
        (SpanKind.CLIENT, True, True),
        (SpanKind.PRODUCER, True, True),
        (SpanKind.CONSUMER, True, False),
    ],
)
def test_a_server_or_consumer_span_or_a_root_is_a_segment(
    kind: SpanKind, *, child: bool, is_subsegment: bool
) -> None:
    """Only a span of another kind with a parent is a subsegment."""
    assert document(kind=kind, child=child).get("type") == ("subsegment" if is_subsegment else None)


def test_ids_and_times_take_xrays_form() -> None:
    """The trace id is split 8-24, ids are hex, times are epoch seconds, rounded as the collector does."""
    found = document()
    assert found["trace_id"] == XRAY_TRACE_ID
    assert found["parent_id"] == PARENT
    assert len(found["id"]) == 16
    assert (found["start_time"], found["end_time"]) == (1_700_000_000.2499998, 1_700_000_001.5)


def test_a_root_has_no_parent_id() -> None:
    """An empty parent is left out instead of being sent as zeros."""
    assert "parent_id" not in document(child=False)


def test_a_server_span_in_lambda_hangs_below_the_function_segment() -> None:
    """A handler span of kind SERVER is a segment of its own, its parent the function's segment, no origin."""
    lambda_resource = {"cloud.provider": "aws", "cloud.platform": "aws_lambda", "service.name": "front"}
    found = document(kind=SpanKind.SERVER, resource=lambda_resource)
    assert (found["parent_id"], found["name"]) == (PARENT, "front")
    assert "type" not in found
    assert "origin" not in found


def test_flags_are_always_written() -> None:
    """All three flags are there when nothing went wrong."""
    found = document()
    assert (found["error"], found["fault"], found["throttle"]) == (False, False, False)


def test_links_are_kept_with_their_attributes() -> None:
    """A span link becomes an X-Ray link."""
    found = document(links=[Link(context(0xABCDEF), {"why": "batch"}), Link(context(0x1))])
    assert found["links"] == [
        {"trace_id": XRAY_TRACE_ID, "id": "0000000000abcdef", "attributes": {"why": "batch"}},
        {"trace_id": XRAY_TRACE_ID, "id": "0000000000000001"},
    ]


@pytest.mark.parametrize("kind", [SpanKind.SERVER, SpanKind.INTERNAL])
def test_a_local_root_that_is_no_call_is_one_segment(kind: SpanKind) -> None:
    """Type and namespace go, the name is the local service."""
    found = document({**LOCAL_ROOT, "rpc.system": "aws-api"}, kind=kind)
    assert found["name"] == "front"
    assert "type" not in found
    assert "namespace" not in found


@pytest.mark.parametrize("kind", CALLS)
def test_a_local_root_that_is_a_call_is_a_subsegment_below_a_new_segment(kind: SpanKind) -> None:
    """The call keeps the span's id and gets a drawn parent, which takes the span's parent."""
    call, service = documents(LOCAL_ROOT, kind=kind)
    assert (call["type"], call["parent_id"], call["name"]) == ("subsegment", service["id"], "AWS::SQS")
    assert (service["id"], service["parent_id"], service["name"]) == ("0000000000000001", PARENT, "front")
    assert (call["start_time"], call["end_time"]) == (service["start_time"], service["end_time"])
    assert call["namespace"] == "remote"
    assert not {"type", "namespace"} & service.keys()


def test_the_new_service_segment_says_nothing_of_the_call() -> None:
    """No http, no call fields under aws, no metadata but the resource's."""
    attributes = {
        **LOCAL_ROOT,
        "http.method": "GET",
        "aws.request_id": "r",
        "aws.region": "eu-west-1",
        "rpc.method": "SendMessage",
        "some": "thing",
        "aws.remote.operation": "Send",
    }
    call, service = documents(
        attributes, kind=SpanKind.CLIENT, child=False, resource={"service.name": "x", "cloud.account.id": "1"}
    )
    assert call["http"]["request"]["method"] == "GET"
    assert call["metadata"]["default"]["aws.remote.operation"] == "Send"
    assert "http" not in service
    assert service["aws"].keys() == {"xray"}
    assert service["metadata"] == {
        "default": {"otel.resource.service.name": "x", "otel.resource.cloud.account.id": "1"}
    }


@pytest.mark.parametrize(("kind", "on_call"), [(SpanKind.CLIENT, True), (SpanKind.CONSUMER, False)])
def test_links_of_a_local_root_call_go_to_one_of_the_two(kind: SpanKind, *, on_call: bool) -> None:
    """A consumer's links belong to the service segment, any other's to the call."""
    call, service = documents(LOCAL_ROOT, kind=kind, links=[Link(context(1))])
    assert ("links" in call, "links" in service) == (on_call, not on_call)


@pytest.mark.parametrize("attributes", [{}, {"aws.remote.service": "queue"}])
def test_a_producer_calls_and_a_consumer_is_called(attributes: dict[str, str]) -> None:
    """So a queue between two services has a node of its own, and the consumer another below it."""
    assert document(attributes, kind=SpanKind.PRODUCER)["namespace"] == "remote"
    assert "namespace" not in document(attributes, kind=SpanKind.CONSUMER)


@pytest.mark.parametrize("kind", CALLS)
def test_a_call_that_enters_its_service_names_it_by_the_resource(kind: SpanKind) -> None:
    """Without aws.local.service the segment above the call is named as a server's would be."""
    call, service = documents({"aws.span.kind": "LOCAL_ROOT"}, kind=kind, resource={"service.name": "front"})
    assert (call["name"], service["name"]) == ("work", "front")


@pytest.mark.parametrize("kind", [SpanKind.SERVER, SpanKind.INTERNAL, SpanKind.CLIENT])
def test_a_span_that_is_marked_as_open_is_in_progress(kind: SpanKind) -> None:
    """It has no end, whatever OTLP says of it, and the mark is gone."""
    found = document({"aws.xray.inprogress": True}, kind=kind)
    assert found["in_progress"] is True
    assert not {"end_time", "metadata"} & found.keys()


def test_a_span_that_is_marked_as_ended_has_its_end() -> None:
    """Only `true` says that it is open; what is no boolean is an attribute as any other."""
    found = document({"aws.xray.inprogress": False})
    assert found["end_time"] == 1_700_000_001.5
    assert not {"in_progress", "metadata"} & found.keys()
    assert document({"aws.xray.inprogress": "true"})["metadata"]["default"] == {"aws.xray.inprogress": "true"}


def test_both_documents_of_an_open_call_are_in_progress() -> None:
    """The call, and the service whose entry it is."""
    found = documents({**LOCAL_ROOT, "aws.xray.inprogress": True}, kind=SpanKind.CLIENT)
    assert [document["in_progress"] for document in found] == [True, True]


def test_a_bad_span_does_not_take_the_others_with_it() -> None:
    """A span with a short id is rejected with its reason, the rest of the request is translated."""
    message = request()
    spans = message.resource_spans[0].scope_spans[0].spans
    spans.add(trace_id=b"short", span_id=b"12345678")
    spans.add(trace_id=bytes(16), span_id=b"12345678")
    spans.add(trace_id=b"1" * 16, span_id=bytes(8))
    translation = otlp.translate(message.resource_spans, CountingIds())
    assert len(translation.documents) == 1
    assert translation.rejected == [
        "a trace id is not 16 bytes, or all zeros",
        "a trace id is not 16 bytes, or all zeros",
        "a span id is not 8 bytes, or all zeros",
    ]


def test_a_link_with_a_bad_id_fails_its_span() -> None:
    """The collector refuses such a span as a whole; so does this."""
    message = request()
    message.resource_spans[0].scope_spans[0].spans[0].links.add(trace_id=b"x", span_id=b"12345678")
    assert otlp.translate(message.resource_spans).rejected == ["a trace id is not 16 bytes, or all zeros"]


def test_a_link_without_a_span_id_is_kept() -> None:
    """It still names a trace."""
    message = request()
    message.resource_spans[0].scope_spans[0].spans[0].links.add(trace_id=b"1" * 16)
    (found,) = otlp.translate(message.resource_spans).documents
    assert found["links"] == [{"trace_id": "1-31313131-313131313131313131313131", "id": ""}]


def test_an_unspecified_kind_counts_as_internal() -> None:
    """OTLP asks for that."""
    message = request(LOCAL_ROOT)
    message.resource_spans[0].scope_spans[0].spans[0].kind = 0
    (found,) = otlp.translate(message.resource_spans).documents
    assert found["name"] == "front"


def test_bytes_that_are_no_request_are_refused() -> None:
    """The error says what was expected."""
    with pytest.raises(otlp.RequestError, match="not an OTLP trace request in protobuf"):
        otlp.translate_request(b"\xff\xff\xff")


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_crash_the_translation(payload: bytes) -> None:
    """Whatever arrives is either documents that JSON can hold or a RequestError."""
    try:
        translation = otlp.translate_request(payload)
    except otlp.RequestError:
        return
    json.dumps(translation.documents, allow_nan=False)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)
KEYS = st.sampled_from(
    [
        "http.status_code",
        "http.response.status_code",
        "http.url",
        "url.full",
        "http.method",
        "url.query",
        "url.path",
        "http.host",
        "net.peer.port",
        "net.peer.ip",
        "server.address",
        "db.system",
        "db.name",
        "db.connection_string",
        "rpc.system",
        "rpc.method",
        "aws.service",
        "aws.local.service",
        "aws.remote.service",
        "aws.span.kind",
        "aws.dynamodb.table_names",
        "enduser.id",
        "aws.xray.annotations",
        "aws.xray.metadata.x",
        "aws.log.group.names",
        "message.type",
        "exception.stacktrace",
        "exception.type",
        "cloud.provider",
        "cloud.platform",
        "service.instance.id",
        "client.address",
        "other",
    ]
)


def _fill(pairs: Any, values: dict[str, object]) -> None:
    for key, value in values.items():
        pair = pairs.add(key=key)
        _set(pair.value, value)


def _set(target: Any, value: object) -> None:
    match value:
        case bool():
            target.bool_value = value
        case int():
            target.int_value = value
        case float():
            target.double_value = value
        case str():
            target.string_value = value
        case list():
            target.array_value.SetInParent()
            for item in value:
                _set(target.array_value.values.add(), item)


@settings(deadline=None)
@given(
    attributes=st.dictionaries(KEYS, VALUES, max_size=8),
    resource=st.dictionaries(KEYS, VALUES, max_size=4),
    event=st.dictionaries(KEYS, VALUES, max_size=3),
    kind=st.integers(0, 5),
    name=st.text(max_size=300),
    status=st.integers(0, 2),
)
def test_no_attributes_crash_the_translation(
    *,
    attributes: dict[str, object],
    resource: dict[str, object],
    event: dict[str, object],
    kind: int,
    name: str,
    status: int,
) -> None:
    """Known attributes with values of any type still give documents that strict JSON can hold."""
    message = ExportTraceServiceRequest()
    resource_spans = message.resource_spans.add()
    _fill(resource_spans.resource.attributes, {**resource, "telemetry.sdk.language": "python"})
    span = resource_spans.scope_spans.add().spans.add(
        trace_id=b"t" * 16, span_id=b"s" * 8, kind=kind, name=name.encode(errors="ignore").decode()
    )
    span.status.code = status
    _fill(span.attributes, attributes)
    _fill(span.events.add(name="exception").attributes, event)
    found = otlp.translate(message.resource_spans).documents
    assert found
    json.dumps(found, allow_nan=False)
