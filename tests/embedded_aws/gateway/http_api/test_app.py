"""What HTTP APIs answer.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from embedded_aws.aws.errors import AwsError
from embedded_aws.aws.interfaces import InvokeResult
from embedded_aws.gateway.http_api.model import Authorizer, Cors, Integration, Route
from embedded_aws.gateway.model import AccessLog, Throttle
from tests.embedded_aws.gateway.fakes import ARN, URI
from tests.embedded_aws.gateway.http_api.fakes import FUNCTION, answered, api, front

V1 = replace(FUNCTION, payload="1.0")


@pytest.mark.parametrize(
    ("reply", "status", "content_type", "body"),
    [
        ("hello", 200, "application/json", "hello"),
        ({"a": 1}, 200, "application/json", '{"a": 1}'),
        ({"statusCode": 201, "body": "made"}, 201, "text/plain; charset=utf-8", "made"),
        (
            {"statusCode": 200, "body": "aGk=", "isBase64Encoded": True},
            200,
            "text/plain; charset=utf-8",
            "hi",
        ),
    ],
)
def test_replies(reply: Any, status: int, content_type: str, body: str) -> None:
    """A reply without a status is the body of a 200; one with a status is taken as it is."""
    response = front(reply=reply).request("GET", "/hello")
    assert (response.status_code, response.headers["content-type"], response.text) == (
        status,
        content_type,
        body,
    )


def test_cookies_of_a_reply() -> None:
    """Each cookie becomes a header of its own."""
    response = front(reply={"statusCode": 200, "cookies": ["a=1", "b=2; Secure"]}).request("GET", "/hello")
    assert response.headers.get_list("set-cookie") == ["a=1", "b=2; Secure"]


@pytest.mark.parametrize(
    ("result", "status", "message"),
    [
        (answered({}, function_error="Unhandled"), 500, "Internal Server Error"),
        (answered({"statusCode": "no"}), 500, "Internal Server Error"),
        (answered({"statusCode": 200, "cookies": "a"}), 500, "Internal Server Error"),
        (InvokeResult(429, b"{}"), 500, "Internal Server Error"),
        (InvokeResult(501, b'{"Message": "it is nodejs"}'), 501, "it is nodejs"),
    ],
)
def test_failures(result: InvokeResult, status: int, message: str) -> None:
    """What the function does wrong is a 500; what it is not run for here, a 501 with the reason."""
    response = front(result=result).request("GET", "/hello")
    assert (response.status_code, response.json()) == (status, {"message": message})


def test_timeout() -> None:
    """After the integration's timeout the client gets a 503."""
    gateway = front(api(Route("GET /hello", replace(FUNCTION, timeout=0.01))))
    gateway.function.held = __import__("asyncio").Event()
    response = gateway.request("GET", "/hello")
    assert (response.status_code, response.json()) == (503, {"message": "Service Unavailable"})


@pytest.mark.parametrize(
    ("method", "path", "key"),
    [
        ("GET", "/pets", "GET /pets"),
        ("POST", "/pets", "ANY /pets"),
        ("GET", "/pets/dog", "GET /pets/dog"),
        ("GET", "/pets/7", "GET /pets/{id}"),
        ("GET", "/pets/7/toys", "ANY /pets/{proxy+}"),
        ("PUT", "/", "$default"),
    ],
)
def test_the_closest_route_answers(method: str, path: str, key: str) -> None:
    """Full matches come before variables, these before greedy ones, and the method before `ANY`."""
    keys = ["$default", "ANY /pets/{proxy+}", "GET /pets/{id}", "GET /pets/dog", "ANY /pets", "GET /pets"]
    gateway = front(api(*(Route(each, FUNCTION) for each in keys)))
    gateway.request(method, path)
    assert gateway.event()["routeKey"] == key


@pytest.mark.parametrize("path", ["/nowhere", "/dev/hello"])
def test_unknown_route(path: str) -> None:
    """What no route takes is not found."""
    response = front().request("GET", path)
    assert (response.status_code, response.json()) == (404, {"message": "Not Found"})
    assert response.headers["apigw-requestid"]


