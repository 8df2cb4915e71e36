"""Servers of asyncio, for what `http_server` does not suit."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable, Coroutine
from typing import Any

_TURNS_OF_A_CONNECTION = 3
"""Turns of the event loop from a connection that is accepted to the server's callback."""

Serve = Callable[[StreamReader, StreamWriter], Coroutine[Any, Any, None]]


class Servers:
    """Servers, and a task for each connection, which is closed when that has ended."""

    def __init__(self) -> None:
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def listen(self, serve: Serve, **where: Any) -> int:
        """Let `serve` have each connection; return the port. `where` is what `asyncio.start_server` takes."""

        def connected(reader: StreamReader, writer: StreamWriter) -> None:
            task = asyncio.create_task(serve(reader, writer))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            task.add_done_callback(lambda _: writer.close())  # also of a task that was ended before it began

        server = await asyncio.start_server(connected, **where, start_serving=False)
        self._servers.append(server)
        port: int = server.sockets[0].getsockname()[1]
        await server.start_serving()
        return port

    async def close(self) -> None:
        """Stop listening and drop the connections, those too that have just come.

        asyncio forgets one whose server is closed before it has told that of it, and leaves its socket open:
        https://github.com/python/cpython/issues/109564.
        """
        loop = asyncio.get_running_loop()
        for server in self._servers:
            for listener in server.sockets:
                loop.remove_reader(listener.fileno())
        try:
            for _ in range(_TURNS_OF_A_CONNECTION):
                await asyncio.sleep(0)
        finally:
            for server in self._servers:
                server.close()
            for task in self._tasks:
                task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
