"""Runs a WSGI application under ASGI, mostly in a thread per request; the body is read before it starts."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from embedded_aws.aws.http import read_body, run_in_thread
from embedded_aws.aws.parsing import header_field

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]


class WsgiBridge:
    """An ASGI application around a WSGI one; `extend` adds to each request's environment.

    What `is_short` tells to be answered at once is: a thread of its own takes as long to begin and to end.
    """

    def __init__(
        self,
        app: WsgiApp,
        extend: Callable[[Scope], Environ] = lambda _scope: {},
        is_short: Callable[[Environ], bool] = lambda _environ: False,
    ) -> None:
        self._app = app
        self._extend = extend
        self._is_short = is_short

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request; what the application raises is raised here, and `ParseError`."""
        environ = build_environ(scope, await read_body(receive)) | self._extend(scope)
        if self._is_short(environ):
            status, headers, content = _call(self._app, environ)
        else:
            status, headers, content = await run_in_thread(lambda: _call(self._app, environ))
        # Some of S3's are whatever the request asks for.
        raw = [header_field(name.lower(), value) for name, value in headers]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": content})


def build_environ(scope: Scope, body: bytes) -> Environ:
    """Build the WSGI environment of an ASGI request."""
    host, port = scope.get("server") or ("127.0.0.1", 80)
    raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
    query = scope["query_string"].decode("latin-1")
    environ: Environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode().decode("latin-1"),
        # The path before decoding: S3 keys may contain an encoded slash.
        "RAW_URI": raw_path.decode("latin-1") + (f"?{query}" if query else ""),
        "QUERY_STRING": query,
        "SERVER_NAME": str(host),
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": scope["client"][0] if scope.get("client") else "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": io.BytesIO(body),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in scope["headers"]:
        key = name.decode("latin-1").upper().replace("-", "_")
        key = key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"
        text = value.decode("latin-1")
        environ[key] = f"{environ[key]},{text}" if key in environ else text
    # Chunked transfer coding ended at the HTTP server; the length is known now.
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    environ["CONTENT_LENGTH"] = str(len(body))
    return environ


def _call(app: WsgiApp, environ: Environ) -> tuple[int, list[tuple[str, str]], bytes]:
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], _exc_info: object = None) -> None:
        started.append((status, headers))

    chunks = app(environ, start_response)
    try:
        content = b"".join(chunks)
    finally:
        close = getattr(chunks, "close", None)
        if close:
            close()
    status, headers = started[-1]
    return int(status.split(" ", 1)[0]), headers, content