def test_api_by_host() -> None:
    """The API may be named by the host, as on AWS."""
    gateway = front()
    assert gateway.request("GET", "http://abc.execute-api.localhost:4566/hello").status_code == 200


def test_throttled_route() -> None:
    """A route's own limit counts instead of the stage's."""
    throttles = {"*": Throttle(100, 100), "GET /hello": Throttle(0.5, 1)}
    gateway = front(api(throttles=throttles))
    statuses = [gateway.request("GET", "/hello").status_code for _ in range(2)]
    gateway.now += 2
    assert [*statuses, gateway.request("GET", "/hello").status_code] == [200, 429, 200]


@pytest.mark.parametrize(
    ("route", "named"),
    [
        (Route("GET /hello", None), "routes without an integration"),
        (Route("GET /hello", Integration("MOCK")), "MOCK"),
        (Route("GET /hello", Integration("AWS_PROXY", subtype="Kinesis-PutRecord")), "Kinesis-PutRecord"),
        (Route("GET /hello", Integration("HTTP_PROXY", "arn:aws:elasticloadbalancing:x")), "private"),
        (Route("GET /hello", FUNCTION, "JWT", Authorizer("a", "REQUEST")), "JWT authorization"),
        (Route("GET /hello", FUNCTION, "AWS_IAM"), "AWS_IAM authorization"),
    ],
)
def test_what_is_not_emulated(route: Route, named: str, caplog: pytest.LogCaptureFixture) -> None:
    """Integrations and authorizers that are not emulated answer 501 with the reason, and warn once."""
    gateway = front(api(route))
    responses = [gateway.request("GET", "/hello") for _ in range(2)]
    assert [response.status_code for response in responses] == [501, 501]
    assert named in responses[0].json()["message"]
    assert len(caplog.records) == 1


CORS = Cors(origins=("https://*.example",), methods=("GET",), headers=("x-a",), exposed=("x-b",), max_age=60)


def test_preflight() -> None:
    """The API itself answers a browser's question, for the origins that it allows."""
    gateway = front(api(cors=CORS))
    asked = {"Origin": "https://a.example", "Access-Control-Request-Method": "GET"}
    response = gateway.request("OPTIONS", "/hello", headers=asked)
    allowed = {name: value for name, value in response.headers.items() if name.startswith("access-control")}
    assert response.status_code == 204
    assert allowed == {
        "access-control-allow-origin": "https://a.example",
        "access-control-allow-methods": "GET",
        "access-control-allow-headers": "x-a",
        "access-control-max-age": "60",
    }
    foreign = gateway.request("OPTIONS", "/hello", headers={**asked, "Origin": "https://evil.test"})
    assert "access-control-allow-origin" not in foreign.headers
    assert not gateway.function.calls


