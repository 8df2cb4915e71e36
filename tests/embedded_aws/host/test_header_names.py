"""The HTTP protocol under the server: header names as they were sent, which ASGI has in lower case alone."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse

from tests.embedded_aws.raw import exchange, request
from tests.embedded_aws.serving import serving


async def names(scope: Any, receive: Any, send: Any) -> None:
    """Answer with ASGI's names of the headers, and with those that were sent."""
    sent = [name.decode() for name, _ in scope["state"]["header_fields"]]
    lower = [name.decode() for name, _ in scope["headers"]]
    await JSONResponse([lower, sent])(scope, receive, send)


def test_header_names_keep_their_case() -> None:
    """API Gateway hands names to functions as clients write them, so they must get through the server."""
    with serving(names) as url:
        lower, sent = exchange(url, request("GET /", {"X-MiXed": "1"})).json()
    assert lower == ["host", "content-length", "x-mixed"]
    assert sent == ["Host", "Content-Length", "X-MiXed"]
