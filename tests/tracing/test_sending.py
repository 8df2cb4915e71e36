"""Sizes, numbers and times of what is sent, in both modes."""

from __future__ import annotations

import base64
import json
import threading
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from embedded_aws.xray.intake import otlp
from tests.tracing.harness import HEADER, PARENT, TRACE_ID, Collector, Worker, by_name, environment, flatten

BOTH = pytest.mark.parametrize("mode", ["otel", "native"])
EVERY = pytest.mark.parametrize(("mode", "export"), [("otel", "xray"), ("otel", "otlp"), ("native", "xray")])


def span_names(bodies: list[bytes]) -> list[str]:
    """Names in either format; OTLP is read with the official protobuf classes."""
    names = []
    for body in bodies:
        if body.startswith(b"T1S"):
            request = ExportTraceServiceRequest.FromString(base64.b64decode(body[3:]))
            for resource in request.resource_spans:
                names += [span.name for scope in resource.scope_spans for span in scope.spans]
        else:
            names += [document["name"] for document in flatten(json.loads(body))]
    return names


@EVERY
def test_ten_thousand_spans(collector: Any, mode: str, export: str) -> None:
    """Ten thousand spans in one invocation all arrive; test_sender.py has what a receive buffer holds."""
    worker = Worker(mode, environment(mode, collector, TRACING_EXPORT=export))
    assert worker.invoke("many", 10_000) == 10_000
    worker.close()
    names = span_names(collector.take())
    assert sorted(names) == sorted(
        [*(f"span {number}" for number in range(10_000)), "scenarios.many", "init", "read config"]
    )


@EVERY
def test_large_attribute(collector: Any, mode: str, export: str) -> None:
    """A value of 1 MB is cut with a mark; the span and its other values arrive."""
    worker = Worker(mode, environment(mode, collector, TRACING_EXPORT=export))
    assert worker.invoke("large", 1024 * 1024) == "answered"
    worker.close()
    bodies = collector.take()
    assert all(len(body) <= 64 * 1024 for body in bodies)
    assert "large" in span_names(bodies)
    if export == "xray":
        documents = [found for body in bodies for found in flatten(json.loads(body))]
        (large,) = [found for found in documents if found["name"] == "large"]
        values = large["metadata"]["default"]
        assert values["small"] == "kept"
        assert values["payload"].endswith("x... [truncated, 1048576 characters]")
        assert len(values["payload"]) > 30_000


@EVERY
def test_secrets_of_urls_stay_in_the_function(collector: Any, mode: str, export: str) -> None:
    """Queries, fragments and credentials leave in no format, whoever made the span; hosts and paths do."""
    worker = Worker(mode, environment(mode, collector, TRACING_EXPORT=export))
    worker.invoke("recorded_by_others")
    if mode == "native":
        worker.invoke("recorded_with_the_xray_sdk")
    worker.close()
    bodies = collector.take()
    sent = b"".join(base64.b64decode(body[3:]) if body.startswith(b"T1S") else body for body in bodies)
    assert b"https://shop.example/orders" in sent
    assert sent.count(b"redirected") == 5
    assert b"secret" not in sent
    assert b"token" not in sent


@BOTH
def test_dead_daemon(aws: Any, mode: str) -> None:
    """Nobody listens: the handler answers all the same."""
    gone = Collector()
    worker = Worker(mode, environment(mode, gone, aws))
    gone.close()
    assert worker.invoke("many", 100) == 100
    assert worker.invoke("plain", 1) == 1
    worker.close()


@BOTH
def test_spans_arrive_before_the_response(collector: Any, aws: Any, mode: str) -> None:
    """Everything is on its way when the handler's caller goes on."""
    worker = Worker(mode, environment(mode, collector, aws))
    worker.invoke("nested")
    assert "scenarios.nested" in by_name(collector.documents())
    worker.close()


@BOTH
def test_work_at_import(collector: Any, aws: Any, mode: str) -> None:
    """Spans that ended at import are shown under the first invocation, at their own times, once."""
    worker = Worker(mode, environment(mode, collector, aws))
    worker.invoke("plain", 1)
    found = by_name(collector.documents())
    assert found["read config"]["parent_id"] == found["init"]["id"]
    assert found["init"]["parent_id"] == PARENT
    assert found["init"]["trace_id"] == found["read config"]["trace_id"] == TRACE_ID
    assert found["init"]["start_time"] <= found["read config"]["start_time"]
    assert found["init"]["end_time"] <= found["scenarios.plain"]["start_time"]
    worker.invoke("plain", 1)
    assert [document["name"] for document in collector.documents()] == ["scenarios.plain"]
    worker.close()


@BOTH
def test_work_at_import_of_an_unsampled_invocation(collector: Any, aws: Any, mode: str) -> None:
    """When the first invocation is not sampled, the work before it is not either."""
    worker = Worker(mode, environment(mode, collector, aws))
    worker.invoke("plain", 1, HEADER.replace("Sampled=1", "Sampled=0"))
    worker.invoke("plain", 1)
    assert [document["name"] for document in collector.documents()] == ["scenarios.plain"]
    worker.close()


