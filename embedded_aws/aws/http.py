"""The little of ASGI that services need: whole requests, whole responses, a call to another app, a thread."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.requests import ClientDisconnect

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_T = TypeVar("_T")


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
    """One response, as an ASGI application; the body is JSON unless its headers say otherwise."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send it."""
        headers = {
            "content-type": "application/json",
            **self.headers,
            "content-length": str(len(self.body)),
        }
        encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": self.status, "headers": encoded})
        await send({"type": "http.response.body", "body": self.body})


async def run_in_thread(call: Callable[[], _T]) -> _T:
    """Run a blocking call in a daemon thread of its own, in the caller's context.

    Not of a pool: SQS's long polls keep theirs for up to 20 s and would starve everything else. A daemon, so
    that an open poll does not hold up the exit.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[_T] = loop.create_future()

    def deliver(setter: Callable[[Any], None], value: object) -> None:
        if not future.done():
            setter(value)

    def run() -> None:
        try:
            outcome: tuple[Callable[[Any], None], object] = (future.set_result, call())
        except BaseException as problem:  # noqa: BLE001 - raised again where the call is awaited
            outcome = (future.set_exception, problem)
        if not loop.is_closed():
            loop.call_soon_threadsafe(deliver, *outcome)

    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(run,), name="aws-call", daemon=True).start()
    return await future


async def read_body(receive: Receive, limit: int | None = None) -> bytes:
    """Collect a request's whole body, of which nothing beyond `limit` bytes is kept.

    Raises `ClientDisconnect` when the client goes away before its end: half a body is no request.
    """
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk = message.get("body", b"")
        body += chunk if limit is None else chunk[: limit - len(body)]
        if not message.get("more_body"):
            return bytes(body)


def replay(body: bytes) -> Receive:
    """Return a `receive` that delivers a body that was read already."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def read_request(scope: Scope, receive: Receive) -> Request:
    """Read a request to its end; raises `ClientDisconnect`."""
    body = await read_body(receive)
    raw_path = scope.get("raw_path")
    return Request(
        scope=scope,
        method=scope["method"],
        path=raw_path.decode("latin-1") if raw_path else scope["path"],
        query=scope.get("query_string", b"").decode("latin-1"),
        headers={name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]},
        body=body,
    )


async def forward(app: ASGIApp, request: Request, body: bytes) -> Response:
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
