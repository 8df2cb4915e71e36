"""Serves the console on loopback: bound first, so that a taken port is known before anything else."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

import uvicorn

from loopback_guard.http import RefusingProtocol
from waterfall.traces.client import Source, connect
from waterfall.web.app import create_app
from waterfall.web.listener import address_of, bind

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

    from starlette.applications import Starlette

    from waterfall.web.news import News

_GRACE = 1  # seconds that running requests may take at the end
_LEAVE = 0.5  # the same for a console that ends with what it shows


def serve(source: Source, port: int, announce: Callable[[str], None]) -> None:
    """Serve until Ctrl-C; `announce` gets the address. Raises ConsoleError and ReadError."""
    with bind(port) as listener:
        server = _server(create_app(connect(source), source))
        announce(address_of(listener))
        with contextlib.suppress(KeyboardInterrupt):
            server.run(sockets=[listener])


@contextlib.contextmanager
def serving(source: Source, listener: socket.socket) -> Iterator[str]:
    """Serve in a thread, on what `bind` returned, and yield the address; stops at once in the end."""
    with serving_app(create_app(connect(source), source), listener) as address:
        yield address


@contextlib.contextmanager
def serving_app(app: Starlette, listener: socket.socket) -> Iterator[str]:
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


def _server(app: Starlette) -> uvicorn.Server:
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
    return _Server(config, getattr(app.state, "news", None))


class _Server(uvicorn.Server):
    """Ends the streams of open pages first, which it would wait for, and closes what it cuts off."""

    def __init__(self, config: uvicorn.Config, news: News | None) -> None:
        super().__init__(config)
        self._news = news

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._news:
            self._news.close()
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):
            connection.transport.abort()
