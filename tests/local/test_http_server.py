"""The HTTP server on a bound socket."""

from __future__ import annotations

import socket

from local.http_server import HttpServer


async def nothing(scope, receive, send):
    """Answer nothing."""


def test_connections_send_without_delay():
    """A connection that the server accepts has Nagle's algorithm switched off."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        HttpServer(nothing, listener)
        with socket.create_connection(listener.getsockname()):
            accepted, _ = listener.accept()
            with accepted:
                assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
