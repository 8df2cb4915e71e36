"""Unsampled invocations: healthy ones leave nothing, failing ones a trace of their own."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.tracing.harness import HEADER, PARENT, TRACE_ID, Aws, Collector, Worker, by_name, environment
from tracing._keep import service_segment_id

UNSAMPLED = HEADER.replace("Sampled=1", "Sampled=0")
CONTEXT = {
    "aws_request_id": "request-9",
    "function_name": "front",
    "invoked_function_arn": "arn:aws:lambda:eu-west-1:123456789012:function:front",
}
SERVER, INTERNAL = Span.SpanKind.SPAN_KIND_SERVER, Span.SpanKind.SPAN_KIND_INTERNAL
FUNCTION, SERVICE = "AWS::Lambda::Function", "AWS::Lambda"


@pytest.fixture(scope="module")
def traced(aws: Aws) -> Iterator[tuple[Worker, Collector]]:
    """A worker that keeps faults, throttling, 404 and what takes longer than 0.2 s."""
    found = Collector()
    keep = {"TRACING_KEEP": "fault,throttle,404", "TRACING_KEEP_SLOWER_THAN": "0.2"}
    worker = Worker("otel", environment("otel", found, aws, **keep, TRACING_KEEP_PER_SECOND="1000"))
    worker.invoke("plain", header=UNSAMPLED)
    yield worker, found
    worker.close()
    found.close()


def invoke(worker: Worker, handler: str, event: Any = None) -> Any:
    return worker.invoke(handler, event, UNSAMPLED, **CONTEXT)


def of_origin(documents: list[dict[str, Any]], origin: str) -> dict[str, Any]:
    (found,) = [document for document in documents if document.get("origin") == origin]
    return found


@pytest.mark.parametrize("event", [{"statusCode": 200}, {"statusCode": 400}, None])
def test_a_healthy_invocation_leaves_nothing(worker: Worker, daemon: Collector, event: Any) -> None:
    """Also one that answers with a client error that is not listed."""
    invoke(worker, "plain", event)
    assert daemon.documents() == []


@pytest.mark.parametrize(
    ("status", "reason"), [(500, "fault"), (429, "throttle"), (404, "404")], ids=["fault", "throttle", "404"]
)
def test_the_reason_is_an_annotation(worker: Worker, daemon: Collector, status: int, reason: str) -> None:
    """The function's segment says why it was kept."""
    invoke(worker, "plain", {"statusCode": status})
    segment = of_origin(daemon.documents(), FUNCTION)
    assert segment["annotations"] == {"kept": reason}
    assert segment["http"] == {"response": {"status": status}}


def test_a_fault_is_a_valid_trace(worker: Worker, daemon: Collector) -> None:
    """Same trace id, and segments in place of AWS's own, down to the exception, written once."""
    assert invoke(worker, "raising", {"requestContext": {}}) == {"raised": "ValueError: no such order"}
    documents = daemon.documents()
    assert {document["trace_id"] for document in documents} == {TRACE_ID}
    segment, found = of_origin(documents, FUNCTION), by_name(documents)
    assert (segment["name"], segment["fault"], segment.get("parent_id")) == ("front", True, None)
    assert segment["resource_arn"] == CONTEXT["invoked_function_arn"]
    assert segment["aws"] == {"request_id": "request-9"}
    assert found["scenarios.raising"]["parent_id"] == segment["id"]
    assert found["inner"]["parent_id"] == found["outer"]["id"]
    assert found["inner"]["cause"]["exceptions"][0]["id"] == segment["cause"]


def test_a_direct_invocation_hangs_below_lambdas_segment(worker: Worker, daemon: Collector) -> None:
    """Open, as only its caller knows its end; the caller's copy replaces it."""
    invoke(worker, "raising")
    documents = daemon.documents()
    service = of_origin(documents, SERVICE)
    assert of_origin(documents, FUNCTION)["parent_id"] == service["id"]
    assert (service["in_progress"], service.get("parent_id")) == (True, None)


def test_caller_and_called_agree_on_lambdas_segment(worker: Worker, daemon: Collector, aws: Aws) -> None:
    """The id follows from the request id of the call, which both know."""
    aws.answers["POST /2015-03-31/functions/worker/invocations"] = (
        200,
        {"x-amzn-RequestId": "request-9", "X-Amz-Function-Error": "Unhandled"},
        b"{}",
    )
    invoke(worker, "invoke", "{}")
    call = by_name(daemon.documents())
    invoke(worker, "raising")
    assert call["worker"]["id"] == of_origin(daemon.documents(), SERVICE)["id"]
    assert call["worker"]["parent_id"] == call["lambda"]["id"]
    assert (call["worker"]["origin"], call["worker"]["fault"]) == (SERVICE, True)


