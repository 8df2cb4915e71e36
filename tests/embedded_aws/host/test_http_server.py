"""The HTTP server on a bound socket."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.responses import JSONResponse

from embedded_aws.aws.http import read_body
from embedded_aws.host.http_server import HttpServer
from tests.embedded_aws.raw import exchange, request
from tests.embedded_aws.serving import serving


async def nothing(scope: Any, receive: Any, send: Any) -> None:
    """Answer nothing."""


def test_connections_send_without_delay() -> None:
    """A connection that the server accepts has Nagle's algorithm switched off."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        HttpServer(nothing, listener)
        with socket.create_connection(listener.getsockname()):
            accepted, _ = listener.accept()
            with accepted:
                assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


async def hello(scope: Any, receive: Any, send: Any) -> None:
    """Answer without a look at the body."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"hi"})


def test_a_response_leaves_in_one_piece() -> None:
    """Head and body that are there together are one call of the system, and one packet."""
    with serving(hello) as url, connected(url) as connection:
        assert connection.recv(65536).endswith(b"\r\n\r\nhi")


def test_a_head_does_not_wait_for_its_body() -> None:
    """Who listens to events sees that it is connected before there is one."""
    seen = threading.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await asyncio.to_thread(seen.wait)
        await send({"type": "http.response.body", "body": b"hi"})

    with serving(slow) as url, connected(url) as connection:
        assert connection.recv(65536).endswith(b"\r\n\r\n")
        seen.set()
        assert connection.recv(65536) == b"hi"


@contextmanager
def connected(url: str) -> Iterator[socket.socket]:
    """Send a request on a connection."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), 10) as connection:
        connection.sendall(request("GET /", {}))
        yield connection


def test_a_connection_that_nobody_used_for_a_minute_is_still_there() -> None:
    """A server that ends one just when a request comes leaves a client of ours without an answer."""

    async def ask_twice() -> None:
        loop = asyncio.get_running_loop()
        passed, real = 0.0, loop.time
        loop.time = lambda: real() + passed  # type: ignore[method-assign]
        with socket.create_server(("127.0.0.1", 0)) as listener:
            server = HttpServer(hello, listener)
            await server.start()
            reader, writer = await asyncio.open_connection(*listener.getsockname())
            for _ in range(2):
                writer.write(request("GET /", {}))
                assert (await reader.readuntil(b"hi")).startswith(b"HTTP/1.1 200")
                passed += 60
                for _ in range(2):  # what is due is called in the next turn
                    await asyncio.sleep(0)
            writer.close()
            await server.stop()

    asyncio.run(ask_twice())


class Echo:
    """Answers with the body, and remembers it."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.ended = threading.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            self.bodies.append(await read_body(receive))
            await hello(scope, receive, send)
        finally:
            self.ended.set()


CHUNKED = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "parts",
    [
        (b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\r\n\r\n",),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 4_000_000 + b"\r\n\r\n",),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",),
        (CHUNKED, b"zz\r\nabc"),
        (CHUNKED, b"3\r\nabcXX0\r\n\r\n"),
    ],
)
def test_what_is_not_http_is_refused(parts: tuple[bytes, ...], caplog: pytest.LogCaptureFixture) -> None:
    """The client gets a 400 that it can read, however much it goes on to send, and the log no traceback."""
    with serving(Echo()) as url:
        assert exchange(url, *parts).status == 400
    assert not [record for record in caplog.records if record.exc_info]


def test_a_bad_chunk_after_the_answer_began(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing more can be said then; the answer was sent, and the log has no traceback."""
    with serving(hello) as url:
        with socket.create_connection((urlsplit(url).hostname, urlsplit(url).port), 10) as connection:
            connection.sendall(CHUNKED)
            received = connection.recv(65536)
            connection.sendall(b"zz\r\nabc")
            while chunk := connection.recv(65536):
                received += chunk
        assert received.endswith(b"hi")
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.parametrize("end", [b"zz\r\n", b""])
def test_half_a_body_is_no_request(end: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """A client that goes away before the end of its body has asked for nothing."""
    app = Echo()
    with serving(app) as url:
        with socket.create_connection((urlsplit(url).hostname, urlsplit(url).port), 10) as connection:
            connection.sendall(CHUNKED + b"3\r\nabc\r\n" + end)
        assert app.ended.wait(10)
    assert app.bodies == []
    assert not [record for record in caplog.records if record.exc_info]


def test_the_peer_is_who_connected() -> None:
    """Whatever a client says of where its request comes from."""

    async def told(scope: Any, receive: Any, send: Any) -> None:
        await JSONResponse({"peer": scope["client"][0], "scheme": scope["scheme"]})(scope, receive, send)

    with serving(told) as url:
        forged = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
        answer = httpx.get(url, headers=forged, trust_env=False).json()
    assert answer == {"peer": urlsplit(url).hostname, "scheme": "http"}


async def _path(scope: Any, receive: Any, send: Any) -> None:
    await JSONResponse([scope["path"], scope["raw_path"].decode()])(scope, receive, send)


def test_a_request_may_name_the_whole_url() -> None:
    """So do clients that take the port for a proxy, which resolves names that they do not."""
    with serving(_path) as url:
        asked = request("GET http://a.localhost:1/b%20c?d", {"Host": "A.localhost:1"})
        assert exchange(url, asked).json() == ["/b c", "/b%20c"]
        assert exchange(url, request("GET http://a.localhost", {"Host": "a.localhost"})).json() == ["/", "/"]


def test_a_url_of_another_host_than_the_header_names_is_no_path() -> None:
    """The guard decides by the header: nothing else may be meant."""
    with serving(_path) as url:
        asked = request("GET http://b.localhost/c", {"Host": "a.localhost"})
        assert exchange(url, asked).json()[1] == "http://b.localhost/c"


def test_clients_can_be_told_to_wait_and_get_their_answer_later() -> None:
    """Nothing is said twice within a moment, and nothing to HTTP/1.0, which would take it for the answer."""

    async def ask(port: int, version: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/%b\r\nHost: 127.0.0.1\r\n\r\n" % version)
        return reader, writer

    async def wait() -> list[bytes]:
        asked, going_on = asyncio.Semaphore(0), asyncio.Event()

        async def slow(scope: Any, receive: Any, send: Any) -> None:
            asked.release()
            await going_on.wait()
            await hello(scope, receive, send)

        with socket.create_server(("127.0.0.1", 0)) as listener:
            server = HttpServer(slow, listener)
            await server.start()
            replies = [await ask(listener.getsockname()[1], version) for version in (b"1.1", b"1.0")]
            for _ in replies:
                await asked.acquire()
            server.keep_waiting()
            server.keep_waiting()
            going_on.set()
            first = [await reply.readuntil(b"\r\n\r\n") for reply, _ in replies]
            second = await replies[0][0].readuntil(b"\r\n\r\n")
            for _, writer in replies:
                writer.close()
            await server.stop()
        return [found.partition(b"\r\n")[0] for found in (*first, second)]

    waited, old, answered = asyncio.run(wait())
    assert waited == b"HTTP/1.1 100 Continue"
    assert (old.split()[1], answered.split()[1]) == (b"200", b"200")
