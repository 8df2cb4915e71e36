"""An HTTP API and a function URL in front of the demo's functions: one waterfall, in both modes."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

import pytest

from tests.e2e.conftest import Demo
from tests.e2e.stack import Stack
from tests.e2e.traces import FUNCTION, Trace, settled, whole_trace

ROOT = "1-6b0ad4f7-"


@dataclass
class Shown:
    """One request to `front`, through a gateway of that origin, and the trace it left."""

    stack: Stack
    status: int
    origin: str
    trace: Trace


@pytest.fixture(scope="module", params=["otel-xray", "native"])
def stack(request: pytest.FixtureRequest, demo: Demo) -> Stack:
    return demo(request.param)


@pytest.fixture(scope="module", params=["AWS::ApiGatewayV2::Api", "AWS::Lambda::Url"])
def shown(request: pytest.FixtureRequest, stack: Stack) -> Shown:
    """Put a gateway in front of the function for the time of one request, within a trace of the client's."""
    front, endpoint = stack.function("front"), stack.status["endpoint"]
    gateway, functions = stack.client("apigatewayv2"), stack.client("lambda")
    if request.param == "AWS::Lambda::Url":
        made = functions.create_function_url_config(FunctionName=front, AuthType="NONE")
        host = made["FunctionUrl"].removeprefix("https://").partition(".")[0]
        url = f"{endpoint}/lambda-url/{host}/"
    else:
        target = functions.get_function(FunctionName=front)["Configuration"]["FunctionArn"]
        made = gateway.create_api(Name="front-door", ProtocolType="HTTP", Target=target)
        url = f"{endpoint}/execute-api/{made['ApiId']}/any/path"
    trace_id = f"{ROOT}{secrets.token_hex(12)}"
    try:
        answer = stack.request(url, headers={"X-Amzn-Trace-Id": f"Root={trace_id};Sampled=1"})
    finally:
        if request.param == "AWS::Lambda::Url":
            functions.delete_function_url_config(FunctionName=front)
        else:
            gateway.delete_api(ApiId=made["ApiId"])
    trace = whole_trace(stack, trace_id, settled, "the end of both invocations")
    return Shown(stack, answer.status, request.param, trace)


def test_the_gateway_is_the_root_and_marked_as_inferred(shown: Shown) -> None:
    """On AWS it sends no segment; here one that is inferred stands for it, with the client's answer."""
    [root] = shown.trace.roots
    assert (root.origin, root.document["inferred"]) == (shown.origin, True)
    assert root.document["http"]["response"]["status"] == shown.status == 200


def test_the_functions_hang_below_it(shown: Shown) -> None:
    """From the worker up: its other segment, the call, the span, front's two segments, the gateway."""
    worker = shown.trace.only(shown.stack.function("worker"), origin=FUNCTION)
    above = [node.origin or node.name for node in shown.trace.ancestors(worker)]
    # Between the span and the function's segment is the library's own for the handler.
    assert above[:3] == ["AWS::Lambda", "Lambda", "CallSecondLambda"]
    assert above[-3:] == [FUNCTION, "AWS::Lambda", shown.origin]