def test_the_downstream_decision_stays(worker: Worker, daemon: Collector, aws: Aws) -> None:
    """The header names the span that called, and still says unsampled."""
    aws.answers["PutItem"] = (500, {}, b"{}")
    invoke(worker, "put_item")
    call = by_name(daemon.documents())["dynamodb"]
    sent = {header for request in aws.requests for header in request.trace_headers}
    assert sent == {UNSAMPLED.replace(PARENT, call["id"])}


def test_a_caught_fault_is_kept_too(worker: Worker, daemon: Collector, aws: Aws) -> None:
    """An AWS call that failed with 5xx counts, although the handler answered."""
    aws.answers["PutItem"] = (500, {}, b"{}")
    invoke(worker, "put_item")
    segment = of_origin(daemon.documents(), FUNCTION)
    assert (segment["annotations"], segment.get("fault")) == ({"kept": "fault"}, None)


def test_a_failed_message_of_a_batch_is_linked(worker: Worker, daemon: Collector) -> None:
    """The segment links to the senders of the messages that the function gives back, and no others."""
    headers = [HEADER.replace("5759e988", f"5759e98{number}") for number in (1, 2)]
    records = [
        {"messageId": f"m{number}", "attributes": {"AWSTraceHeader": header}}
        for number, header in enumerate(headers)
    ]
    invoke(worker, "plain", {"Records": records, "batchItemFailures": [{"itemIdentifier": "m1"}]})
    segment = of_origin(daemon.documents(), FUNCTION)
    assert segment["links"] == [{"trace_id": TRACE_ID.replace("5759e988", "5759e982"), "id": PARENT}]
    assert segment["annotations"] == {"kept": "fault"}


def test_a_slow_invocation_is_kept(worker: Worker, daemon: Collector) -> None:
    """Slower than the setting says."""
    invoke(worker, "slow", 0.25)
    assert of_origin(daemon.documents(), FUNCTION)["annotations"] == {"kept": "slow"}


def test_a_timeout_is_sent_before_it_comes(aws: Aws) -> None:
    """What is open shortly before the deadline is sent, marked, with a segment that is open too."""
    found = Collector()
    hanging = Worker("otel", environment("otel", found, aws, TRACING_KEEP="fault"))
    assert hanging.invoke("hanging", 1.0, UNSAMPLED, **CONTEXT, remaining=400) is None
    documents = found.documents()
    segments = [document for document in documents if document.get("origin") == FUNCTION]
    assert segments[0]["in_progress"] is True
    assert segments[0]["annotations"] == segments[-1]["annotations"] == {"kept": "timeout"}
    assert any(document.get("in_progress") and document.get("fault") for document in documents)
    hanging.close()
    found.close()


def test_a_long_invocation_keeps_its_newest_spans(worker: Worker, daemon: Collector) -> None:
    """Memory is bounded; what was dropped is counted on the segment, and no span is left without parent."""
    invoke(worker, "many_then_raise", 3000)
    documents = daemon.documents()
    segment = of_origin(documents, FUNCTION)
    spans = [document for document in documents if document.get("type") == "subsegment"]
    assert len(spans) == 1000
    assert segment["metadata"]["tracing"] == {"spans_dropped": 2001}
    ids = {document["id"] for document in documents}
    assert {document["parent_id"] for document in spans} <= ids


def test_large_values_count(worker: Worker, daemon: Collector) -> None:
    """Spans with large values are dropped sooner."""
    invoke(worker, "large_then_raise", 100)
    segment = of_origin(daemon.documents(), FUNCTION)
    assert segment["metadata"]["tracing"]["spans_dropped"] > 50


def test_what_is_over_the_limit_is_counted(collector: Collector, aws: Aws) -> None:
    """A kept invocation says how many went before it: none is lost without a word."""
    limit = {"TRACING_KEEP": "fault", "TRACING_KEEP_PER_SECOND": "1"}
    limited = Worker("otel", environment("otel", collector, aws, **limit))
    for _ in range(10):
        limited.invoke("raising", header=UNSAMPLED, **CONTEXT)
    limited.invoke("slow", 1.1, UNSAMPLED, **CONTEXT)
    limited.invoke("raising", header=UNSAMPLED, **CONTEXT)
    limited.close()
    segments = [document for document in collector.documents() if document.get("origin") == FUNCTION]
    noted = [segment.get("metadata", {}).get("tracing", {}) for segment in segments]
    over = sum(note.get("invocations_over_limit", 0) for note in noted)
    assert over > 0
    assert len(segments) + over == 11


