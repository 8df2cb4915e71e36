"""Runs a WSGI application under ASGI, with one thread per request.

A thread per request, because SQS's long polls keep theirs for up to 20 s: in a pool they would starve
everything else. The threads are daemons, so an open poll does not hold up the exit. The body is read before
the thread starts, so a slow client holds none.
"""

from __future__ import annotations

import asyncio
import io
import sys
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.requests import ClientDisconnect

from embedded_aws.aws.parsing import header_field

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

Environ = dict[str, Any]
WsgiApp = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
_T = TypeVar("_T")


async def run_in_thread(call: Callable[[], _T]) -> _T:
    """Run a blocking call in a daemon thread of its own."""
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

    threading.Thread(target=run, name="aws-call", daemon=True).start()
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


class WsgiBridge:
    """An ASGI application around a WSGI one; `extend` adds to each request's environment."""

    def __init__(self, app: WsgiApp, extend: Callable[[Scope], Environ] = lambda _scope: {}) -> None:
        self._app = app
        self._extend = extend

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request; what the application raises is raised here, and `ParseError`."""
        environ = build_environ(scope, await read_body(receive)) | self._extend(scope)
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
