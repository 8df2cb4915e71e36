"""Requests of the deployed API, and the replies of its function."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import h11

from embedded_aws.aws.interfaces import InvokeResult
from embedded_aws.front_door import front_door
from embedded_aws.gateway.app import Gateway, Services
from embedded_aws.gateway.http_api.model import Cors, Integration, Route
from embedded_aws.gateway.model import Integration as RestIntegration
from embedded_aws.gateway.model import IntegrationResponse, Method, Resource, Validator
from embedded_aws.xray.service import XRay
from tests.embedded_aws.gateway.control import Control
from tests.embedded_aws.gateway.fakes import CountingIds, Function, Logs, OneStage, Rules, ok, proxy, stage
from tests.embedded_aws.gateway.http_api.fakes import FUNCTION
from tests.embedded_aws.gateway.http_api.fakes import api as http_api
from tests.embedded_aws.gateway.http_api.fakes import front as http_front
from tests.fuzz.intake import header
from tests.fuzz.mutation import Source, encoded, printable
from tests.fuzz.target import Answer, Request, Take, Target, ask, check_status, loop

PREFIX = "/execute-api/abc123/dev"
_PATHS = (
    "/hello",
    "/items/7",
    "/files/a/b%20c",
    "/",
    "//",
    "/hello/",
    "/items/%2F%00",
    "/files/../x",
    "/checked",
    "/signed",
)
_NAMES = (
    "Accept", "Content-Type", "Cookie", "Host", "X-Forwarded-For", "X-Api-Key", "User-Agent",
    "Content-Encoding", "Origin", "Authorization", "X-Amz-Date",
    "Expect", "Via", "Forwarded", "X-Amzn-Trace-Id", "x-custom",
)  # fmt: skip
_HEADER_VALUES = (
    "text/plain", "application/json; charset=utf-8", "a=b; c=d", "10.0.0.1, 10.0.0.2", "*/*", "gzip", "\xe9",
    "", "http://[", "image/png", "a" * 2000,
    "AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/execute-api/aws4_request, SignedHeaders=a, Signature=0",
)  # fmt: skip
_HOSTS = (
    "127.0.0.1:4566",
    "localhost",
    "api.localhost:1",
    "a-b.execute-api.localhost",
    "evil.com",
    "[::1]",
    "[",
    "::",
)
_ORIGINS = (
    "http://localhost:3000",
    "http://evil.com",
    "http://[",
    "null",
    "http://127.0.0.1",
    "file://",
    "\xe9",
)
_SITES = ("same-origin", "cross-site", "same-site", "none")
_REPLY = {
    "statusCode": 200,
    "headers": {"Content-Type": "text/plain", "X-A": "b", "Set-Cookie": "a=b"},
    "multiValueHeaders": {"Set-Cookie": ["a=b", "c=d"]},
    "body": "hello",
    "isBase64Encoded": False,
}
_HEADER_NAMES = (
    "trail ",
    "",
    "a b",
    "a:",
    "\xe9",
    "Content-Length",
    "Transfer-Encoding",
    "Connection",
    "x\n",
    "(",
    "Date",
)
_HEADERS_OF_REPLIES: tuple[Any, ...] = (
    "b ",
    " b",
    "",
    "\t",
    "a\r\nb: c",
    "\x01",
    "\x7f",
    "\xe9",
    "\u2028",
    None,
    5,
    True,
    {},
    [],
)
_TREE = (
    Resource("r0", "/", {"GET": proxy("GET"), "POST": proxy("POST")}),
    Resource("r1", "/hello", {"GET": proxy("GET"), "POST": proxy("POST")}),
    Resource("r2", "/items/{id}", {"ANY": proxy("ANY")}),
    Resource("r5", "/signed", {"ANY": proxy("ANY", authorization="AWS_IAM")}),
    Resource("r3", "/files/{name+}", {"ANY": proxy("ANY", api_key_required=False)}),
    Resource(
        "r4",
        "/checked",
        {
            "POST": proxy(
                "POST",
                validator=Validator(body=True, parameters=True),
                models={"application/json": "A"},
                parameters={"method.request.querystring.a": True},
            ),
            "OPTIONS": Method(
                "OPTIONS",
                RestIntegration(
                    "MOCK",
                    templates={"application/json": '{"statusCode": 200}'},
                    responses=(IntegrationResponse(200),),
                ),
            ),
        },
    ),
)


_HTTP_PREFIX = "/execute-api/abc"
_EVENT = {"Detail": "$request.body.a", "Source": "${context.x}"}
_HTTP_ROUTES = (
    Route("GET /hello", FUNCTION),
    Route("POST /old/{id}", Integration("AWS_PROXY", FUNCTION.uri, payload="1.0")),
    Route("ANY /{proxy+}", FUNCTION),
    Route("POST /items/{id}", Integration("AWS_PROXY", subtype="EventBridge-PutEvents", parameters=_EVENT)),
)
_HTTP_STAGES = (
    http_api(*_HTTP_ROUTES, cors=Cors(("http://localhost:*",), ("GET",), exposed=("x-a",), credentials=True)),
    http_api(*_HTTP_ROUTES, name="dev"),
)
_DOCUMENT = {
    "openapi": "3.0.1",
    "info": {"title": "a"},
    "paths": {
        "/a/{id}": {
            "parameters": [{"$ref": "#/components/parameters/id"}],
            "get": {"x-amazon-apigateway-integration": {"type": "mock", "responses": {"default": {}}}},
            "x-amazon-apigateway-any-method": {
                "security": [{"s": []}],
                "requestBody": {
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}
                },
                "responses": {"200": {"headers": {"X-A": {}}}},
            },
        },
    },
    "components": {
        "parameters": {"id": {"in": "path", "name": "id", "required": True}},
        "schemas": {"A": {"type": "object"}},
        "securitySchemes": {"s": {"type": "apiKey", "x-amazon-apigateway-authorizer": {"type": "token"}}},
    },
    "x-amazon-apigateway-gateway-responses": {"DEFAULT_4XX": {"statusCode": 418}},
}


def method(source: Source) -> str:
    return source.one("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "PROPFIND", "X-Y", "get")


def path(source: Source) -> str:
    """Return an encoded path as an HTTP server hands it on: printable ASCII."""
    return "/" + printable(source.text(source.pick(_PATHS)))[:2000].removeprefix("/")


def headers(source: Source) -> tuple[tuple[bytes, bytes], ...]:
    """Return headers that an HTTP server lets through: a value may have any byte from 0x80 on."""
    found = []
    for _ in range(source.upto(6)):
        name = source.pick(_NAMES)
        value = header(source) if name == "X-Amzn-Trace-Id" else source.text(source.pick(_HEADER_VALUES))
        found.append((name.encode(), sendable(value)))
    return tuple(found)


def request(source: Source) -> Request:
    query = source.text("a=b&a=c&token=%20x&limit=5").encode("ascii", "replace")
    body = (
        encoded(source.json({"a": [1, "b"], "c": None}))
        if source.sometimes(0.5)
        else source.randbytes(source.upto(60))
    )
    return Request(method(source), PREFIX + path(source), query.replace(b" ", b"+"), headers(source), body)


def http_request(source: Source) -> Request:
    """Return a request for an HTTP API or a function URL."""
    asked = request(source)
    return replace(asked, path=_HTTP_PREFIX + source.one("", "/dev") + path(source))


def sendable(text: str) -> bytes:
    return "".join(one for one in text if " " <= one != "\x7f")[:5000].strip().encode("latin-1", "replace")


def hosted(source: Source) -> Request:
    """Return a request with whatever Host, Origin and Fetch Metadata."""
    found = [(b"Host", sendable(source.text(source.pick(_HOSTS))))]
    if source.sometimes(0.7):
        found.append((b"Origin", sendable(source.text(source.pick(_ORIGINS)))))
    if source.sometimes(0.5):
        found.append((b"Sec-Fetch-Site", source.pick(_SITES).encode()))
    if source.sometimes(0.1):
        found.append((b"Content-Length", source.one(b"0", b"00", b"-1", b"9" * 5000, b"0, 0", b"x")))
    if source.sometimes(0.05):
        found.append(found[-1])
    path = source.one(
        "/", "/TraceSummaries", "/_local/status", "/v1/traces", "/GetSamplingRules", "/bucket/key"
    )
    return Request(method(source), path, b"", tuple(found))


def reply(source: Source) -> str:
    """Return what a function answers, as JSON text."""
    sample: dict[str, Any] = json.loads(json.dumps(_REPLY))
    if source.sometimes(0.4):
        sample["headers"][source.pick(_HEADER_NAMES)] = source.pick(_HEADERS_OF_REPLIES)
    if source.sometimes(0.2):
        sample["multiValueHeaders"][source.pick(_HEADER_NAMES)] = [source.pick(_HEADERS_OF_REPLIES)]
    if source.sometimes(0.2):
        sample["statusCode"] = source.one(
            100, 101, 199, 204, 304, 599, 600, "200", "9" * 5000, "\u0662", 2.0, True, -1
        )
    if source.sometimes(0.1):
        sample["isBase64Encoded"] = True
    return source.json(sample, 0.04)


def check_sendable(answer: Answer) -> None:
    """Let the HTTP server's own library read the answer; it raises for what cannot be sent."""
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    connection.next_event()
    connection.send(h11.Response(status_code=answer.status, headers=list(answer.headers)))
    connection.send(h11.Data(data=answer.body))
    connection.send(h11.EndOfMessage())


