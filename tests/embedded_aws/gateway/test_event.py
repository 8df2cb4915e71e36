from __future__ import annotations

import base64
from collections.abc import Callable

from embedded_aws.gateway.model import Resource
from tests.embedded_aws.gateway.fakes import Front, proxy, stage

FrontFactory = Callable[..., Front]


def test_event_is_complete(front: FrontFactory) -> None:
    """The event has every field of payload format 1.0, with AWS's names for API, host and time."""
    gateway = front(stage(variables={"colour": "blue"}))
    gateway.request("GET", "/hello?a=1&a=2&b=", headers={"User-Agent": "probe", "Accept": "*/*"})
    event = gateway.event()
    headers = {
        "accept": "*/*",
        "user-agent": "probe",
        "accept-encoding": event["headers"]["accept-encoding"],
        "Host": "abc123.execute-api.us-east-1.amazonaws.com",
        "X-Amzn-Trace-Id": f"Root=1-6553f100-{'a' * 24}",
        "X-Forwarded-For": "192.0.2.7",
        "X-Forwarded-Port": "443",
        "X-Forwarded-Proto": "https",
    }
    assert event == {
        "resource": "/hello",
        "path": "/hello",
        "httpMethod": "GET",
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": {"a": "2", "b": ""},
        "multiValueQueryStringParameters": {"a": ["1", "2"], "b": [""]},
        "pathParameters": None,
        "stageVariables": {"colour": "blue"},
        "requestContext": {
            "resourceId": "r1",
            "resourcePath": "/hello",
            "httpMethod": "GET",
            "extendedRequestId": "AAAAAAAAQACgAAA=",
            "requestTime": "14/Nov/2023:22:13:20 +0000",
            "path": "/dev/hello",
            "accountId": "123456789012",
            "protocol": "HTTP/1.1",
            "stage": "dev",
            "domainPrefix": "abc123",
            "requestTimeEpoch": 1_700_000_000_250,
            "requestId": "00000000-0000-4000-a000-000000000002",
            "identity": {
                "cognitoIdentityPoolId": None,
                "accountId": None,
                "cognitoIdentityId": None,
                "caller": None,
                "sourceIp": "192.0.2.7",
                "principalOrgId": None,
                "accessKey": None,
                "cognitoAuthenticationType": None,
                "cognitoAuthenticationProvider": None,
                "userArn": None,
                "userAgent": "probe",
                "user": None,
            },
            "domainName": "abc123.execute-api.us-east-1.amazonaws.com",
            "deploymentId": "dep1",
            "apiId": "abc123",
        },
        "body": None,
        "isBase64Encoded": False,
    }


def test_repeated_header(front: FrontFactory) -> None:
    """A repeated header has its last value in `headers` and all in `multiValueHeaders`."""
    gateway = front()
    gateway.request("GET", "/hello", headers=[("x-tag", "one"), ("x-tag", "two")])
    assert gateway.event()["headers"]["x-tag"] == "two"
    assert gateway.event()["multiValueHeaders"]["x-tag"] == ["one", "two"]


def test_nothing_sent_is_null(front: FrontFactory) -> None:
    """Absent query, path parameters and stage variables are null, not empty."""
    gateway = front()
    gateway.request("GET", "/hello")
    absent = ["queryStringParameters", "multiValueQueryStringParameters", "pathParameters", "stageVariables"]
    assert [gateway.event()[name] for name in absent] == [None] * 4


def test_path_parameters(front: FrontFactory) -> None:
    """`path` stays as sent, path parameters are decoded."""
    gateway = front(stage(Resource("r2", "/users/{id}/{proxy+}", {"ANY": proxy("ANY")})))
    gateway.request("DELETE", "/users/a%20b/c/d")
    event = gateway.event()
    assert event["path"] == "/users/a%20b/c/d"
    assert event["pathParameters"] == {"id": "a b", "proxy": "c/d"}
    assert (event["resource"], event["httpMethod"]) == ("/users/{id}/{proxy+}", "DELETE")


def test_text_body(front: FrontFactory) -> None:
    """A body that is not of a binary type arrives as text."""
    gateway = front(stage(Resource("r1", "/hello", {"POST": proxy("POST")})))
    gateway.request("POST", "/hello", content="grüß".encode())
    assert (gateway.event()["body"], gateway.event()["isBase64Encoded"]) == ("grüß", False)


def test_binary_body(front: FrontFactory) -> None:
    """A body of a listed media type arrives in base64."""
    deployed = stage(Resource("r1", "/hello", {"POST": proxy("POST")}), binary_media_types=("image/*",))
    gateway = front(deployed)
    gateway.request("POST", "/hello", content=b"\xff\x00", headers={"Content-Type": "image/png; x=1"})
    assert gateway.event()["isBase64Encoded"] is True
    assert base64.b64decode(gateway.event()["body"]) == b"\xff\x00"


def test_forwarded_for_is_extended(front: FrontFactory) -> None:
    """The client's address is appended to an `X-Forwarded-For` that came with the request."""
    gateway = front()
    gateway.request("GET", "/hello", headers={"X-Forwarded-For": "203.0.113.9"})
    assert gateway.event()["headers"]["X-Forwarded-For"] == "203.0.113.9, 192.0.2.7"
    assert gateway.event()["requestContext"]["identity"]["sourceIp"] == "192.0.2.7"


def test_every_earlier_hop_is_kept(front: FrontFactory) -> None:
    """A client's `X-Forwarded-For` may come in several headers, which are one list."""
    gateway = front()
    hops = [("X-Forwarded-For", "203.0.113.9"), ("x-forwarded-for", "198.51.100.1, 10.0.0.1")]
    gateway.request("GET", "/hello", headers=hops)
    headers = gateway.event()["multiValueHeaders"]
    assert headers["X-Forwarded-For"] == ["203.0.113.9, 198.51.100.1, 10.0.0.1, 192.0.2.7"]
    assert "x-forwarded-for" not in headers
