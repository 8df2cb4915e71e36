"""Serves the console on loopback: bound first, so that a taken port is known before anything else."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from typing import TYPE_CHECKING

import uvicorn

from waterfall.client import Source, connect
from waterfall.web.app import create_app

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.applications import Starlette

HOST = "127.0.0.1"
DEFAULT_PORT = 8080
_GRACE = 1  # seconds that running requests may take at the end


class ConsoleError(Exception):
    """The console cannot be served; the message is one line for the user."""


def bind(port: int, option: str = "--port") -> socket.socket:
    """Listen on loopback, on any free port for 0; raises ConsoleError naming `option`."""
    try:
        listener = socket.create_server((HOST, port), backlog=128)
    except (OSError, OverflowError) as problem:
        number = getattr(problem, "errno", None)
        reason = os.strerror(number) if number else str(problem)
        raise ConsoleError(
            f"cannot listen on {HOST}:{port}: {reason}; stop what uses it, or choose another port with "
            f"{option} (0 for any free one)"
        ) from problem
    # asyncio does so only for sockets made for TCP by number; connections inherit it
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def address_of(listener: socket.socket) -> str:
    host, port = listener.getsockname()
    return f"http://{host}:{port}"


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
        thread.join(_GRACE + 1)
        listener.close()


def _server(app: Starlette) -> uvicorn.Server:
    config = uvicorn.Config(
        app,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=_GRACE,
    )
    return uvicorn.Server(config)
