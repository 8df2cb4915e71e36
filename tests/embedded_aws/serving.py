"""An ASGI application behind a real port, in a thread of its own."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

from embedded_aws.host.http_server import ServerThread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp


@contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """Serve on a free port and yield the base URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = ServerThread(app, listener, "serving")
    server.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.stop()
        listener.close()
