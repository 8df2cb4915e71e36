from __future__ import annotations

from collections.abc import Callable

import pytest

from embedded_aws.aws.interfaces import InvokeResult, SamplingDecision, SamplingRequest
from embedded_aws.gateway.model import Throttle
from tests.embedded_aws.gateway.fakes import ARN, Front, ok, stage

FrontFactory = Callable[..., Front]

ROOT = f"1-6553f100-{'a' * 24}"
THEIRS = f"1-5759e988-{'b' * 24}"
CALLER = "53995c3f42cd8ad8"


def test_stage_segment(front: FrontFactory) -> None:
    """The stage's segment has the form that API Gateway sends to X-Ray."""
    gateway = front(answer=ok("12345", statusCode=201))
    gateway.request("GET", "/hello?a=1", headers={"User-Agent": "probe"})
    assert {key: value for key, value in gateway.segment().items() if key != "subsegments"} == {
        "id": "0000000000000001",
        "trace_id": ROOT,
        "name": "shop/dev",
        "origin": "AWS::ApiGateway::Stage",
        "resource_arn": "arn:aws:apigateway:us-east-1::/restapis/abc123/stages/dev",
        "start_time": 1_700_000_000.25,
        "end_time": 1_700_000_000.25,
        "http": {
            "request": {
                "url": "https://abc123.execute-api.us-east-1.amazonaws.com/dev/hello",
                "method": "GET",
                "user_agent": "probe",
                "client_ip": "192.0.2.7",
                "x_forwarded_for": True,
            },
            "response": {"status": 201, "content_length": 0},
        },
        "aws": {
            "api_gateway": {
                "account_id": "123456789012",
                "rest_api_id": "abc123",
                "stage": "dev",
                "request_id": "00000000-0000-4000-a000-000000000002",
            },
            "xray": {"sampling_rule_name": "Default"},
        },
        "annotations": {"aws:api_id": "abc123", "aws:api_stage": "dev"},
        "metadata": {
            "default": {
                "extended_request_id": "AAAAAAAAQACgAAA=",
                "request_id": "00000000-0000-4000-a000-000000000002",
            }
        },
    }


def test_lambda_subsegment(front: FrontFactory) -> None:
    """Its one subsegment is the call of the function, with the status that the function asked for."""
    gateway = front(answer=ok("12345", statusCode=201))
    gateway.request("GET", "/hello")
    assert gateway.subsegment() == {
        "id": "0000000000000002",
        "name": "Lambda",
        "namespace": "aws",
        "start_time": 1_700_000_000.25,
        "end_time": 1_700_000_000.25,
        "http": {
            "request": {
                "url": f"https://lambda.us-east-1.amazonaws.com/2015-03-31/functions/{ARN}/invocations",
                "method": "GET",
            },
            "response": {"status": 201, "content_length": 5},
        },
        "aws": {"function_name": "front", "region": "us-east-1", "operation": "Invoke"},
    }


@pytest.mark.parametrize(
    ("answer", "status", "called", "segment_flags", "subsegment_flags"),
    [
        (ok(), 200, 200, set(), set()),
        (ok(statusCode=404), 404, 404, {"error"}, {"error"}),
        (ok(statusCode=429), 429, 429, {"error", "throttle"}, {"error", "throttle"}),
        (ok(statusCode=500), 500, 500, {"fault"}, {"fault"}),
        (InvokeResult(200, b'"x"'), 502, 502, {"fault"}, {"fault"}),
        (InvokeResult(200, b"{}", function_error="Unhandled"), 502, 502, {"fault"}, {"fault"}),
        (
            InvokeResult(429, error_type="TooManyRequestsException"),
            500,
            429,
            {"fault"},
            {"error", "throttle"},
        ),
        (InvokeResult(500, error_type="ServiceException"), 500, 500, {"fault"}, {"fault"}),
    ],
)
def test_flags(  # noqa: PLR0917 - one row of the table each
    front: FrontFactory,
    answer: InvokeResult,
    status: int,
    called: int,
    segment_flags: set[str],
    subsegment_flags: set[str],
) -> None:
    """Segment and subsegment are flagged by what the client gets and by what the function call got."""
    gateway = front(answer=answer)
    gateway.request("GET", "/hello")
    flags = {"error", "throttle", "fault"}
    assert gateway.segment()["http"]["response"]["status"] == status
    assert gateway.subsegment()["http"]["response"]["status"] == called
    assert flags & gateway.segment().keys() == segment_flags
    assert flags & gateway.subsegment().keys() == subsegment_flags


@pytest.mark.parametrize(
    ("throttles", "path", "flags"),
    [
        ({"*/*": Throttle(0, 0)}, "/hello", {"error", "throttle"}),
        ({}, "/nowhere", {"error"}),
    ],
)
def test_no_subsegment_without_a_call(
    front: FrontFactory, throttles: dict[str, Throttle], path: str, flags: set[str]
) -> None:
    """A request that the gateway refuses has a segment without a subsegment."""
    gateway = front(stage(throttles=throttles))
    gateway.request("GET", path)
    assert "subsegments" not in gateway.segment()
    assert {"error", "throttle", "fault"} & gateway.segment().keys() == flags


