"""uvicorn on sockets that are bound beforehand, without its signal handling and logs."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import h11
import uvicorn
from starlette.requests import ClientDisconnect

from embedded_aws.host.memory import read_little
from loopback_guard.http import RefusingProtocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.types import ASGIApp, Receive, Scope, Send

_ABSOLUTE_FORM = re.compile(rb"http://(?P<authority>[^/]+)(?P<path>/.*)?", re.DOTALL)
# A request that runs longer is cut off when the server stops.
_GRACE = 1
# A client whose request meets the end of an idle connection gets no answer, and not all try again.
_IDLE_SECONDS = 600
_MOST_INTERIM = 98
"""Interim responses to one request; newer versions of Python's client take no more than 99."""
_SHORTEST_PAUSE, _LONGEST_PAUSE, _GROWTH = 0.4, 15.0, 1.15
"""Seconds between them, from the first to the last: together a good 20 minutes."""


class _Connection(h11.Connection):
    """Keeps the header names of the last request as they were sent, and a response's head for its body.

    `held` is called when there is a head: whoever waits for nothing else takes it by `head`.
    """

    def __init__(self, state: dict[str, Any], most_bytes: int, held: Callable[[], object]) -> None:
        super().__init__(h11.SERVER, most_bytes)
        self._app_state = state
        self._held = held
        self._head = b""

    def send(self, event: Any) -> Any:
        sent = super().send(event)
        if isinstance(event, h11.Response):
            self._head = sent or b""
            self._held()
            return b""
        return (self.head() + (sent or b"")) if self._head else sent

    def head(self) -> bytes:
        head, self._head = self._head, b""
        return head

    def next_event(self) -> Any:
        event = super().next_event()
        if isinstance(event, h11.Request):
            self._app_state["header_fields"] = event.headers.raw_items()
        return event


class Protocol(RefusingProtocol):
    """HTTP/1.1 that adds `header_fields` to the request's state: the headers in their original case.

    ASGI has names in lower case only, API Gateway hands them to functions as the client sent them.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Each request gets a copy of this state: it must not be shared by connections.
        self.app_state = dict(self.app_state)
        limit = self.config.h11_max_incomplete_event_size or 256 * 1024
        # Head and body leave at once, if the body is there by then.
        connection = _Connection(self.app_state, limit, lambda: self.loop.call_soon(self._send_head))
        self.conn, self._head = connection, connection.head
        self._waits: _Waits | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to read."""
        read_little(transport)
        super().connection_made(transport)

    def _send_head(self) -> None:
        if head := self._head():
            self.transport.write(head)

    def keep_waiting(self) -> None:
        """Send an interim response, if one is of use (HTTP/1.0 knows none) and the last was long ago."""
        if self.cycle is None or self.cycle.response_started or self.conn.their_http_version != b"1.1":
            return
        if self._waits is None or self._waits.cycle is not self.cycle:
            self._waits = _Waits(self.cycle)
        if self.conn.our_state is h11.SEND_RESPONSE and self._waits.is_due(time.monotonic()):
            interim = h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue")
            self.transport.write(self.conn.send(interim) or b"")


@dataclass
class _Waits:
    """How often the client of one request was told to wait."""

    cycle: object
    sent: int = 0
    last: float = 0.0

    def is_due(self, now: float) -> bool:
        """Count one more, if it is time: often at first, for clients that are soon out of patience."""
        pause = min(_LONGEST_PAUSE, _SHORTEST_PAUSE * _GROWTH**self.sent)
        if self.sent >= _MOST_INTERIM or now - self.last < pause:
            return False
        self.sent, self.last = self.sent + 1, now
        return True


class _Guarded:
    """An application whose requests may end with their client, without a word in the log."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with contextlib.suppress(ClientDisconnect):
            await self._app(_in_origin_form(scope), receive, send)


def _in_origin_form(scope: Scope) -> Scope:
    """Return a request that named the whole URL as one that names the path alone.

    Clients do so that take this port for a proxy, which reaches names that their system does not resolve.
    Of another host than the header's, it stays as it is: nothing has a path that begins with a scheme.
    https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2
    """
    raw: bytes = scope.get("raw_path") or b""
    if raw.startswith(b"/"):
        return scope
    hosts = [text for name, text in scope.get("headers", ()) if name == b"host"]
    found = _ABSOLUTE_FORM.fullmatch(raw)
    if not found or [found["authority"].lower()] != [host.lower() for host in hosts]:
        return scope
    path = found["path"] or b"/"
    return {**scope, "raw_path": path, "path": unquote(path.decode("latin-1"))}


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.accepting = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.accepting.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the process that owns the server."""
        yield


class HttpServer:
    """One ASGI application on one socket, in the running event loop."""

    def __init__(self, app: ASGIApp, listener: socket.socket) -> None:
        # Connections inherit it. asyncio sets it only for sockets made for TCP by number; without it, each
        # response on a connection that is used again waits 40 ms for the client's delayed acknowledgement.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._listener = listener
        self._server = _Server(
            uvicorn.Config(
                _Guarded(app),
                http=Protocol,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                # The peer is who sent a request, whatever its X-Forwarded-For says.
                proxy_headers=False,
                timeout_graceful_shutdown=_GRACE,
                timeout_keep_alive=_IDLE_SECONDS,
            )
        )
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Serve in the background, once connections are accepted."""
        self._task = asyncio.create_task(self._server.serve(sockets=[self._listener]))
        accepting = asyncio.create_task(self._server.accepting.wait())
        await asyncio.wait({self._task, accepting}, return_when=asyncio.FIRST_COMPLETED)
        if self._task.done():
            accepting.cancel()
            await self._task

    def keep_waiting(self) -> None:
        """Tell the clients that have no answer yet that they will get one, before they give up.

        `100 Continue` may come at any time, and says nothing: https://www.rfc-editor.org/rfc/rfc9110#section-15.2
        """
        for connection in list(self._server.server_state.connections):
            if isinstance(connection, Protocol):
                connection.keep_waiting()

    async def stop(self) -> None:
        """Close the port and end open requests."""
        self._server.should_exit = True
        if self._task:
            await self._task


class ServerThread:
    """One ASGI application on one socket, in an event loop and a thread of its own."""

    def __init__(self, app: ASGIApp, listener: socket.socket, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._server = HttpServer(app, listener)
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)

    def start(self) -> None:
        """Serve, once connections are accepted."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._server.start(), self._loop).result()

    def stop(self) -> None:
        """Close the port, end open requests and the thread."""
        asyncio.run_coroutine_threadsafe(self._server.stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
