"""The events of HTTP APIs.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from embedded_aws.gateway.http_api.model import Route
from tests.embedded_aws.gateway.http_api.fakes import FUNCTION, api, front

V1 = replace(FUNCTION, payload="1.0")


def test_format_2() -> None:
    """The event has the documented fields; headers are in lower case, doubled values joined by commas."""
    gateway = front(api(Route("POST /my/{name}", FUNCTION), variables={"colour": "blue"}))
    headers = {"X-Header": "1", "Content-Type": "text/plain", "Cookie": "a=1; b=2", "User-Agent": "agent"}
    gateway.request("POST", "/my/pa%20th?p=1&p=2&q=3", headers=headers, content="body")
    event = gateway.event()
    assert {name: event[name] for name in event if name not in {"headers", "requestContext"}} == {
        "version": "2.0",
        "routeKey": "POST /my/{name}",
        "rawPath": "/my/pa th",
        "rawQueryString": "p=1&p=2&q=3",
        "cookies": ["a=1", "b=2"],
        "queryStringParameters": {"p": "1,2", "q": "3"},
        "pathParameters": {"name": "pa th"},
        "stageVariables": {"colour": "blue"},
        "body": "body",
        "isBase64Encoded": False,
    }
    assert event["headers"]["x-header"] == "1"
    assert event["headers"]["host"] == "abc.execute-api.us-east-1.amazonaws.com"
    assert "cookie" not in event["headers"]
    context = event["requestContext"]
    assert context.pop("requestId")
    assert context == {
        "accountId": "123456789012",
        "apiId": "abc",
        "domainName": "abc.execute-api.us-east-1.amazonaws.com",
        "domainPrefix": "abc",
        "http": {
            "method": "POST",
            "path": "/my/pa th",
            "protocol": "HTTP/1.1",
            "sourceIp": "192.0.2.7",
            "userAgent": "agent",
        },
        "routeKey": "POST /my/{name}",
        "stage": "$default",
        "time": "14/Nov/2023:22:13:20 +0000",
        "timeEpoch": 1700000000250,
    }


def test_format_2_leaves_out_what_is_empty() -> None:
    """Without cookies, query, parameters, variables and body their members are absent."""
    gateway = front()
    gateway.request("GET", "/hello")
    absent = {"cookies", "queryStringParameters", "pathParameters", "stageVariables", "body"}
    assert not absent & gateway.event().keys()


def test_format_1() -> None:
    """Format 1.0 has all members, what is empty is null."""
    gateway = front(api(Route("GET /hello", V1)), reply={"statusCode": 200})
    gateway.request("GET", "/hello?p=1&p=2")
    event = gateway.event()
    assert (event["version"], event["resource"], event["path"], event["httpMethod"]) == (
        "1.0",
        "/hello",
        "/hello",
        "GET",
    )
    assert event["multiValueQueryStringParameters"] == {"p": ["1", "2"]}
    assert [event[name] for name in ("pathParameters", "stageVariables", "body")] == [None, None, None]
    assert event["requestContext"]["resourceId"] == "GET /hello"
    assert event["requestContext"]["identity"]["sourceIp"] == "192.0.2.7"


@pytest.mark.parametrize(
    ("kind", "encoded"), [("application/json", False), ("image/png", True), ("text/csv", False)]
)
def test_bodies_that_are_no_text_come_in_base64(kind: str, encoded: Any) -> None:
    """The content type tells which."""
    gateway = front(api(Route("$default", FUNCTION)))
    gateway.request("POST", "/", headers={"Content-Type": kind}, content=b"abc")
    assert (gateway.event()["body"], gateway.event()["isBase64Encoded"]) == (
        "YWJj" if encoded else "abc",
        encoded,
    )


def test_named_stage_is_in_the_path() -> None:
    """The path of a stage that is not the default begins with its name; routes do not see it."""
    gateway = front(api(name="dev"), api(Route("$default", FUNCTION)))
    gateway.request("GET", "/dev/hello")
    assert (gateway.event()["rawPath"], gateway.event()["requestContext"]["stage"]) == ("/dev/hello", "dev")
    gateway.request("GET", "/other/hello")
    assert (gateway.event()["rawPath"], gateway.event()["routeKey"]) == ("/other/hello", "$default")