def test_gateway_starts_the_trace(front: FrontFactory) -> None:
    """Without a header the event holds the root alone, and Lambda gets root, parent and decision."""
    gateway = front()
    response = gateway.request("GET", "/hello")
    _, event, trace = gateway.function.calls[0]
    assert event["headers"]["X-Amzn-Trace-Id"] == f"Root={ROOT}"
    assert trace.format() == f"Root={ROOT};Parent=0000000000000002;Sampled=1"
    assert response.headers["x-amzn-trace-id"] == trace.format()
    assert "parent_id" not in gateway.segment()


def test_rules_are_asked_with_the_request(front: FrontFactory) -> None:
    """The sampler sees what X-Ray's rules match on."""
    gateway = front()
    gateway.request("GET", "/hello?a=1", headers={"X-Team": "red"})
    [asked] = gateway.rules.asked
    assert asked.attributes["x-team"] == "red"
    assert asked == SamplingRequest(
        service_name="shop/dev",
        service_type="AWS::ApiGateway::Stage",
        host="abc123.execute-api.us-east-1.amazonaws.com",
        method="GET",
        path="/dev/hello",
        resource_arn="arn:aws:apigateway:us-east-1::/restapis/abc123/stages/dev",
        attributes=asked.attributes,
    )


def test_unsampled_request_sends_nothing(front: FrontFactory) -> None:
    """A request that the rules leave out has no segment, and Lambda is told so."""
    gateway = front()
    gateway.rules.decision = SamplingDecision(False, "Default")
    response = gateway.request("GET", "/hello")
    assert gateway.segments.documents == []
    assert gateway.function.calls[0][2].sampled is False
    assert response.headers["x-amzn-trace-id"].endswith("Sampled=0")


@pytest.mark.parametrize(("sampled", "segments"), [("1", 1), ("0", 0)])
def test_incoming_decision_is_honoured(front: FrontFactory, sampled: str, segments: int) -> None:
    """A decision in the header is kept, no rule is asked or named, and the caller becomes the parent."""
    gateway = front()
    header = f"Root={THEIRS};Parent={CALLER};Sampled={sampled};Lineage=a:1"
    gateway.request("GET", "/hello", headers={"X-Amzn-Trace-Id": header})
    _, event, trace = gateway.function.calls[0]
    assert gateway.rules.asked == []
    assert len(gateway.segments.documents) == segments
    assert event["headers"]["X-Amzn-Trace-Id"] == header
    assert trace.format() == f"Root={THEIRS};Parent=0000000000000002;Sampled={sampled};Lineage=a:1"
    for document in gateway.segments.documents:
        assert (document["trace_id"], document["parent_id"]) == (THEIRS, CALLER)
        assert "xray" not in document["aws"]


@pytest.mark.parametrize("decision", ["", ";Sampled=?"])
def test_open_decision_is_made(front: FrontFactory, decision: str) -> None:
    """A header without a decision, or one that asks, keeps its root and is decided by the rules."""
    gateway = front()
    gateway.request("GET", "/hello", headers={"X-Amzn-Trace-Id": f"Root={THEIRS}{decision}"})
    assert len(gateway.rules.asked) == 1
    assert gateway.function.calls[0][2].format() == f"Root={THEIRS};Parent=0000000000000002;Sampled=1"
    assert gateway.segment()["trace_id"] == THEIRS


@pytest.mark.parametrize("header", ["nonsense", "Root=1-5759e988;Parent=x;Sampled=1", "Sampled=1"])
def test_malformed_header_starts_a_trace(front: FrontFactory, header: str) -> None:
    """A header without a well-formed root counts as none."""
    gateway = front()
    gateway.request("GET", "/hello", headers={"X-Amzn-Trace-Id": header})
    assert gateway.segment()["trace_id"] == ROOT
    assert len(gateway.rules.asked) == 1


def test_stage_without_tracing(front: FrontFactory) -> None:
    """Without tracing there is no segment and no decision, and Lambda gets no trace."""
    gateway = front(stage(tracing=False))
    response = gateway.request("GET", "/hello")
    assert gateway.segments.documents == []
    assert gateway.rules.asked == []
    assert gateway.function.calls[0][2].format() == ""
    assert gateway.event()["headers"]["X-Amzn-Trace-Id"] == f"Root={ROOT}"
    assert response.headers["x-amzn-trace-id"] == f"Root={ROOT}"


def test_stage_without_tracing_passes_a_sampled_trace_on(front: FrontFactory) -> None:
    """A trace that is sampled upstream goes through a stage without tracing, unchanged."""
    gateway = front(stage(tracing=False))
    header = f"Root={THEIRS};Parent={CALLER};Sampled=1"
    gateway.request("GET", "/hello", headers={"X-Amzn-Trace-Id": header})
    assert gateway.function.calls[0][2].format() == header
    assert gateway.segments.documents == []
