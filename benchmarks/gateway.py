"""Requests through the gateway and a warm function, 1, 8 and 64 at a time, beside MiniStack.

Here the stage and the function are traced, as `up` deploys them: each request leaves its segments.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from urllib.parse import urlsplit

from benchmarks.calls import function
from benchmarks.figures import CLIENTS, MINISTACK, Measured
from benchmarks.servers import KINDS, OURS, PATIENCE, REGION, Server, running

PATHS = {OURS: "/execute-api/{}/dev/", MINISTACK: "/restapis/{}/dev/_user_request_/"}
"""Where a stage of an API answers."""
ROUNDS = 2


def measure(
    seconds: float, say: Callable[[str], None], clients: Sequence[int] = CLIENTS
) -> Iterator[Measured]:
    """Measure each number of clients for so many seconds on each server, in two turns."""
    say("starting two servers, each with an API")
    ours, other = (next(kind for kind in KINDS if kind.name == name) for name in PATHS)
    with running(ours) as first, running(other) as second:
        urls = {server.name: _api(server) for server in (first, second)}
        for count in clients:
            say(f"{count} at a time")
            loads = {name: Load(url, count) for name, url in urls.items()}
            for load in loads.values():
                asyncio.run(load.run(seconds / 2))  # starts what answers so many
                load.forget()
            for load in list(loads.values()) * ROUNDS:
                asyncio.run(load.run(seconds / ROUNDS))
            p50 = {name: median(load.taken) * 1000 for name, load in loads.items()}
            rate = {name: len(load.taken) / load.seconds for name, load in loads.items()}
            yield Measured(f"request.{count}.p50", p50.pop(OURS), p50)
            yield Measured(f"request.{count}.rate", rate.pop(OURS), rate)


def _api(server: Server) -> str:
    """Put a REST API before a function; return the URL of its one route."""
    tracing = {"TracingConfig": {"Mode": "Active"}, "Timeout": 30}
    arn = function(server, "answer", **tracing)
    client = server.client("apigateway")
    api = client.create_rest_api(name="benchmark")["id"]
    root = client.get_resources(restApiId=api)["items"][0]["id"]
    place = {"restApiId": api, "resourceId": root, "httpMethod": "GET"}
    client.put_method(**place, authorizationType="NONE")
    client.put_integration(
        **place,
        type="AWS_PROXY",
        integrationHttpMethod="POST",
        uri=f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations",
    )
    deployment = client.create_deployment(restApiId=api)["id"]
    client.create_stage(restApiId=api, stageName="dev", deploymentId=deployment, tracingEnabled=True)
    return server.endpoint + PATHS[server.name].format(api)


@dataclass
class Load:
    """Clients that ask one after the other: how long each answer took, and all together."""

    url: str
    clients: int
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    taken: list[float] = field(default_factory=list)
    seconds: float = 0

    def forget(self) -> None:
        """Begin anew."""
        self.taken.clear()
        self.seconds = 0

    async def run(self, seconds: float) -> None:
        """Ask for so long, and wait for the last answers; raises RuntimeError for a refusal."""
        begun = time.perf_counter()
        async with asyncio.timeout(seconds + PATIENCE), asyncio.TaskGroup() as group:
            for _ in range(self.clients):
                group.create_task(self._client(begun + seconds))
        self.seconds += time.perf_counter() - begun

    async def once(self) -> None:
        """Ask once, on a connection of its own."""
        reader, writer = await self._connect()
        try:
            await self._ask(reader, writer)
        finally:
            writer.close()

    async def _client(self, until: float) -> None:
        reader, writer = await self._connect()
        try:
            while time.perf_counter() < until:
                await self._ask(reader, writer)
        finally:
            writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        place = urlsplit(self.url)
        return await asyncio.open_connection(place.hostname, place.port)

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        begun = time.perf_counter()
        writer.write(self._head + self.body)
        head = await reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        body = await reader.readexactly(int(length or b"0"))
        if b" 200 " not in head.partition(b"\r\n")[0]:
            raise RuntimeError(f"{self.url} answered {(head + body)[:300]!r}")
        self.taken.append(time.perf_counter() - begun)

    @property
    def _head(self) -> bytes:
        place = urlsplit(self.url)
        headers = {"Host": place.netloc, "Content-Length": str(len(self.body)), **self.headers}
        lines = "".join(f"{name}: {text}\r\n" for name, text in headers.items())
        return f"{self.method} {place.path} HTTP/1.1\r\n{lines}\r\n".encode()
