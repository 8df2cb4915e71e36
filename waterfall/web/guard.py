"""What keeps other web sites, and text from traces, out of the console."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse

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
    """Refuses requests that name a host other than loopback or come from another site.

    A name that resolves to 127.0.0.1 would let any web page read traces (DNS rebinding).
    """

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

        refused = _reason_to_refuse(scope["method"], Headers(scope=scope))
        app = JSONResponse({"error": refused, "code": "Refused"}, 403) if refused else self._app
        await app(scope, receive, send_guarded)


def _reason_to_refuse(method: str, headers: Headers) -> str | None:
    host = headers.get("host", "")
    if not is_loopback(host):
        return f"the console answers only at 127.0.0.1 or localhost, not at {host!r}"
    if headers.get("sec-fetch-site") == "cross-site" and headers.get("sec-fetch-mode") != "navigate":
        return "another web site asked: the console answers only its own pages"
    return None if method in {"GET", "HEAD"} else _reason_to_change_nothing(host, headers)


def _reason_to_change_nothing(host: str, headers: Headers) -> str | None:
    """Refuse what a page of another origin, be it another port of this machine, may send without asking.

    Browsers name the page's origin with every such request, and ask before they send JSON elsewhere.
    """
    origin = headers.get("origin")
    if origin != f"http://{host}":
        return f"only the console's own pages may change something: the origin is {origin!r}"
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        return f"only JSON may change something: the content type is {kind!r}"
    return None


def is_loopback(host: str) -> bool:
    """Tell whether a Host header names this machine: `127.0.0.1:8080`, `localhost`, `[::1]:80`."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() and ":" in host else host
    name = name.removeprefix("[").removesuffix("]").lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
