"""An ASGI application behind a real port, in a thread of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from embedded_aws.host.http_server import HttpServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp

_DEADLINE = 60


@contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """Serve on a free port and yield the base URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = HttpServer(app, listener)
    asyncio.run_coroutine_threadsafe(server.start(), loop).result(_DEADLINE)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(_DEADLINE)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_DEADLINE)
        loop.close()
        listener.close()
