from __future__ import annotations

import asyncio
import gzip
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from google.protobuf import json_format
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)

from embedded_aws.xray.intake.otlp_http import JSON, PROTOBUF, HttpError, decode, otlp_app
from tests.embedded_aws.xray.sdk_spans import PARENT, XRAY_TRACE_ID, request

if TYPE_CHECKING:
    from collections.abc import Sequence


class Core:
    """What the receiver hands its documents to."""

    def __init__(self) -> None:
        self.documents: list[dict[str, Any]] = []
        self.unprocessed: list[dict[str, Any]] = []
        self.error: Exception | None = None

    def put(self, texts: Sequence[str]) -> list[dict[str, Any]]:
        if self.error:
            raise self.error
        self.documents += map(json.loads, texts)
        return self.unprocessed


@pytest.fixture
def core() -> Core:
    return Core()


class Client:
    """Asks the app as uvicorn would, without a socket."""

    def __init__(self, core: Core) -> None:
        self._app = otlp_app(core.put)

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        return asyncio.run(self._request(method, path, options))

    async def _request(self, method: str, path: str, options: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://collector") as client:
            return await client.request(method, path, **options)


@pytest.fixture
def client(core: Core) -> Client:
    return Client(core)


def post(client: Client, body: bytes, media: str = PROTOBUF, **headers: str) -> httpx.Response:
    return client.request("POST", "/v1/traces", content=body, headers={"Content-Type": media, **headers})


def as_json(message: Any) -> dict[str, Any]:
    """Write a request as OTLP/JSON: ids in hex, enums as numbers."""
    found: dict[str, Any] = json_format.MessageToDict(message, use_integers_for_enums=True)
    for span, source in zip(
        found["resourceSpans"][0]["scopeSpans"][0]["spans"],
        message.resource_spans[0].scope_spans[0].spans,
        strict=True,
    ):
        span["traceId"] = source.trace_id.hex()
        span["spanId"] = source.span_id.hex()
        span["parentSpanId"] = source.parent_span_id.hex()
    return found


def test_protobuf_is_stored(core: Core, client: Client) -> None:
    """The answer is an empty response in the same encoding."""
    answer = post(client, request({"a": 1}).SerializeToString())
    assert (answer.status_code, answer.headers["content-type"], answer.content) == (200, PROTOBUF, b"")
    assert core.documents[0]["metadata"] == {"default": {"a": 1}}


def test_json_is_stored(core: Core, client: Client) -> None:
    """Ids are hex, 64-bit numbers are text; the answer is JSON."""
    answer = post(client, json.dumps(as_json(request({"a": 1}))).encode(), "application/json; charset=utf-8")
    assert (answer.status_code, answer.headers["content-type"], answer.json()) == (200, JSON, {})
    (found,) = core.documents
    assert (found["trace_id"], found["parent_id"]) == (XRAY_TRACE_ID, PARENT)
    assert (found["start_time"], found["metadata"]) == (1_700_000_000.2499998, {"default": {"a": 1}})


def test_ids_in_json_may_have_capitals_and_unknown_fields_are_passed_over(core: Core, client: Client) -> None:
    """Both as OTLP demands."""
    body = as_json(request())
    span = body["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    span["traceId"] = span["traceId"].upper()
    span["new"] = {"field": 1}
    assert post(client, json.dumps(body).encode(), JSON).status_code == 200
    assert core.documents[0]["trace_id"] == XRAY_TRACE_ID


def test_an_attribute_called_like_an_id_is_left_alone(core: Core, client: Client) -> None:
    """Only ids are ids."""
    body = as_json(request({"traceId": "not hex"}))
    assert post(client, json.dumps(body).encode(), JSON).status_code == 200
    assert core.documents[0]["metadata"] == {"default": {"traceId": "not hex"}}


@pytest.mark.parametrize("media", [PROTOBUF, JSON])
def test_gzip_is_accepted(core: Core, client: Client, media: str) -> None:
    """For both encodings."""
    message = request()
    body = message.SerializeToString() if media == PROTOBUF else json.dumps(as_json(message)).encode()
    assert post(client, gzip.compress(body), media, **{"Content-Encoding": "gzip"}).status_code == 200
    assert len(core.documents) == 1


def test_an_empty_request_is_accepted(core: Core, client: Client) -> None:
    """It holds no spans."""
    assert post(client, b"").status_code == 200
    assert post(client, b"{}", JSON).json() == {}
    assert core.documents == []


def test_refused_spans_are_a_partial_success(core: Core, client: Client) -> None:
    """What the translation and what X-Ray refused is counted, with the reasons; the rest is stored."""
    message = request()
    message.resource_spans[0].scope_spans[0].spans.add(name="no ids")
    core.unprocessed = [{"ErrorCode": "InvalidName", "Message": "bad name"}]
    answer = post(client, message.SerializeToString())
    partial = ExportTraceServiceResponse.FromString(answer.content).partial_success
    assert answer.status_code == 200
    assert partial.rejected_spans == 2
    assert partial.error_message == "a trace id is not 16 bytes, or all zeros; bad name"
    assert len(core.documents) == 1


def test_a_store_that_fails_is_503(core: Core, client: Client) -> None:
    """So the exporter tries again."""
    core.error = OSError("disk full")
    answer = post(client, json.dumps(as_json(request())).encode(), JSON)
    assert answer.status_code == 503
    assert answer.json() == {"code": 14, "message": "storing the segments failed: disk full"}


@pytest.mark.parametrize(
    ("body", "headers", "status", "message"),
    [
        (b"\xff\xff", {}, 400, "the body is not an OTLP trace request in protobuf"),
        (b"x", {"Content-Type": "text/plain"}, 415, "Content-Type 'text/plain' is neither"),
        (b"no gzip", {"Content-Encoding": "gzip"}, 400, "the body is not gzip"),
        (gzip.compress(b"x" * 1000, mtime=0)[:-9], {"Content-Encoding": "gzip"}, 400, "cut short"),
        (b"x", {"Content-Encoding": "br"}, 415, "Content-Encoding 'br' is not gzip"),
    ],
)
def test_bad_protobuf_requests_are_answered_with_a_status_message(
    client: Client, body: bytes, headers: dict[str, str], status: int, message: str
) -> None:
    """google.rpc.Status: field 1 is the code, field 2 the message."""
    answer = client.request("POST", "/v1/traces", content=body, headers={"Content-Type": PROTOBUF, **headers})
    told = ExportTracePartialSuccess.FromString(answer.content)
    assert (answer.status_code, told.rejected_spans) == (status, 3)
    assert message in told.error_message


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'{"resourceSpans": 5}',
        b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "zz"}]}]}]}',
        b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"kind": [1]}]}]}]}',
        b"null",
        b"[" * 100_000,
        b"\xff",
        b'{"resourceSpans": [{"scopeSpans": [{"scope": {"\\ud800": 1}}]}]}',
        b'{"resourceSpans": [{"resource": {"attributes": [{"value": {"doubleValue": 1'
        + b"0" * 400
        + b"}}]}}]}",
    ],
)
def test_bad_json_requests_are_answered_in_json(client: Client, body: bytes) -> None:
    """400, with what was wrong."""
    answer = post(client, body, JSON)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("the body is not an OTLP trace request in JSON")


def test_a_body_that_unpacks_to_too_much_is_refused(client: Client) -> None:
    """A gzip bomb costs no more memory than the limit."""
    body = gzip.compress(bytes(65 * 1024 * 1024))
    assert post(client, body, **{"Content-Encoding": "gzip"}).status_code == 413


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("POST", "/v1/metrics", 404), ("POST", "/", 404), ("GET", "/v1/traces", 405)],
)
def test_other_paths_and_methods_do_not_exist(client: Client, method: str, path: str, status: int) -> None:
    """Only traces are received."""
    assert client.request(method, path).status_code == status


@settings(deadline=None)
@given(st.binary(max_size=100), st.sampled_from([PROTOBUF, JSON]))
def test_no_body_crashes_the_decoder(body: bytes, media: str) -> None:
    """Any bytes are a request or an HttpError."""
    try:
        message = decode(media, body)
    except HttpError as error:
        assert error.status == 400  # noqa: PT017 - the alternative outcome
    else:
        assert message.IsInitialized()
