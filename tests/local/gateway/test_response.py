from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any

import pytest

from local.interfaces import InvokeResult
from tests.local.gateway.fakes import Front, ok, returned, stage

FrontFactory = Callable[..., Front]


def test_reply_becomes_the_response(front: FrontFactory) -> None:
    """Status, headers, repeated headers and body are those that the function asked for."""
    answer = ok(
        "made",
        statusCode=201,
        headers={"Content-Type": "text/plain", "X-Number": 7, "X-Both": "lost"},
        multiValueHeaders={"Set-Cookie": ["a=1", "b=2"], "x-both": ["kept"]},
    )
    response = front(answer=answer).request("GET", "/hello")
    assert (response.status_code, response.text) == (201, "made")
    assert response.headers["content-type"] == "text/plain"
    assert response.headers["x-number"] == "7"
    assert response.headers["x-both"] == "kept"
    assert response.headers.get_list("set-cookie") == ["a=1", "b=2"]


def test_ids_in_the_response(front: FrontFactory) -> None:
    """Every response names its request, as API Gateway's do."""
    response = front().request("GET", "/hello")
    assert response.headers["x-amzn-requestid"] == "00000000-0000-4000-a000-000000000002"
    assert response.headers["x-amz-apigw-id"] == "AAAAAAAAQACgAAA="


def test_content_type_defaults_to_json(front: FrontFactory) -> None:
    """A reply without a content type is JSON."""
    assert front().request("GET", "/hello").headers["content-type"] == "application/json"


def test_empty_reply_is_an_empty_200(front: FrontFactory) -> None:
    """`{}` is a valid reply: 200 with an empty body."""
    response = front(answer=returned({})).request("GET", "/hello")
    assert (response.status_code, response.content) == (200, b"")


def test_status_as_text_is_accepted(front: FrontFactory) -> None:
    """API Gateway takes a status code in quotes."""
    assert front(answer=ok(statusCode="404")).request("GET", "/hello").status_code == 404


@pytest.mark.parametrize("accept", ["image/png", "image/png, text/html"])
def test_binary_reply_is_decoded(front: FrontFactory, accept: str) -> None:
    """Base64 is decoded when the first accepted type is binary."""
    answer = ok(base64.b64encode(b"\x89PNG").decode(), isBase64Encoded=True)
    gateway = front(stage(binary_media_types=("image/png",)), answer)
    assert gateway.request("GET", "/hello", headers={"Accept": accept}).content == b"\x89PNG"


def test_base64_stays_without_binary_type(front: FrontFactory) -> None:
    """Base64 is sent as it is when the client does not accept a binary type."""
    text = base64.b64encode(b"\x89PNG").decode()
    gateway = front(stage(binary_media_types=("image/png",)), ok(text, isBase64Encoded=True))
    assert gateway.request("GET", "/hello", headers={"Accept": "text/html"}).text == text


def test_connection_headers_are_renamed(front: FrontFactory) -> None:
    """Headers that API Gateway sets itself come back under another name, transfer coding is dropped."""
    answer = ok(headers={"Date": "never", "Content-Length": "999", "Transfer-Encoding": "chunked"})
    response = front(answer=answer).request("GET", "/hello")
    assert response.headers["x-amzn-remapped-date"] == "never"
    assert response.headers["x-amzn-remapped-content-length"] == "999"
    assert response.headers["content-length"] == "6"
    assert "transfer-encoding" not in response.headers


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("just text", "not a string"),
        (None, "not null"),
        ([1], "not a list"),
        ({"statusCode": 200, "body": {"a": 1}}, "use json.dumps"),
        ({"statusCode": "ok"}, "statusCode"),
        ({"statusCode": 99}, "statusCode"),
        ({"statusCode": True}, "statusCode"),
        ({"statusCode": 200, "cookies": []}, "unknown keys cookies"),
        ({"headers": ["a"]}, "must be objects"),
        ({"headers": {"a": ["b"]}}, r"headers\['a'\]"),
        ({"headers": {"a": "b\r\nc: d"}}, "line break"),
        ({"headers": {"ä": "b"}}, "cannot be sent"),
        ({"multiValueHeaders": {"a": "b"}}, "must be a list"),
        ({"isBase64Encoded": "yes"}, "isBase64Encoded"),
    ],
)
def test_malformed_reply(
    front: FrontFactory, caplog: pytest.LogCaptureFixture, reply: Any, reason: str
) -> None:
    """A malformed reply is API Gateway's 502, and the log says what is wrong with it."""
    response = front(answer=returned(reply)).request("GET", "/hello")
    assert (response.status_code, response.json()) == (502, {"message": "Internal server error"})
    assert response.headers["x-amzn-errortype"] == "InternalServerErrorException"
    [record] = caplog.records
    assert re.search(reason, record.getMessage())


def test_reply_that_is_not_json(front: FrontFactory) -> None:
    """A payload that is no JSON is a malformed reply."""
    assert front(answer=InvokeResult(200, b"{")).request("GET", "/hello").status_code == 502


def test_function_error(front: FrontFactory) -> None:
    """A function that failed is a 502, whatever its error payload looks like."""
    failed = InvokeResult(200, b'{"statusCode": 200}', function_error="Unhandled")
    response = front(answer=failed).request("GET", "/hello")
    assert (response.status_code, response.json()) == (502, {"message": "Internal server error"})


@pytest.mark.parametrize("status", [403, 404, 429, 500])
def test_lambda_refuses(front: FrontFactory, status: int) -> None:
    """What Lambda itself refuses, throttling included, is API Gateway's 500."""
    refused = InvokeResult(status, b"{}", error_type="TooManyRequestsException")
    response = front(answer=refused).request("GET", "/hello")
    assert (response.status_code, response.json()) == (500, {"message": "Internal server error"})
    assert response.headers["x-amzn-errortype"] == "InternalServerErrorException"


def test_lambda_finds_the_event_too_large(front: FrontFactory) -> None:
    """An event above Lambda's limit is a 413."""
    assert front(answer=InvokeResult(413)).request("GET", "/hello").status_code == 413


def test_no_body_with_204(front: FrontFactory) -> None:
    """A 204 has neither body nor length, even when the function sent one."""
    response = front(answer=ok(statusCode=204)).request("GET", "/hello")
    assert (response.status_code, response.content) == (204, b"")
    assert "content-length" not in response.headers
