"""Trace headers, datagrams of the X-Ray daemon, OTLP bodies, segment documents, calls of X-Ray's API."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from embedded_aws.aws import trace_header
from embedded_aws.aws.model import model
from embedded_aws.xray.api import sampling as sampling_api
from embedded_aws.xray.api.traces import operations, service
from embedded_aws.xray.intake import otlp
from embedded_aws.xray.intake.otlp_http import JSON, PROTOBUF, otlp_app
from embedded_aws.xray.intake.packets import PacketError, parse
from embedded_aws.xray.sampling import Sampling
from embedded_aws.xray.service import XRay
from tests.embedded_aws.posting import post
from tests.embedded_aws.xray.builders import NOW, TRACE, inner, segment, subsegment, trace_id
from tests.embedded_aws.xray.operation_cases import SUCCESSES
from tests.fuzz.mutation import Source, encoded
from tests.fuzz.target import Request, Take, Target, ask, check_status, loop, stateless
from tracing import _span as tracing_span

HEADERS = (
    f"Root={TRACE};Parent=53995c3f42cd8ad8;Sampled=1",
    f"Root={TRACE};Parent=53995c3f42cd8ad8;Sampled=0;Lineage=a87bd80c:1|68fd508a:5|c512fbe3:2",
    f"Self=1-67891234-12456789abcdef012345678;Root={TRACE};Sampled=?;CalledFrom=app",
)
_HEADER_WORDS = (";", "=", "Root=", "Parent=", "Sampled=1", "Self=", "Lineage=", TRACE, "\xe9")
_CAUSE = {
    "working_directory": "/var/task",
    "exceptions": [
        {"id": "0" * 16, "message": "it broke", "type": "ValueError", "stack": [{"path": "a.py", "line": 3}]}
    ],
}
DOCUMENTS: tuple[dict[str, Any], ...] = (
    segment(
        "a",
        name="shop/dev",
        origin="AWS::ApiGateway::Stage",
        fault=True,
        http={"request": {"method": "GET", "url": "https://x.test/a?b=c", "client_ip": "192.0.2.1"},
              "response": {"status": 502, "content_length": 9}},
        aws={"api_gateway": {"account_id": "123456789012", "rest_api_id": "abc123", "stage": "dev"}},
        annotations={"age": 5, "plan": "gold", "new": True},
        metadata={"default": {"a": [1, {"b": None}]}},
        subsegments=[inner("b", name="Lambda", namespace="aws", aws={"function_name": "f"})],
    ),
    segment("c", "b", name="f", origin="AWS::Lambda", aws={"cold_start": True}, error=True, throttle=True),
    segment("d", "b", name="f", origin="AWS::Lambda::Function", cause=_CAUSE, fault=True, user="bob",
            service={"version": "1"}, subsegments=[
                inner("e", name="DynamoDB", namespace="aws", aws={"table_name": "t", "retries": 2}),
                inner("f", name="api.test", namespace="remote", sql={"sanitized_query": "select 1"}),
            ]),
    subsegment("g", "d", name="SQS", namespace="aws", aws={"queue_url": "https://sqs/1/q"}),
    segment("h", "d", takes=None, links=[{"trace_id": TRACE, "id": "0" * 16}]),
)  # fmt: skip
_ATTRIBUTES = {
    "http.request.method": {"stringValue": "GET"}, "url.full": {"stringValue": "https://x.test/a?token=b"},
    "http.response.status_code": {"intValue": "500"}, "rpc.system": {"stringValue": "aws-api"},
    "rpc.service": {"stringValue": "DynamoDB"}, "rpc.method": {"stringValue": "PutItem"},
    "aws.table.name": {"stringValue": "t"}, "db.system": {"stringValue": "postgresql"},
    "db.statement": {"stringValue": "select 1"}, "aws.xray.annotations": {"arrayValue": {"values": []}},
    "age": {"doubleValue": 1.5}, "cloud.resource_id": {"stringValue": "arn:aws:lambda:r:1:function:f"},
    "nested": {"kvlistValue": {"values": [{"key": "a", "value": {"boolValue": True}}]}},
}  # fmt: skip
_CARRIED = {
    "trace_id": "1-5759e988-bd862e3fe1be46a994272793", "id": "53995c3f42cd8ad8", "name": "f",
    "start_time": NOW, "end_time": NOW + 1, "metadata": {"a": {"b": [1]}},
}  # fmt: skip
_SPAN = {
    "traceId": "5759e988bd862e3fe1be46a994272793", "spanId": "53995c3f42cd8ad8", "parentSpanId": "",
    "name": "GET /a", "kind": 3, "startTimeUnixNano": str(int(NOW * 1e9)),
    "endTimeUnixNano": str(int(NOW * 1e9) + 10**9), "status": {"code": 2, "message": "it broke"},
    "attributes": [{"key": key, "value": value} for key, value in _ATTRIBUTES.items()],
    "links": [{"traceId": "5759e988bd862e3fe1be46a994272793", "spanId": "53995c3f42cd8ad8"}],
    "events": [{"name": "exception", "timeUnixNano": str(int(NOW * 1e9)), "attributes": [
        {"key": "exception.type", "value": {"stringValue": "ValueError"}},
        {"key": "exception.message", "value": {"stringValue": "no"}},
        {"key": "exception.stacktrace", "value": {"stringValue": 'T:\n  File "a.py", line 3, in f\n    x\n'}},
    ]}],
}  # fmt: skip
_CARRYING = {
    **_SPAN,
    "attributes": [{"key": "aws.xray.document", "value": {"stringValue": json.dumps(_CARRIED)}}],
}
OTLP_JSON = {
    "resourceSpans": [
        {
            "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]},
            "scopeSpans": [{"scope": {"name": "s"}, "spans": [_SPAN, {**_SPAN, "kind": 2}, _CARRYING]}],
        }
    ]
}


def _protobuf() -> bytes:
    message = ExportTraceServiceRequest()
    json_format.ParseDict(OTLP_JSON, message, ignore_unknown_fields=True)
    return bytes(message.SerializeToString())


_OTLP = _protobuf()
_WINDOW = {"StartTime": NOW - 600, "EndTime": NOW + 600}
_API = {
    case.operation: (str(model("xray").operation_model(case.operation).http["requestUri"]), case.request)
    for case in SUCCESSES
}


def header(source: Source) -> str:
    return source.text(source.pick(HEADERS), _HEADER_WORDS)


def datagram(source: Source) -> bytes:
    if source.sometimes(0.4):
        prefix = source.one(b"T1S", b"T1U", b"M1", b"T1", b"T", b"T1X")
        body = prefix + base64.b64encode(source.bytes(_OTLP))
    else:
        body = encoded(document(source))
    start = (
        b'{"format": "json", "version": 1}'
        if source.sometimes(0.9)
        else source.bytes(b'{"format":"json","version":1}')
    )
    packet = start + b"\n" + body
    return (source.bytes(packet) if source.sometimes(0.2) else packet)[:65_000]


def document(source: Source) -> str:
    """Return a segment document."""
    return document_of(trace_id(source.randint(0, 20)), source)


def documents(source: Source) -> tuple[str, list[str]]:
    """Return a trace's id and some documents, most of them of this trace."""
    id_ = trace_id(source.randint(0, 20))
    return id_, [document_of(id_, source) for _ in range(1 + source.upto(3))]