@contextmanager
def _opened(function: Function) -> Iterator[Any]:
    xray = XRay(None)
    deployed = stage(*_TREE, binary_media_types=("image/png",))
    services = Services(OneStage(deployed), function, Rules(), xray, Logs(), lambda _: None)
    gateway = Gateway(services, clock=lambda: 1_700_000_000.25, ids=CountingIds())
    try:
        with loop() as run:
            yield lambda asked: run(ask(gateway, asked))
    finally:
        xray.close()


@contextmanager
def _requests() -> Iterator[Take]:
    with _opened(Function(ok())) as send:

        def take(asked: Request) -> None:
            answer = send(asked)
            # A mock without a template for the body's type is a 500 on AWS too.
            mocked = asked.method == "OPTIONS" and asked.path.rstrip("/").endswith("/checked")
            check_status(answer, *([500] if mocked else []))
            check_sendable(answer)

        yield take


@contextmanager
def _replies() -> Iterator[Take]:
    function = Function()
    with _opened(function) as send:

        def take(text: str) -> None:
            function.calls.clear()
            function.answer = InvokeResult(status=200, payload=encoded(text), request_id="r")
            answer = send(Request("GET", f"{PREFIX}/hello", headers=((b"Accept", b"image/png"),)))
            # A reply that is malformed is API Gateway's 502.
            check_status(answer, 502, *range(500, 600))
            check_sendable(answer)

        yield take


