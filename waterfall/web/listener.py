"""Binds the console's port, without the imports of a web server."""

from __future__ import annotations

import os
import socket

from waterfall.ports import HOST


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
