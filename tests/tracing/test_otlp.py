"""The hand-written protobuf says what the official classes read."""

from __future__ import annotations

import base64
import http.client
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from tracing import _otlp_export as _otlp
from tracing._sender import Item
from tracing._span import Event, Link, SpanData

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | TEXT | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


def read(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [read(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return {pair.key: read(pair.value) for pair in value.kvlist_value.values}
    return getattr(value, kind or "no value")


@given(st.dictionaries(TEXT, VALUES, max_size=4), TEXT, st.integers(1, 2**64 - 1))
def test_round_trip(attributes: dict[str, Any], text: str, number: int) -> None:
    """Ids, times, attributes of every type, events, links and status come through."""
    event, link = Event(text, number, attributes), Link(number << 64, number, attributes)
    span = SpanData(
        number,
        number,
        number,
        text,
        "CLIENT",
        number,
        number,
        attributes,
        [event],
        [link],
        "ERROR",
        text,
        "scope",
    )
    body = _otlp.request(attributes, {"scope": [_otlp.encode(span)]})
    (resource,) = ExportTraceServiceRequest.FromString(body).resource_spans
    assert {pair.key: read(pair.value) for pair in resource.resource.attributes} == attributes
    assert resource.scope_spans[0].scope.name == "scope"
    (found,) = resource.scope_spans[0].spans
    assert int.from_bytes(found.trace_id, "big") == int.from_bytes(found.span_id, "big") == number
    assert (found.name, found.kind, found.start_time_unix_nano) == (text, found.SPAN_KIND_CLIENT, number)
    assert {pair.key: read(pair.value) for pair in found.attributes} == attributes
    assert (found.events[0].name, found.events[0].time_unix_nano) == (text, number)
    assert int.from_bytes(found.links[0].span_id, "big") == number
    assert (found.status.code, found.status.message) == (found.status.STATUS_CODE_ERROR, text)


def test_a_datagram_has_spans_of_one_trace() -> None:
    """Spans of invocations that run at the same time share no datagram, however small they are."""
    spans = [
        SpanData(trace, number, 0, f"{trace}", "INTERNAL", 1, 2) for number in range(1, 9) for trace in (7, 8)
    ]
    items = [Item(f"{span.span_id}", "", _otlp.encode(span), trace_id=span.trace_id) for span in spans]
    traces = []
    for body in _otlp.pack_spans({}, datagrams=True)(items):
        request = ExportTraceServiceRequest.FromString(base64.b64decode(body.removeprefix(b"T1S")))
        found = [span for scope in request.resource_spans[0].scope_spans for span in scope.spans]
        traces += [{span.trace_id.hex() for span in found}]
    assert traces == [{f"{7:032x}"}, {f"{8:032x}"}]


class Aws:
    """Takes the place of a connection to AWS: nothing leaves the machine."""

    requests: ClassVar[list[Mapping[str, str]]] = []
    answer = 200, b""

    def __init__(self, *_args: Any, **_options: Any) -> None:
        self.status, self._body = self.answer

    def request(self, _method: str, _target: str, _body: bytes, headers: Mapping[str, str]) -> None:
        self.requests.append(headers)

    def getresponse(self) -> Aws:
        return self

    def read(self, _most: int) -> bytes:
        return self._body

    def close(self) -> None:
        """Nothing was opened."""


@pytest.fixture
def aws_requests(monkeypatch: pytest.MonkeyPatch) -> list[Mapping[str, str]]:
    """Give the function an account, and return what it sends to AWS."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "session")
    monkeypatch.setattr(Aws, "requests", [])
    monkeypatch.setattr(http.client, "HTTPSConnection", Aws)
    return Aws.requests


@pytest.mark.parametrize(
    ("url", "region"),
    [
        ("https://xray.eu-west-1.amazonaws.com/v1/traces", "eu-west-1"),
        ("https://xray.cn-north-1.amazonaws.com.cn/v1/traces", "cn-north-1"),
    ],
)
def test_requests_to_awss_endpoint_are_signed(
    aws_requests: list[Mapping[str, str]], url: str, region: str
) -> None:
    """With the function's credentials, for the service X-Ray in the endpoint's region."""
    assert _otlp.Http(url, {}).send(b"spans")
    (headers,) = aws_requests
    algorithm, credential, *_ = headers["Authorization"].split()
    assert algorithm == "AWS4-HMAC-SHA256"
    key, _, *scope = credential.removeprefix("Credential=").rstrip(",").split("/")
    assert (key, scope) == ("AKIDEXAMPLE", [region, "xray", "aws4_request"])
    assert headers["X-Amz-Security-Token"] == "session"
    assert headers["Content-Type"] == "application/x-protobuf"


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        ("https://xray.eu-west-1.amazonaws.com/v1/traces", {"Authorization": "Bearer mine"}),
        ("https://xray.eu-west-1.amazonaws.com.evil.example/v1/traces", {"Authorization": "Bearer mine"}),
        ("https://collector.example/v1/traces", {}),
    ],
)
def test_other_requests_keep_their_headers(
    aws_requests: list[Mapping[str, str]], url: str, headers: dict[str, str]
) -> None:
    """Nothing is signed for other receivers, nor where the setting has a header of its own."""
    assert _otlp.Http(url, headers).send(b"spans")
    assert aws_requests == [{"Content-Type": "application/x-protobuf", **headers}]


def test_a_refusal_is_logged_with_its_reason(
    aws_requests: list[Mapping[str, str]], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """X-Ray refuses OTLP without Transaction Search, and says so; nothing is tried again for a while."""
    reason = b"The OTLP API is supported with CloudWatch Logs as a Trace Segment Destination"
    monkeypatch.setattr(Aws, "answer", (400, reason))
    receiver = _otlp.Http("https://xray.eu-west-1.amazonaws.com/v1/traces", {})
    assert [receiver.send(b"spans"), receiver.send(b"spans")] == [False, False]
    assert len(aws_requests) == 1
    assert f"400 {reason.decode()}" in caplog.text
