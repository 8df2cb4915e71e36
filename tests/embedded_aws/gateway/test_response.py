from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from embedded_aws.aws.interfaces import InvokeResult
from tests.embedded_aws.gateway.fakes import Front, ok, returned, stage
from tests.embedded_aws.serving import serving

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
        ({"headers": {"trail ": "b"}}, '"trail " is no header name'),
        ({"headers": {"": "b"}}, '"" is no header name'),
        ({"headers": {"a b": "b"}}, '"a b" is no header name'),
        ({"headers": {"a:": "b"}}, '"a:" is no header name'),
        ({"multiValueHeaders": {"a\n": ["b"]}}, "is no header name"),
        ({"headers": {"a": "\x0b"}}, "control character"),
        ({"headers": {"a": "\ud800"}}, "not in ISO-8859-1"),
        ({"statusCode": "9" * 5000}, "statusCode"),
        ({"statusCode": 1e300}, "statusCode"),
        ({"\ud800": 1}, r"unknown keys \\ud800"),
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


@pytest.mark.parametrize("payload", [b"[" * 100_000, b'{"statusCode": NaN}', b"9" * 5000, b"\xff"])
def test_reply_that_no_reader_takes(front: FrontFactory, payload: bytes) -> None:
    """Whatever bytes a function returns, API Gateway answers."""
    assert front(answer=InvokeResult(200, payload)).request("GET", "/hello").status_code == 502


def test_blanks_around_a_header_value_are_dropped(front: FrontFactory) -> None:
    """HTTP has none there."""
    response = front(answer=ok(headers={"X-A": " b "})).request("GET", "/hello")
    assert response.headers["x-a"] == "b"


def test_half_a_surrogate_pair_in_the_body(front: FrontFactory) -> None:
    """A text that was cut within a character is sent all the same."""
    assert front(answer=ok("cut \ud83d")).request("GET", "/hello").content == b"cut ?"


def test_malformed_header_is_answered_through_the_socket(front: FrontFactory) -> None:
    """The connection stays, and the next reply on it is served."""
    gateway = front(answer=ok(headers={"trail ": "b"}))
    with serving(gateway.gateway) as url, httpx.Client(base_url=f"{url}/execute-api/abc123/dev") as client:
        assert client.get("/hello").status_code == 502
        gateway.function.answer = ok()
        assert client.get("/hello").status_code == 200


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
