"""The traces of HTTP APIs and function URLs.

Neither has X-Ray tracing on AWS; a tracing header is made and handed on
(https://docs.aws.amazon.com/xray/latest/devguide/xray-services-apigateway.html,
https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads has it in the event).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from embedded_aws.aws.interfaces import SamplingDecision
from embedded_aws.gateway.http_api.model import Authorizer, Integration, Route
from embedded_aws.xray.query.graph import to_api, trace_graph
from embedded_aws.xray.query.traces import assemble
from tests.embedded_aws.gateway.fakes import ARN, NOW
from tests.embedded_aws.gateway.http_api.fakes import FUNCTION, answered, api, front

if TYPE_CHECKING:
    from embedded_aws.gateway.http_api.model import Stage

ROOT = f"1-{int(NOW):08x}-{'a' * 24}"
GIVEN = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
EVENTS = Route("POST /events", Integration("AWS_PROXY", subtype="EventBridge-PutEvents"))


def url() -> Stage:
    """A function URL."""
    return api(Route("$default", FUNCTION), api_name="front", kind="URL")


@pytest.mark.parametrize("stage", [api(Route("$default", FUNCTION)), url()])
def test_header_of_a_new_trace(stage: Stage) -> None:
    """The event has the root alone; Lambda is called without a decision, which is then its own."""
    gateway = front(stage)
    gateway.request("GET", "/")
    assert gateway.event()["headers"]["x-amzn-trace-id"] == f"Root={ROOT}"
    [(_, _, trace)] = gateway.function.calls
    assert (trace.root, trace.sampled) == (ROOT, None)


def test_header_that_came() -> None:
    """A client's header stays as it is in the event, and its root and decision go to Lambda."""
    gateway = front()
    gateway.request("GET", "/hello", headers={"X-Amzn-Trace-Id": GIVEN})
    assert gateway.event()["headers"]["x-amzn-trace-id"] == GIVEN
    [(_, _, trace)] = gateway.function.calls
    assert (trace.root, trace.sampled) == ("1-5759e988-bd862e3fe1be46a994272793", True)
    assert gateway.segment()["parent_id"] == "53995c3f42cd8ad8"


def test_inferred_segment() -> None:
    """What is made up for the gateway is what `requestContext` tells, and Lambda's segment hangs below it."""
    gateway = front(reply={"statusCode": 404})
    gateway.request("GET", "/hello", headers={"User-Agent": "agent"})
    segment = gateway.segment()
    [(_, event, trace)] = gateway.function.calls
    assert (segment["id"], segment["trace_id"]) == (trace.parent, ROOT)
    assert (segment["name"], segment["origin"], segment["inferred"]) == (
        "shop",
        "AWS::ApiGatewayV2::Api",
        True,
    )
    assert segment["http"] == {
        "request": {
            "url": "https://abc.execute-api.us-east-1.amazonaws.com/hello",
            "method": "GET",
            "client_ip": "192.0.2.7",
            "user_agent": "agent",
        },
        "response": {"status": 404},
    }
    assert segment["error"] is True
    context = event["requestContext"]
    named = {"account_id": "123456789012", "rest_api_id": "abc", "stage": "$default"}
    assert segment["aws"] == {"api_gateway": {**named, "request_id": context["requestId"]}}
    own = {"requestId", "time", "timeEpoch"}
    told = segment["metadata"]["default"]["requestContext"]
    assert told == {name: context[name] for name in context.keys() - own}


def test_nothing_is_made_up_for_what_lambda_does_not_record() -> None:
    """A trace that Lambda passed over stays empty."""
    gateway = front(result=answered("x", recorded=False))
    gateway.request("GET", "/hello")
    assert gateway.segments.documents == []


def test_function_url_tells_the_client_its_trace() -> None:
    """A function URL's answer names the trace, in Lambda's form."""
    response = front(url()).request("GET", "/")
    assert response.headers["x-amzn-trace-id"] == f"root={ROOT};sampled=1"


def test_call_of_a_service() -> None:
    """A call of EventBridge carries the header of its own subsegment, whose decision X-Ray's rules made."""
    gateway = front(api(EVENTS))
    gateway.request("POST", "/events", content="{}")
    [(_, _, trace)] = gateway.aws.calls
    [call] = gateway.segment()["subsegments"]
    assert trace.format() == f"Root={ROOT};Parent={call['id']};Sampled=1"
    assert (call["name"], call["namespace"], call["aws"]["operation"]) == ("Events", "aws", "PutEvents")


def test_call_of_a_service_that_is_not_sampled() -> None:
    """The decision goes with the call, and nothing is made up."""
    gateway = front(api(EVENTS))
    gateway.rules.decision = SamplingDecision(False, "Default")
    gateway.request("POST", "/events", content="{}")
    [(_, _, trace)] = gateway.aws.calls
    assert trace.sampled is False
    assert gateway.segments.documents == []


def nodes_of(*segments: Any) -> dict[str, Any]:
    """The service graph of a trace's segments, by type."""
    trace = assemble(ROOT, [__import__("json").dumps(segment) for segment in segments])
    assert trace
    return {node["Type"]: node for node in to_api(trace_graph(trace))}


@pytest.mark.parametrize(
    "header", [{}, {"X-Amzn-Trace-Id": f"Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=1"}]
)
def test_node_and_edges(header: dict[str, str]) -> None:
    """The map shows client, gateway and Lambda, and that the gateway's node is not X-Ray's own."""
    gateway = front()
    gateway.request("GET", "/hello", headers=header)
    lambda_segment = {
        "id": "b" * 16,
        "trace_id": ROOT,
        "parent_id": gateway.segment()["id"],
        "name": "front",
        "origin": "AWS::Lambda",
        "start_time": NOW,
        "end_time": NOW + 1,
    }
    nodes = nodes_of(gateway.segment(), lambda_segment)
    gateway_node = nodes["AWS::ApiGatewayV2::Api"]
    assert (gateway_node["Name"], gateway_node["State"], gateway_node["Root"]) == ("shop", "unknown", True)
    numbers = {kind: node["ReferenceId"] for kind, node in nodes.items()}
    edges = {kind: [edge["ReferenceId"] for edge in node["Edges"]] for kind, node in nodes.items()}
    assert edges == {
        "client": [numbers["AWS::ApiGatewayV2::Api"]],
        "AWS::ApiGatewayV2::Api": [numbers["AWS::Lambda"]],
        "AWS::Lambda": [],
    }


def test_traced_authorizer_that_refuses() -> None:
    """Its invocation hangs below the gateway, which answered 403."""
    authorizer = Authorizer("a", "REQUEST", ARN, simple=True)
    gateway = front(api(Route("GET /hello", FUNCTION, "CUSTOM", authorizer)), reply={"isAuthorized": False})
    gateway.request("GET", "/hello")
    [(_, _, trace)] = gateway.function.calls
    assert (gateway.segment()["id"], gateway.segment()["http"]["response"]) == (trace.parent, {"status": 403})


def test_request_that_is_to_be_traced_and_reaches_nothing() -> None:
    """A client that wants its request traced sees the gateway's own answer."""
    gateway = front()
    gateway.request("GET", "/nowhere", headers={"X-Amzn-Trace-Id": GIVEN})
    assert gateway.segment()["http"]["response"] == {"status": 404}
