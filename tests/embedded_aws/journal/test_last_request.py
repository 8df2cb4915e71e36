"""The last request of a client, as it can be sent again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from embedded_aws.journal.last_request import MOST_BYTES, LastRequest

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

PARENT = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"


async def reads_all(_scope: Scope, receive: Receive, _send: Send) -> None:
    while (await receive()).get("more_body"):
        pass


def send(app: LastRequest, body: bytes = b"", **headers: str) -> None:
    pieces = [body[: len(body) // 2], body[len(body) // 2 :]]
    messages = [
        {"type": "http.request", "body": piece, "more_body": number == 0}
        for number, piece in enumerate(pieces)
    ]

    async def receive() -> Any:
        return messages.pop(0)

    async def no_send(_message: Any) -> None:
        return

    fields = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/a b",
        "raw_path": b"/a%20b",
        "query_string": b"x=1",
        "headers": fields,
    }
    asyncio.run(app(scope, receive, no_send))


def test_method_target_headers_and_body_are_kept() -> None:
    app = LastRequest(reads_all)
    send(app, b"body", Content_Type="text/plain", Content_Length="4", X_Amzn_Trace_Id="Self=1")
    assert app.request is not None
    assert (app.request.method, app.request.target, app.request.body) == ("POST", "/a%20b?x=1", b"body")
    assert app.request.headers == {"Content-Type": "text/plain"}


def test_what_a_function_asks_is_not_the_clients() -> None:
    app = LastRequest(reads_all)
    send(app, b"client")
    send(app, b"function", X_Amzn_Trace_Id=PARENT)
    assert app.request is not None
    assert app.request.body == b"client"


def test_a_large_body_is_not_kept() -> None:
    app = LastRequest(reads_all)
    send(app, b"x" * (MOST_BYTES + 1))
    assert app.request is None
