"""What keeps other web sites, and text from traces, out of the console."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse

from loopback_guard import refusal

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_POLICY = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
)
HEADERS = {
    "Content-Security-Policy": "; ".join(_POLICY),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


class Guard:
    """Refuses requests that name a host other than loopback or come from a page that is not the console's."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refused = _reason_to_refuse(scope)
        app = JSONResponse({"error": refused, "code": "Refused"}, 403) if refused else self._app
        await app(scope, receive, send_guarded)


def _reason_to_refuse(scope: Scope) -> str | None:
    method, headers = scope["method"], Headers(scope=scope)
    reason = refusal(method, headers.items(), pages=True)
    return reason if reason or method in {"GET", "HEAD"} else _reason_to_change_nothing(headers)


def _reason_to_change_nothing(headers: Headers) -> str | None:
    """Refuse what no page of the console sends: those name their origin, and send JSON.

    Browsers ask before they send JSON elsewhere, so a page that hides its origin cannot send it either.
    """
    if "origin" not in headers:
        return "only the console's own pages may change something: the request names no origin"
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        return f"only JSON may change something: the content type is {kind!r}"
    return None