def document_of(id_: str, source: Source) -> str:
    sample = {**source.pick(DOCUMENTS), "trace_id": id_}
    if source.sometimes(0.3):
        sample["id"] = source.hex(16)
    return source.json(sample, 0.02)


def otlp_request(source: Source) -> Request:
    if source.sometimes(0.5):
        media, body = JSON, encoded(source.json(OTLP_JSON, 0.02))
    else:
        media, body = PROTOBUF, source.bytes(_OTLP)
    headers = [(b"Content-Type", media.encode() if source.sometimes(0.97) else encoded(source.text(media)))]
    if source.sometimes(0.1):
        packed = gzip.compress(body, 1, mtime=0)
        body = source.bytes(packed) if source.sometimes(0.5) else packed
        headers.append((b"Content-Encoding", source.one(b"gzip", b"gzip", b"identity", b"br")))
    return Request("POST", "/v1/traces", headers=tuple(headers), body=body)


def api_call(source: Source) -> tuple[str, bytes]:
    """Return path and body of a call of X-Ray's API."""
    path, request = _API[source.pick(list(_API))]
    return path, encoded(source.json(request, 0.08))


def _take_header(text: str) -> None:
    trace_header.TraceHeader.parse(text).format()
    tracing_span.parse(text).format()


def _take_datagram(data: bytes, xray: XRay) -> None:
    try:
        packet = parse(data)
        if packet.kind == "document":
            xray.put([packet.payload.decode("utf-8", errors="replace")])
        else:
            xray.put(list(map(json.dumps, otlp.translate_request(packet.payload).documents)))
    except (PacketError, otlp.RequestError):
        pass


@contextmanager
def _opened() -> Iterator[XRay]:
    xray = XRay(None, clock=lambda: NOW + 60)
    try:
        yield xray
    finally:
        xray.close()


@contextmanager
def _datagrams() -> Iterator[Take]:
    with _opened() as xray:
        yield partial(_take_datagram, xray=xray)


@contextmanager
def _receiver() -> Iterator[Take]:
    with _opened() as xray, loop() as run:
        app = otlp_app(xray.put)
        yield lambda request: check_status(run(ask(app, request)))


@contextmanager
def _segments() -> Iterator[Take]:
    """Store documents and read them back by every query."""
    with _opened() as xray:
        table = operations(xray)
        count = 0

        def call(path: str, **request: Any) -> None:
            post(service(table), path, json.dumps(request).encode())

        def take(given: tuple[str, list[str]]) -> None:
            nonlocal count
            count += 1
            id_, texts = given
            call("/TraceSegments", TraceSegmentDocuments=texts)
            call("/Traces", TraceIds=[id_])
            if count % 4 == 0:
                call("/TraceGraph", TraceIds=[id_])
            if count % 20 == 0:
                call("/TraceSummaries", **_WINDOW, FilterExpression='service("f") OR fault')
                call("/ServiceGraph", **_WINDOW)
                call("/TimeSeriesServiceStatistics", **_WINDOW, Period=300)

        yield take


@contextmanager
def _api() -> Iterator[Take]:
    with _opened() as xray:
        rules = sampling_api.operations(Sampling(), "us-east-1", xray.tags)
        table = operations(xray, rules)

        def take(call: tuple[str, bytes]) -> None:
            post(service(table), *call)

        yield take


TARGETS = (
    Target("headers", 200, header, stateless(_take_header)),
    Target("datagrams", 150, datagram, _datagrams, 500),
    Target("otlp", 80, otlp_request, _receiver, 500),
    Target("segments", 50, documents, _segments, 100),
    Target("xray", 100, api_call, _api, 300),
)