def test_caller_and_called_derive_one_id_for_the_service_segment() -> None:
    """The embedded Lambda derives it too: there is a test of this very id in its own folder."""
    assert service_segment_id("a-request") == 0x6B04FCEF3450D8AD


def test_work_at_import_is_kept_with_the_first_invocation(collector: Collector, aws: Aws) -> None:
    """When that one fails."""
    first = Worker("otel", environment("otel", collector, aws, TRACING_KEEP="fault"))
    first.invoke("raising", header=UNSAMPLED, **CONTEXT)
    documents = collector.documents()
    found = by_name(documents)
    assert found["read config"]["parent_id"] == found["init"]["id"]
    assert found["init"]["parent_id"] == of_origin(documents, FUNCTION)["id"]
    first.close()


def test_sampled_invocations_are_as_ever(worker: Worker, daemon: Collector) -> None:
    """With a decision to sample, AWS sends the segments, and the library none."""
    worker.invoke("raising", header=HEADER, **CONTEXT)
    assert not [document for document in daemon.documents() if "origin" in document]


def test_native_refuses_and_says_why(run: Any) -> None:
    """The setting is named in the log, and the handler works."""
    log = run("native", "import tracing; print(1)", TRACING_KEEP="fault").log
    assert "TRACING_KEEP needs TRACING_MODE=otel: the native X-Ray SDK records no unsampled request" in log


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"TRACING_KEEP": "fault,500"}, "TRACING_KEEP='500' is unknown; allowed: fault, error, throttle"),
        (
            {"TRACING_KEEP": "fault", "TRACING_KEEP_SLOWER_THAN": "soon"},
            "TRACING_KEEP_SLOWER_THAN='soon' is no number above 0; none is used",
        ),
        (
            {"TRACING_KEEP": "fault", "TRACING_KEEP_PER_SECOND": "0"},
            "TRACING_KEEP_PER_SECOND='0' is no number above 0; 10 is used",
        ),
    ],
    ids=["kind", "slower", "limit"],
)
def test_a_bad_variable_is_named(run: Any, variables: dict[str, str], said: str) -> None:
    """Its default is taken instead."""
    assert said in run("otel", "import tracing; print(1)", **variables).log


def spans(collector: Collector) -> dict[str, Any]:
    """All OTLP spans that have come as sampled ones, by name."""
    found: dict[str, Any] = {}
    for body in collector.take():
        assert body.startswith(b"T1S")
        request = ExportTraceServiceRequest.FromString(base64.b64decode(body[3:]))
        for resource in request.resource_spans:
            found |= {span.name: span for scope in resource.scope_spans for span in scope.spans}
    return found


def test_otlp_keeps_as_well(collector: Collector, aws: Aws) -> None:
    """Below a span of the function; a called function hangs below a span of the call."""
    worker = Worker("otel", environment("otel", collector, aws, TRACING_KEEP="fault", TRACING_EXPORT="otlp"))
    worker.invoke("plain", {"statusCode": 200}, UNSAMPLED, **CONTEXT)
    assert collector.take() == []
    worker.invoke("plain", {"statusCode": 500}, UNSAMPLED, **CONTEXT)
    called = spans(collector)
    assert called["scenarios.plain"].parent_span_id == called["front"].span_id
    aws.answers["POST /2015-03-31/functions/worker/invocations"] = (
        200,
        {"x-amzn-RequestId": "request-9", "X-Amz-Function-Error": "Unhandled"},
        b"{}",
    )
    worker.invoke("invoke", "{}", UNSAMPLED, aws_request_id="request-1")
    caller = spans(collector)
    assert called["front"].parent_span_id == caller["worker"].span_id
    assert (called["front"].kind, caller["worker"].kind) == (SERVER, INTERNAL)
    worker.close()


def test_the_trace_is_json_that_x_ray_takes(worker: Worker, daemon: Collector) -> None:
    """A segment is never embedded in another document."""
    invoke(worker, "raising")
    bodies = [json.loads(body) for body in daemon.take()]
    tops = [one for body in bodies for one in (body if isinstance(body, list) else [body])]
    assert {top["origin"] for top in tops if "origin" in top} == {FUNCTION, SERVICE}
