"""Integrations of REST APIs beside functions.

https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-mock-integration.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/integrating-api-with-aws-services-s3.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from embedded_aws.gateway.model import Integration, IntegrationResponse, Method, Resource
from tests.embedded_aws.gateway.fakes import Front, proxy, stage

FrontFactory = Callable[..., Front]
ALLOW = "method.response.header.Access-Control-Allow-Origin"


def with_method(integration: Integration, method: str = "GET", path: str = "/hello") -> Any:
    """A stage with one method."""
    return stage(Resource("r1", path, {method: Method(method, integration)}))


def mock(template: str, *responses: IntegrationResponse) -> Integration:
    return Integration("MOCK", templates={"application/json": template}, responses=responses)


def test_cors_by_a_mock(front: FrontFactory) -> None:
    """OPTIONS is answered by a static template, with the headers of the response that its status selects."""
    allowed = IntegrationResponse(200, parameters={ALLOW: "'*'"})
    options = Method("OPTIONS", mock('{"statusCode": 200}', allowed))
    gateway = front(stage(Resource("r1", "/hello", {"OPTIONS": options, "GET": proxy("GET")})))
    response = gateway.request("OPTIONS", "/hello")
    assert (response.status_code, response.headers["access-control-allow-origin"]) == (200, "*")
    assert not gateway.function.calls
    assert gateway.request("GET", "/hello").status_code == 200


@pytest.mark.parametrize(
    ("template", "status", "body"),
    [
        ('{"statusCode": 200}', 200, "fine on dev"),
        ("{statusCode: 404}", 404, "{}"),
        ("nothing", 500, '{"message":"Internal server error"}'),
    ],
)
def test_mock_answers(front: FrontFactory, template: str, status: int, body: str) -> None:
    """The status that a template gives selects the response, whose own template is filled in."""
    fine = IntegrationResponse(200, templates={"text/plain": "fine on $context.stage"})
    missing = IntegrationResponse(404, "404", templates={"application/json": "{}"})
    response = front(with_method(mock(template, fine, missing))).request("GET", "/hello")
    assert (response.status_code, response.text) == (status, body)


@pytest.mark.parametrize(("body", "status"), [('{"statusCode": 200, "a": "$b"}', 200), ("#set($a = 1)", 500)])
def test_a_body_without_a_template_is_none_itself(front: FrontFactory, body: str, status: int) -> None:
    """It goes through as it is, whatever a client writes into it."""
    gateway = front(with_method(mock('{"statusCode": 200}', IntegrationResponse(200)), "POST"))
    answer = gateway.request("POST", "/hello", content=body, headers={"Content-Type": "text/plain"})
    assert answer.status_code == status


@pytest.mark.parametrize("template", ["#set($a = 1)", "$input.json('$')", "$util.escapeJavaScript('a')"])
def test_templates_that_compute(front: FrontFactory, template: str) -> None:
    """A template that is a program answers 501."""
    response = front(with_method(mock(template))).request("GET", "/hello")
    assert response.status_code == 501
    assert "mapping templates" in response.json()["message"]


def files(**changes: Any) -> Integration:
    """An integration with an object of S3, as components with static files make it."""
    names = ("Content-Type", "content-length", "ETag")
    mapped = {f"method.response.header.{name}": f"integration.response.header.{name}" for name in names}
    responses = (IntegrationResponse(200, parameters=mapped), IntegrationResponse(404, r"4\d{2}"))
    uri = "arn:aws:apigateway:us-east-1:s3:path/site/www/{key}"
    parameters = {"integration.request.path.key": "method.request.path.proxy"}
    return Integration("AWS", uri, http_method="GET", parameters=parameters, responses=responses, **changes)


def test_object_of_s3(front: FrontFactory) -> None:
    """A static file comes with its type; one that is missing selects the other response."""
    gateway = front(with_method(files(), path="/{proxy+}"))
    gateway.objects["site/www/a b/index.html"] = ("text/html", b"<html>")
    found = gateway.request("GET", "/a%20b/index.html")
    assert (found.status_code, found.headers["content-type"], found.text) == (200, "text/html", "<html>")
    assert (found.headers["content-length"], "etag" in found.headers) == ("6", False)
    call = gateway.subsegment()
    assert (call["name"], call["namespace"], call["aws"]["bucket_name"]) == ("S3", "aws", "site")
    assert gateway.request("GET", "/none").status_code == 404


class Handler(BaseHTTPRequestHandler):
    """Tells what it is asked."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        told = {
            "mine": self.headers["X-Mine"],
            "path": self.path,
            "trace": self.headers["X-Amzn-Trace-Id"],
            "body": body,
        }
        self.send_response(201)
        self.end_headers()
        self.wfile.write(json.dumps(told).encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    listening = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=listening.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{listening.server_port}"
    listening.shutdown()
    thread.join()
    listening.server_close()


def test_another_server(front: FrontFactory, server: str) -> None:
    """A request is handed on with its query and the trace, and the answer comes back as it is."""
    mapped = {
        "integration.request.header.X-Mine": "'static'",
        "integration.request.querystring.key": "context.stage",
    }
    handed_on = Integration("HTTP_PROXY", f"{server}/x/{{id}}", http_method="POST", parameters=mapped)
    gateway = front(with_method(handed_on, "POST", "/hello/{id}"))
    response = gateway.request("POST", "/hello/7?a=1", content="body")
    told = response.json()
    assert (response.status_code, told["path"], told["body"]) == (201, "/x/7?a=1&key=dev", "body")
    assert told["mine"] == "static"
    call = gateway.subsegment()
    assert told["trace"] == f"Root={gateway.segment()['trace_id']};Parent={call['id']};Sampled=1"
    assert (call["name"], call["namespace"], call["http"]["response"]["status"]) == ("/x/7", "remote", 201)


def test_server_that_is_not_there(front: FrontFactory) -> None:
    """A back-end that cannot be reached is the gateway's 500."""
    gateway = front(with_method(Integration("HTTP_PROXY", "http://127.0.0.1:1/")))
    assert gateway.request("GET", "/hello").status_code == 500


class OddHandler(Handler):
    """Answers what no client of the gateway could be sent, by the path."""

    def do_GET(self) -> None:
        if self.path == "/control":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-A: b\x01c\r\nContent-Length: 0\r\n\r\n")
        else:
            self.wfile.write(f"HTTP/1.1 {self.path[1:]} Odd\r\nContent-Length: 0\r\n\r\n".encode())


@pytest.mark.parametrize(("path", "status"), [("/101", 500), ("/999", 500), ("/control", 502)])
def test_answers_that_cannot_be_handed_on(front: FrontFactory, path: str, status: int) -> None:
    """A status or a header that HTTP has not, or not here, is the gateway's own error."""
    with HTTPServer(("127.0.0.1", 0), OddHandler) as listening:
        thread = Thread(target=listening.handle_request)
        thread.start()
        address = f"http://127.0.0.1:{listening.server_port}{path}"
        response = front(with_method(Integration("HTTP_PROXY", address))).request("GET", "/hello")
        thread.join()
    assert response.status_code == status


def test_header_that_no_response_can_carry(front: FrontFactory, caplog: pytest.LogCaptureFixture) -> None:
    """What is mapped from a request may have line breaks: they are refused, not sent."""
    mapped = IntegrationResponse(
        200, parameters={"method.response.header.X-Asked": "method.request.querystring.a"}
    )
    gateway = front(with_method(mock('{"statusCode": 200}', mapped)))
    response = gateway.request("GET", "/hello?a=b%0D%0ASet-Cookie:%20c")
    assert (response.status_code, "set-cookie" in response.headers) == (502, False)
    assert "X-Asked has a line break" in caplog.text
    assert gateway.request("GET", "/hello?a=%E2%82%AC").status_code == 502
