"""Servers whose connections end with them."""

from __future__ import annotations

import asyncio
import contextlib
import socket

import pytest

from embedded_aws.host.listening import Servers


@pytest.mark.parametrize("turns", range(8))
def test_no_connection_outlives_its_server(turns: int) -> None:
    """However far it has come, in turns of the event loop, when its server is closed."""

    async def serve(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def ask() -> socket.socket:
        servers = Servers()
        port = await servers.listen(serve, host="127.0.0.1", port=0)
        client = socket.create_connection(("127.0.0.1", port), 10)
        for _ in range(turns):
            await asyncio.sleep(0)
        await servers.close()
        return client

    with asyncio.run(ask()) as client, contextlib.suppress(ConnectionResetError):
        assert client.recv(1) == b""


def test_a_connection_ends_when_it_was_served() -> None:
    """Whatever came of that."""

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"all")

    async def ask() -> bytes:
        servers = Servers()
        port = await servers.listen(serve, host="127.0.0.1", port=0)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        found = await reader.read()
        writer.close()
        await servers.close()
        return found

    assert asyncio.run(ask()) == b"all"
