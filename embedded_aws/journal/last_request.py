"""The last request to a deployed API, whole, so that it can be sent again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from embedded_aws.aws.trace_header import NAME, TraceHeader

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 1_000_000
_PASSING = frozenset({
    "accept-encoding", "connection", "content-length", "expect", "keep-alive", "te", "transfer-encoding",
    "upgrade", NAME.lower(), "traceparent", "tracestate",
})  # fmt: skip
"""Headers of one connection, or of one trace."""


@dataclass(frozen=True)
class WholeRequest:
    """`target` is path and query as they were sent; `headers` include `Host`."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


class LastRequest:
    """An ASGI app that remembers the last request which its client began, and hands all on to `app`.

    What a function asks of an API of its own carries the function's trace, so it is not the client's; a
    body of more than 1 MB is not kept.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.request: WholeRequest | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let `app` answer the request, and remember it when it has been read."""
        # The HTTP server keeps the names as sent; ASGI itself has them in lower case.
        fields = scope.get("state", {}).get("header_fields") or scope["headers"]
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in fields}
        trace = next((value for name, value in headers.items() if name.lower() == NAME.lower()), None)
        if TraceHeader.parse(trace).parent:
            await self._app(scope, receive, send)
            return
        body = bytearray()

        async def read() -> Message:
            message = await receive()
            body.extend(message.get("body", b"")[: MOST_BYTES + 1 - len(body)])
            whole = message["type"] == "http.request" and not message.get("more_body")
            if whole and len(body) <= MOST_BYTES:
                kept = {name: value for name, value in headers.items() if name.lower() not in _PASSING}
                self.request = WholeRequest(scope["method"], _target(scope), kept, bytes(body))
            return message

        await self._app(scope, read, send)


def _target(scope: Scope) -> str:
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    path, query = raw.split(b"?", 1)[0], bytes(scope.get("query_string", b""))
    return (path + b"?" + query if query else path).decode("latin-1")
