"""Spans that are open when their invocation ends."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.tracing.harness import HEADER, TRACE_ID, Worker, by_name, environment

BOTH = pytest.mark.parametrize("mode", ["otel", "native"])
LATER = HEADER.replace(TRACE_ID, TRACE_ID[:-1] + "9")


def test_what_is_open_at_the_end_is_in_progress(worker: Any, daemon: Any) -> None:
    """It is sent before the response, with what it has so far, and is no fault."""
    worker.invoke("leaving_open")
    found = by_name(daemon.documents())
    left, below = found["left open"], found["below"]
    assert left["in_progress"] is below["in_progress"] is True
    assert not {"end_time", "fault", "cause"} & (left.keys() | below.keys())
    assert left["metadata"] == {"default": {"customer": "ada"}}
    assert left["parent_id"] == found["scenarios.leaving_open"]["id"]
    assert below["parent_id"] == found["ended"]["parent_id"] == left["id"]
    assert found["scenarios.leaving_open"]["end_time"]
    worker.invoke("ending_late")


def test_it_is_told_once(worker: Any, daemon: Any) -> None:
    """Later invocations know nothing of it."""
    worker.invoke("leaving_open")
    daemon.take()
    worker.invoke("plain", 1, LATER)
    assert [document["name"] for document in daemon.documents()] == ["scenarios.plain"]
    worker.invoke("ending_late")


def test_what_ends_later_is_sent_whole(worker: Any, daemon: Any) -> None:
    """A span that a later invocation ends keeps its id, its parent and its trace."""
    worker.invoke("leaving_open")
    before = by_name(daemon.documents())
    worker.invoke("ending_late", None, LATER)
    after = by_name(daemon.documents())
    for name in ("left open", "below"):
        assert "in_progress" not in after[name]
        assert after[name]["end_time"] > before[name]["start_time"]
        for field in ("id", "parent_id", "trace_id", "start_time"):
            assert after[name][field] == before[name][field]


def test_a_thread_that_outlives_the_invocation(worker: Any, daemon: Any) -> None:
    """Its span is in progress at the end, whole once it ends, and what it does in between is below it."""
    worker.invoke("leaving_a_thread")
    before = by_name(daemon.documents())["in the thread"]
    assert before["in_progress"] is True
    worker.invoke("plain", 1, LATER)
    daemon.take()
    worker.invoke("joining_it")
    worker.invoke("plain", 1, LATER)
    after = by_name(daemon.documents())
    assert after["in the thread"]["end_time"]
    assert after["in the thread"]["id"] == after["afterwards"]["parent_id"] == before["id"]
    assert after["afterwards"]["trace_id"] == TRACE_ID


def test_otlp_has_no_open_spans(collector: Any, aws: Any) -> None:
    """There it ends with the invocation, marked, and is no error."""
    worker = Worker("otel", environment("otel", collector, aws, TRACING_EXPORT="otlp"))
    worker.invoke("leaving_open")
    worker.close()
    spans: dict[str, Any] = {}
    for body in collector.take():
        request = ExportTraceServiceRequest.FromString(base64.b64decode(body.removeprefix(b"T1S")))
        spans |= {span.name: span for scope in request.resource_spans[0].scope_spans for span in scope.spans}
    left = spans["left open"]
    assert left.end_time_unix_nano > left.start_time_unix_nano
    assert {pair.key: pair.value.bool_value for pair in left.attributes}["aws.xray.inprogress"] is True
    assert left.status.code == 0


def test_an_unsampled_invocation_that_is_kept_tells_what_is_open(collector: Any, aws: Any) -> None:
    """One that is not kept tells nothing, and neither is remembered."""
    worker = Worker("otel", environment("otel", collector, aws, TRACING_KEEP="404"))
    unsampled = HEADER.replace("Sampled=1", "Sampled=0")
    worker.invoke("plain", 1, unsampled)
    for status, names in ((200, set()), (404, {"left open in front"})):
        worker.invoke("leaving_open_and_returning", status, unsampled)
        found = by_name(collector.documents())
        assert {name for name in found if found[name].get("in_progress") and name != "front"} == names
    worker.close()


AT_IMPORT = f"""
import json, os, tracing
from opentelemetry import trace
tracer = trace.get_tracer("m")
span = tracer.start_span("since import")
@tracing.capture_lambda_handler
def handler(event, context):
    return event
os.environ["_X_AMZN_TRACE_ID"] = {HEADER!r}
handler(1, None)
handler(2, None)
if span.is_recording():
    span.end()
print("null")
"""


@BOTH
def test_what_is_open_since_import_is_in_progress_below_the_first_invocation(
    run: Any, collector: Any, mode: str
) -> None:
    """It is told with the first invocation, and once more when it does end."""
    run(mode, AT_IMPORT)
    documents = collector.documents()
    assert (
        sorted(found["name"] for found in documents)
        == ["__main__.handler"] * 2 + ["init"] + ["since import"] * 2
    )
    (init,) = [found for found in documents if found["name"] == "init"]
    open_one, whole = [found for found in documents if found["name"] == "since import"]
    assert open_one["in_progress"] is True
    assert whole["end_time"]
    assert open_one["id"] == whole["id"]
    assert open_one["parent_id"] == whole["parent_id"] == init["id"]


MANY = """
import gc, json, os, sys, tracing
from concurrent.futures import ThreadPoolExecutor
from opentelemetry import trace
tracer = trace.get_tracer("m")
pool = ThreadPoolExecutor(2)
native = os.environ["TRACING_MODE"] == "native"
if native:
    from aws_xray_sdk.core import xray_recorder

def leave(number):
    trace.set_span_in_context(tracer.start_span(f"span {number}"))
    tracer.start_as_current_span("current").__enter__()
    if native:
        xray_recorder.begin_subsegment("subsegment")

def fail():
    with tracer.start_as_current_span("failing"):
        raise ValueError("x" * 1000)

@tracing.capture_lambda_handler
def handler(event, context):
    with tracer.start_as_current_span("outer"):
        leave(event)
    pool.submit(tracing.carry_context(leave), event).result()
    pool.submit(leave, event).result()
    if event % 2:
        fail()

def live():
    gc.collect()
    kinds = ("RecordingSpan", "_Span", "NativeSpan", "Subsegment", "SpanContext", "Recorded", "Context")
    return sum(type(found).__name__ in kinds for found in gc.get_objects())

def invoke(count):
    for number in range(count):
        os.environ["_X_AMZN_TRACE_ID"] = f"Root=1-5759e988-{number:024x};Parent=53995c3f42cd8ad8;Sampled=1"
        try:
            handler(number, None)
        except ValueError:
            pass

invoke(20)
before = live()
invoke(400)
print(json.dumps(live() - before))
"""


@pytest.mark.parametrize(
    ("mode", "more"),
    [
        ("otel", {}),
        ("native", {}),
        ("otel", {"TRACING_EXPORT": "otlp"}),
        ("otel", {"TRACING_KEEP": "fault"}),
    ],
    ids=["otel", "native", "otlp", "keep"],
)
@pytest.mark.parametrize("sampled", ["1", "0"])
def test_nothing_of_it_stays_in_memory(run: Any, mode: str, more: dict[str, str], sampled: str) -> None:
    """After 400 invocations that leave spans open in the handler and in threads, no more objects live."""
    script = MANY.replace("Sampled=1", f"Sampled={sampled}")
    assert run(mode, script, **more).result <= 20