def test_cors_of_the_function_is_replaced() -> None:
    """With CORS configured, what the function says about origins is ignored."""
    reply = {"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "*"}}
    gateway = front(api(cors=CORS), reply=reply)
    response = gateway.request("GET", "/hello", headers={"Origin": "https://a.example"})
    assert response.headers.get_list("access-control-allow-origin") == ["https://a.example"]
    assert response.headers["access-control-expose-headers"] == "x-b"
    assert "access-control-allow-origin" not in gateway.request("GET", "/hello").headers


AUTHORIZER = Authorizer("a1", "REQUEST", URI.replace("front", "guard"), ("$request.header.Authorization",))


def guarded(answer: Any, **changes: Any) -> Any:
    """An API whose one function, as authorizer and as integration, gives one answer."""
    authorizer = replace(AUTHORIZER, **changes)
    return front(api(Route("GET /hello", V1 if changes.get("payload") == "1.0" else FUNCTION, "CUSTOM",
                           authorizer)), reply=answer)  # fmt: skip


def test_simple_authorizer() -> None:
    """A function that says yes lets the request through, and its context comes with the event."""
    gateway = guarded({"isAuthorized": True, "context": {"user": "u1"}}, simple=True)
    response = gateway.request("GET", "/hello", headers={"Authorization": "t"})
    assert response.status_code == 200
    [(asked, question, _), (called, event, _)] = gateway.function.calls
    assert (asked, called) == (ARN.replace("front", "guard"), ARN)
    assert (question["type"], question["identitySource"]) == ("REQUEST", ["t"])
    assert question["routeArn"] == "arn:aws:execute-api:us-east-1:123456789012:abc/$default/GET/hello"
    assert event["requestContext"]["authorizer"] == {"lambda": {"user": "u1"}}


def test_simple_refusal() -> None:
    """One that says no is a 403, a request that does not identify itself a 401 that no function sees."""
    gateway = guarded({"isAuthorized": False}, simple=True)
    assert gateway.request("GET", "/hello").status_code == 401
    assert not gateway.function.calls
    assert gateway.request("GET", "/hello", headers={"Authorization": "t"}).status_code == 403


@pytest.mark.parametrize(("resource", "status"), [("*/GET/hello", 200), ("*/POST/hello", 403)])
def test_policy_authorizer(resource: str, status: int) -> None:
    """A policy is evaluated for the method that was asked for."""
    statement = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": resource}
    gateway = guarded({"principalId": "u1", "policyDocument": {"Statement": [statement]}})
    assert gateway.request("GET", "/hello", headers={"Authorization": "t"}).status_code == status


def test_authorizer_that_fails() -> None:
    """An answer that is none is a 500."""
    gateway = guarded({"isAuthorized": "yes"}, simple=True)
    assert gateway.request("GET", "/hello", headers={"Authorization": "t"}).status_code == 500


@pytest.mark.parametrize("context", [5, "ab", [1], [[1, 2, 3]]], ids=str)
def test_context_that_is_no_object(context: Any) -> None:
    """It is no answer either, and the API's own 500."""
    gateway = guarded({"isAuthorized": True, "context": context}, simple=True)
    response = gateway.request("GET", "/hello", headers={"Authorization": "t"})
    assert (response.status_code, response.json()) == (500, {"message": "Internal Server Error"})


def test_verdicts_are_used_again() -> None:
    """Within its time a verdict counts for the same identity."""
    gateway = guarded({"isAuthorized": True}, simple=True, ttl=60.0)
    for token in ("t", "t", "u"):
        gateway.request("GET", "/hello", headers={"Authorization": token})
    gateway.now += 61
    gateway.request("GET", "/hello", headers={"Authorization": "t"})
    asked = [event["identitySource"][0] for arn, event, _ in gateway.function.calls if "guard" in arn]
    assert asked == ["t", "u", "t"]


EVENTS = Integration(
    "AWS_PROXY",
    subtype="EventBridge-PutEvents",
    parameters={
        "Source": "me",
        "DetailType": "order of ${request.querystring.who}",
        "Detail": "$request.body",
        "EventBusName": "$stageVariables.bus",
        "Resources": "$request.body.names",
    },
)


def test_put_events() -> None:
    """A request becomes an event on the bus, its answer is EventBridge's."""
    gateway = front(api(Route("POST /events", EVENTS), variables={"bus": "orders"}))
    gateway.aws.output = {"FailedEntryCount": 0, "RequestId": "r"}
    content = json.dumps({"names": ["a"]})
    response = gateway.request("POST", "/events?who=me", content=content)
    assert (response.status_code, response.json()) == (200, {"FailedEntryCount": 0})
    [(operation, body, _)] = gateway.aws.calls
    assert operation == "events:PutEvents"
    assert body["Entries"] == [
        {
            "Source": "me",
            "DetailType": "order of me",
            "Detail": content,
            "EventBusName": "orders",
            "Resources": ["a"],
        }
    ]


def test_put_events_that_is_refused() -> None:
    """What EventBridge refuses is the client's answer."""
    gateway = front(api(Route("POST /events", EVENTS)))
    gateway.aws.error = AwsError("ValidationException", "no such bus", 400)
    response = gateway.request("POST", "/events", content="{}")
    assert (response.status_code, response.json()) == (400, {"message": "no such bus"})


def test_access_log() -> None:
    """Each request writes one line of the stage's format; unknown variables become a dash."""
    names = "httpMethod path routeKey status responseLength identity.sourceIp integration.requestId nothing"
    line = " ".join(f"$context.{name}" for name in names.split())
    log = AccessLog("arn:aws:logs:us-east-1:123456789012:log-group:api", line)
    gateway = front(api(access_log=log))
    gateway.request("GET", "/hello")
    gateway.request("GET", "/nowhere")
    assert gateway.logs.lines == [
        "GET /hello GET /hello 200 4 192.0.2.7 lambda-request -",
        "GET /nowhere - 404 23 192.0.2.7 - -",
    ]


def test_changes_of_the_request() -> None:
    """An integration may add, replace and remove what the function sees of a request."""
    changes = {
        "append:header.x-added": "$request.querystring.a",
        "overwrite:header.x-mine": "${request.header.x-mine} and more",
        "remove:header.x-secret": "''",
        "overwrite:querystring.a": "2",
        "overwrite:path": "/other",
    }
    gateway = front(api(Route("GET /hello", replace(FUNCTION, parameters=changes))))
    gateway.request("GET", "/hello?a=1&b=1", headers={"X-Mine": "this", "X-Secret": "s"})
    event = gateway.event()
    assert (event["headers"]["x-added"], event["headers"]["x-mine"]) == ("1", "this and more")
    assert "x-secret" not in event["headers"]
    assert (event["rawPath"], event["queryStringParameters"]) == ("/other", {"a": "2", "b": "1"})


def test_changes_of_the_response() -> None:
    """By its status, a response may get other headers and another status."""
    changes = {"404": {"overwrite:statuscode": "403", "append:header.x-was": "$response.header.x-kind"}}
    gateway = front(
        api(Route("GET /hello", replace(FUNCTION, responses=changes))),
        reply={"statusCode": 404, "headers": {"X-Kind": "none"}},
    )
    response = gateway.request("GET", "/hello")
    assert (response.status_code, response.headers["x-was"]) == (403, "none")


@pytest.mark.parametrize("delay", ["soon", "-1", "901", "9" * 5000, "٢"])
def test_delay_that_is_no_number(delay: str) -> None:
    """A parameter that the client fills in and that does not fit is his 400."""
    parameters = {"QueueUrl": "https://q", "MessageBody": "a", "DelaySeconds": "$request.querystring.delay"}
    sending = Integration("AWS_PROXY", subtype="SQS-SendMessage", parameters=parameters)
    gateway = front(api(Route("POST /messages", sending)))
    response = gateway.request("POST", "/messages", params={"delay": delay})
    assert response.status_code == 400
    assert not gateway.aws.calls


@pytest.mark.parametrize(
    ("host", "header"), [("[", ""), ("127.0.0.1:99999999", ""), ("a b", ""), ("127.0.0.1:1", "a\r\nb: c")]
)
def test_address_that_the_client_spoils(host: str, header: str) -> None:
    """What he fills in may be no host and no header: the API's own 500, and nothing is sent."""
    changes = {"append:header.x-a": "$request.querystring.header"}
    handed_on = Integration("HTTP_PROXY", "http://${request.querystring.host}/", parameters=changes)
    gateway = front(api(Route("GET /hello", handed_on)))
    response = gateway.request("GET", "/hello", params={"host": host, "header": header})
    assert (response.status_code, response.json()) == (500, {"message": "Internal Server Error"})


@pytest.mark.parametrize("status", ["9" * 5000, "199", "600", "\u0662\u0660\u0660", ""])
def test_status_that_is_none(status: str) -> None:
    """A response keeps its status when the mapped one is no status."""
    changes = {"404": {"overwrite:statuscode": "$response.header.x-status"}}
    gateway = front(
        api(Route("GET /hello", replace(FUNCTION, responses=changes))),
        reply={"statusCode": 404, "headers": {"X-Status": status.encode("latin-1", "replace").decode()}},
    )
    assert gateway.request("GET", "/hello").status_code == 404