@BOTH
def test_about_to_time_out(collector: Any, aws: Any, mode: str) -> None:
    """Shortly before the deadline the open spans are sent, marked; when they do end, they are sent whole."""
    worker = Worker(mode, environment(mode, collector, aws))
    call = threading.Thread(target=worker.invoke, args=("hanging", 1.0), kwargs={"remaining": 300})
    call.start()
    collector.wait(4)  # init with what it read, done, and the two open ones
    found = by_name(collector.documents())
    assert found["done"]["end_time"]
    slow, outer = found["slow step"], found["scenarios.hanging"]
    assert slow["in_progress"] is outer["in_progress"] is True
    assert "end_time" not in slow
    assert slow["fault"] is outer["fault"] is True
    (exception,) = slow["cause"]["exceptions"]
    assert exception["message"].startswith("about to time out")
    assert outer["cause"] == exception["id"]
    call.join(timeout=20)
    later = by_name(collector.documents())
    assert set(later) == {"slow step", "scenarios.hanging"}
    assert later["slow step"]["id"] == slow["id"]
    assert not {"in_progress", "fault", "cause"} & set(later["slow step"])
    worker.close()


def test_about_to_time_out_in_otlp(collector: Any, aws: Any) -> None:
    """The exporter's rules make of it what segment documents say: open, a fault, and why on the innermost."""
    worker = Worker("otel", environment("otel", collector, aws, TRACING_EXPORT="otlp"))
    call = threading.Thread(target=worker.invoke, args=("hanging", 1.0), kwargs={"remaining": 300})
    call.start()
    found: dict[str, Any] = {}
    while not found.keys() >= {"slow step", "scenarios.hanging"}:
        collector.wait(1)
        for document in translated(collector.take()):
            found.setdefault(document["name"], document)
    slow, outer = found["slow step"], found["scenarios.hanging"]
    assert slow["in_progress"] is outer["in_progress"] is True
    assert not {"end_time", "metadata"} & (slow.keys() | outer.keys())
    assert slow["fault"] is outer["fault"] is True
    (exception,) = slow["cause"]["exceptions"]
    assert (exception["type"], exception["message"][:17]) == ("Timeout", "about to time out")
    assert "cause" not in outer
    call.join(timeout=20)
    worker.close()


def translated(datagrams: list[bytes]) -> list[dict[str, Any]]:
    """The segment documents of `T1S` packets."""
    spans = [base64.b64decode(body[3:]) for body in datagrams if body.startswith(b"T1S")]
    return [document for span in spans for document in otlp.translate_request(span).documents]


def test_otlp_over_http(aws: Any, collector: Any) -> None:
    """`OTEL_EXPORTER_OTLP_ENDPOINT` sends an invocation's spans there in one request."""
    aws.requests.clear()
    worker = Worker(
        "otel",
        environment("otel", collector, aws, TRACING_EXPORT="otlp", OTEL_EXPORTER_OTLP_ENDPOINT=aws.url),
    )
    worker.invoke("nested")
    worker.close()
    (request,) = [found for found in aws.requests if found.operation == "POST /v1/traces"]
    (resource,) = ExportTraceServiceRequest.FromString(request.body).resource_spans
    names = {span.name for scope in resource.scope_spans for span in scope.spans}
    assert names == {"read config", "init", "outer", "middle?", "inner", "scenarios.nested"}
    assert collector.take() == []


def test_otlp_spans(collector: Any, aws: Any) -> None:
    """OTLP packets say the same as the official classes would: ids, kinds, attributes, status, events."""
    aws.answers.clear()
    worker = Worker("otel", environment("otel", collector, aws, TRACING_EXPORT="otlp"))
    worker.invoke("put_item")
    worker.invoke("raising")
    worker.close()
    spans: dict[str, Any] = {}
    for body in collector.take():
        request = ExportTraceServiceRequest.FromString(base64.b64decode(body.removeprefix(b"T1S")))
        (resource,) = request.resource_spans
        assert {"service.name", "faas.name"} <= {pair.key for pair in resource.resource.attributes}
        spans |= {span.name: span for scope in resource.scope_spans for span in scope.spans}
    call = spans["DynamoDB.PutItem"]
    assert call.trace_id.hex() == TRACE_ID.replace("-", "")[1:]
    assert call.parent_span_id == spans["save"].span_id
    assert call.kind == call.SPAN_KIND_CLIENT
    values = {pair.key: pair.value for pair in call.attributes}
    assert values["aws.table_name"].string_value == "orders"
    assert values["http.response.status_code"].int_value == 200
    assert spans["scenarios.put_item"].parent_span_id.hex() == PARENT
    assert spans["scenarios.raising"].kind == call.SPAN_KIND_INTERNAL
    assert spans["inner"].status.code == 2
    assert spans["inner"].events[0].name == "exception"