async def _admitted(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@contextmanager
def _origins() -> Iterator[Take]:
    app = front_door(_admitted, "abc123".__eq__)
    with loop() as run:
        yield lambda asked: check_status(run(ask(app, asked)))


def document(source: Source) -> str:
    """Return an OpenAPI document, as JSON text."""
    return source.json(_DOCUMENT, 0.04)


@contextmanager
def _http_requests() -> Iterator[Take]:
    gateway = http_front(*_HTTP_STAGES)
    with loop() as run:

        def take(asked: Request) -> None:
            answer = run(ask(gateway.gateway, asked))
            check_status(answer)
            check_sendable(answer)

        yield take


@contextmanager
def _http_replies() -> Iterator[Take]:
    gateway = http_front(*_HTTP_STAGES)
    with loop() as run:

        def take(text: str) -> None:
            gateway.function.calls.clear()
            gateway.function.answer = InvokeResult(status=200, payload=encoded(text), request_id="r")
            # What is malformed is an HTTP API's 500.
            answer = run(ask(gateway.gateway, Request("GET", f"{_HTTP_PREFIX}/hello")))
            check_status(answer, *range(500, 600))
            check_sendable(answer)

        yield take


@contextmanager
def _documents() -> Iterator[Take]:
    control = Control()
    api = control.imported(_DOCUMENT)

    def take(text: str) -> None:
        answer = control.answer("PUT", f"/restapis/{api}", encoded(text), mode="overwrite")
        assert answer.status_code in {200, 400, 404}, answer.text

    yield take


TARGETS = (
    Target("http apis", 10, http_request, _http_requests, 500),
    Target("http api replies", 10, reply, _http_replies, 500),
    Target("openapi", 1, document, _documents, 100),
    Target("origins", 60, hosted, _origins),
    Target("requests", 60, request, _requests, 500),
    Target("replies", 80, reply, _replies, 500),
)
