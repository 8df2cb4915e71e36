"""Serves the console on loopback: bound first, so that a taken port is known before anything else."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any

import uvicorn

from loopback_guard.http import RefusingProtocol
from waterfall.web.listener import address_of, bind

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

    from starlette.applications import Starlette

    from waterfall.traces.client import Source

_GRACE = 1  # seconds that running requests may take at the end
_LEAVE = 0.5  # the same for a console that ends with what it shows


def serve(source: Source, port: int, announce: Callable[[str], None]) -> None:
    """Serve until Ctrl-C; `announce` gets the address. Raises ConsoleError and ReadError."""
    with bind(port) as listener:
        server = _server(_application(source))
        announce(address_of(listener))
        with contextlib.suppress(KeyboardInterrupt):
            server.run(sockets=[listener])


@contextlib.contextmanager
def serving(source: Source, listener: socket.socket) -> Iterator[str]:
    """Serve in a thread, on what `bind` returned, and yield the address; stops at once in the end."""
    with serving_app(_WhenAsked(source), listener) as address:
        yield address


@contextlib.contextmanager
def serving_app(app: Any, listener: socket.socket) -> Iterator[str]:
    server = _server(app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="console", daemon=True)
    thread.start()
    try:
        yield address_of(listener)
    finally:
        server.should_exit = True
        thread.join(_LEAVE)
        if not thread.is_alive():  # else the server, which still waits on it, closes it
            listener.close()


def _application(source: Source) -> Starlette:
    from waterfall.traces.client import connect  # noqa: PLC0415 - see `_WhenAsked`
    from waterfall.web.app import create_app  # noqa: PLC0415

    return create_app(connect(source), source)


class _WhenAsked:
    """The console, made when it is first asked for something.

    What it imports, and its client of X-Ray, take as long as all of DynamoDB: a stack that starts has better
    uses for that time.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._made: Starlette | None = None

    @property
    def state(self) -> object:
        return self._made and self._made.state

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self._made is None:  # on the event loop: who comes meanwhile waits for it too
            self._made = _application(self._source)
        await self._made(scope, receive, send)


def _server(app: Any) -> uvicorn.Server:
    config = uvicorn.Config(
        app,
        http=RefusingProtocol,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        timeout_graceful_shutdown=_GRACE,
    )
    return _Server(config)


class _Server(uvicorn.Server):
    """Ends the streams of open pages first, which it would wait for, and closes what it cuts off."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        application: Any = self.config.app
        if news := getattr(application.state, "news", None):
            news.close()
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):
            connection.transport.abort()
