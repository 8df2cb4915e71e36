"""The little of ASGI that Lambda's API needs: whole requests, whole responses, a call to another app."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from embedded_aws.aws.wsgi import read_body

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True)
class Request:
    """One request; header names are lower-case, `path` is as sent, not decoded."""

    scope: Scope
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Response:
    """One response."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


async def read_request(scope: Scope, receive: Receive) -> Request:
    """Read a request to its end; raises `ClientDisconnect`."""
    body = await read_body(receive)
    raw_path = scope.get("raw_path")
    return Request(
        scope=scope,
        method=scope["method"],
        path=raw_path.decode("ascii") if raw_path else scope["path"],
        query=scope.get("query_string", b"").decode("latin-1"),
        headers={name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]},
        body=body,
    )


async def send_response(send: Send, response: Response) -> None:
    """Send a response; the body is JSON unless its headers say otherwise."""
    headers = {
        "content-type": "application/json",
        **response.headers,
        "content-length": str(len(response.body)),
    }
    encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": encoded})
    await send({"type": "http.response.body", "body": response.body})


async def forward(app: App, request: Request, body: bytes) -> Response:
    """Call another app with the request, with this body in place of its own."""
    headers = [item for item in request.scope["headers"] if item[0].lower() != b"content-length"]
    scope = {**request.scope, "headers": [*headers, (b"content-length", str(len(body)).encode())]}
    started: Message = {}
    received = bytearray()
    pending = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return pending.pop() if pending else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            started.update(message)
        else:
            received.extend(message.get("body", b""))

    await app(scope, receive, send)
    headers_of = {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in started["headers"]
    }
    return Response(started["status"], bytes(received), headers_of)
