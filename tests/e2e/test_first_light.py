"""The demo program on the embedded AWS: one request, one connected waterfall, in every tracing mode."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.e2e.conftest import WORK_SECONDS, Demo
from tests.e2e.stack import Answer, Stack, until
from tests.e2e.traces import FUNCTION, Node, Trace, settled, whole_trace

STAGE = "AWS::ApiGateway::Stage"
SERVICE = "AWS::Lambda"
MODES = ("otel-xray", "otel-otlp", "otel-slim", "native")


@dataclass
class Shown:
    """One request to `GET /hello` and the trace it left."""

    stack: Stack
    answer: Answer
    trace: Trace

    def function(self, name: str) -> Node:
        """Return the function segment of one of the program's functions."""
        return self.trace.only(self.stack.function(name), origin=FUNCTION)


@pytest.fixture(scope="module", params=MODES)
def shown(request: pytest.FixtureRequest, demo: Demo) -> Shown:
    """Send one request to the program in one mode."""
    stack = demo(request.param)
    answer = stack.request(stack.status["outputs"]["url"])
    trace = whole_trace(stack, answer.trace_id, settled, "the end of both invocations")
    return Shown(stack, answer, trace)


def test_the_client_gets_the_application_s_answer(shown: Shown) -> None:
    """`GET /hello` answers 200 with the JSON string of the application."""
    assert (shown.answer.status, shown.answer.body) == (200, '"Successfully invoked Lambda 2!"')


def test_the_request_is_one_connected_trace(shown: Shown) -> None:
    """The trace has exactly one root, the stage; that every parent is part of it was waited for."""
    assert [(root.name, root.origin) for root in shown.trace.roots] == [(shown.stack.service, STAGE)]


def test_the_waterfall_goes_from_the_stage_to_the_worker(shown: Shown) -> None:
    """From the root down: stage, its call, front's two segments, the span, the call, the worker's two."""
    trace, worker, front = shown.trace, shown.function("worker"), shown.function("front")
    path = [
        worker,
        trace.only(shown.stack.function("worker"), origin=SERVICE),
        trace.only("lambda", below=front),
        trace.only("CallSecondLambda", below=front),
        front,
        trace.only(shown.stack.function("front"), origin=SERVICE),
        next(node for node in trace.named("Lambda") if node.parent_id == trace.roots[0].id),
        trace.roots[0],
    ]
    above = [worker, *trace.ancestors(worker)]
    assert [node for node in above if node in path] == path, str(trace)
    direct = {path[1].id: path[2].id, path[2].id: path[3].id, path[4].id: path[5].id, path[5].id: path[6].id}
    assert {child: trace.by_id[child].parent_id for child in direct} == direct, str(trace)


@pytest.mark.parametrize("name", ["work", "dynamodb", "s3", "sqs"])
def test_each_step_of_the_worker_is_seen_once(shown: Shown, name: str) -> None:
    """The work and the three AWS calls each appear once, below the worker's function segment."""
    assert shown.trace.only(name, below=shown.function("worker"))


def test_the_slow_work_is_seen_in_everything_above_it(shown: Shown) -> None:
    """The time that the worker works is in the work and in every ancestor, up to the stage."""
    work = shown.trace.only("work", below=shown.function("worker"))
    ancestors = shown.trace.ancestors(work)
    assert ancestors[-1] == shown.trace.roots[0]
    assert min(node.duration for node in [work, *ancestors]) >= WORK_SECONDS


def test_the_status_of_the_reply_is_an_annotation(shown: Shown) -> None:
    """`CallSecondLambda` carries the reply's status code as text."""
    call = shown.trace.only("CallSecondLambda", below=shown.function("front"))
    assert call.document["annotations"]["SecondLambdaStatus"] == "200"


def test_nothing_in_a_healthy_request_is_marked(shown: Shown) -> None:
    """No node of a request that went well is an error, a throttle or a fault."""
    flags = ("error", "throttle", "fault")
    assert [node.name for node in shown.trace.nodes if any(map(node.document.get, flags))] == []


def test_the_consumer_s_trace_links_to_the_request(shown: Shown) -> None:
    """The consumer runs in a trace of its own that links to the request's, and reads the object back."""
    linked = until(lambda: _consumer(shown), "the consumer's trace")
    name = shown.stack.function("consumer")
    trace = whole_trace(
        shown.stack, linked, lambda found: found.ran(name) and found.has("s3"), "the end of its invocation"
    )
    assert len(trace.roots) == 1
    consumer = trace.only(name, origin=FUNCTION)
    assert trace.only("s3", below=consumer)


def _consumer(shown: Shown) -> str | None:
    """Return the trace that links to the request, or None while there is none."""
    client = shown.stack.client("xray")
    now = shown.trace.roots[0].document["start_time"]
    window = {"StartTime": now - 60, "EndTime": now + 600}
    for summary in client.get_trace_summaries(**window)["TraceSummaries"]:
        documents = shown.stack.documents(summary["Id"])
        links = [link for document in documents for link in document.get("links", [])]
        if any(link["trace_id"] == shown.answer.trace_id for link in links):
            return str(summary["Id"])
    return None


def test_the_service_map_holds_every_part(shown: Shown) -> None:
    """GetTraceGraph names the client, the stage, the functions, the table, the bucket and the queue.

    OTLP carries no bucket, so there the node is S3 itself.
    """
    client = shown.stack.client("xray")
    exported = shown.stack.status["outputs"]["export"]
    services = client.get_trace_graph(TraceIds=[shown.answer.trace_id])["Services"]
    assert {service["Type"] for service in services} == {
        "client",
        STAGE,
        SERVICE,
        FUNCTION,
        "AWS::DynamoDB::Table",
        "AWS::S3" if exported == "otlp" else "AWS::S3::Bucket",
        "AWS::SQS::Queue",
    }
