"""What is not HTTP, on the console's port."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from waterfall.web.listener import bind
from waterfall.web.server import serving_app

if TYPE_CHECKING:
    from starlette.requests import Request


async def hello(request: Request) -> PlainTextResponse:
    return PlainTextResponse("hi")


def test_a_bad_chunk_leaves_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    """The client gets its one answer, and the log a line."""
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    listener = bind(0, "--port")
    place = listener.getsockname()
    with serving_app(Starlette(routes=[Route("/", hello, methods=["POST"])]), listener):
        with socket.create_connection(place, 10) as connection:
            connection.sendall(head + b"zz\r\nabc")
            received = b"".join(iter(lambda: connection.recv(65536), b""))
        assert received.startswith(b"HTTP/1.1 400 ")
    assert not [record for record in caplog.records if record.exc_info]
