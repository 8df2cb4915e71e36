"""The Runtime API of one execution environment, on a loopback port of its own.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html

It is not served by `host.http_server`, which suits a few listeners that stay: there an event and its reply
took 0.19 ms instead of 0.14, the end of an environment 130 to 360 ms instead of 2, and each environment that
waits woke up ten times a second, because uvicorn looks that often whether it should end.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import h11

from embedded_aws.aws.ids import Clock
from embedded_aws.awslambda.runtime.outcome import MAX_RESPONSE, Span
from embedded_aws.host.listening import Servers
from embedded_aws.host.memory import read_little
from loopback_guard import refusal

_HOST = "127.0.0.1"
_INVOCATION = re.compile(r"/2018-06-01/runtime/invocation/([^/]+)/(response|error)")
_NEXT = "/2018-06-01/runtime/invocation/next"
_INIT_ERROR = "/2018-06-01/runtime/init/error"
_CAUSE = "lambda-runtime-function-xray-error-cause"


@dataclass(frozen=True)
class InvocationEvent:
    """One event for the runtime: `deadline_ms` is epoch milliseconds."""

    request_id: str
    payload: bytes
    deadline_ms: int
    function_arn: str
    trace_header: str = ""
    client_context: str | None = None

    def headers(self) -> list[tuple[str, str]]:
        """Return the headers of the answer to `/next`; absent ones are left out, as on AWS."""
        headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": self.request_id,
            "Lambda-Runtime-Deadline-Ms": str(self.deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": self.function_arn,
            "Lambda-Runtime-Trace-Id": self.trace_header,
            "Lambda-Runtime-Client-Context": self.client_context or "",
        }
        return [(name, value) for name, value in headers.items() if value]


@dataclass(frozen=True)
class Reply:
    """What the runtime posted for an event; `size` counts the bytes even when they were too many to keep."""

    failed: bool
    body: bytes
    size: int
    received: Span
    cause: str | None = None


@dataclass
class _Request:
    method: str
    path: str
    headers: Mapping[str, str]
    started: float
    body: bytearray = field(default_factory=bytearray)
    size: int = 0


@dataclass(frozen=True)
class _Answer:
    status: int
    body: bytes
    headers: list[tuple[str, str]] = field(default_factory=list)


_ACCEPTED = _Answer(202, b'{"status":"OK"}\n')


class RuntimeApi:
    """Hands events to one runtime and takes its replies; one event at a time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._servers = Servers()
        loop = asyncio.get_running_loop()
        self._event: asyncio.Future[InvocationEvent] = loop.create_future()
        self._current: InvocationEvent | None = None
        self._running = False
        self.polled = asyncio.Event()
        self.polled_at = 0.0
        self.reply: asyncio.Future[Reply] = loop.create_future()
        self.init_error: asyncio.Future[bytes] = loop.create_future()

    async def start(self) -> str:
        """Listen, and return the address for `AWS_LAMBDA_RUNTIME_API`."""
        return f"{_HOST}:{await self._servers.listen(self._connected, host=_HOST, port=0)}"

    def deliver(self, event: InvocationEvent) -> asyncio.Future[Reply]:
        """Answer the runtime's `/next`, now or when it asks; return the reply to come."""
        self.reply = asyncio.get_running_loop().create_future()
        self.polled.clear()
        self._current = event
        self._running = False
        if not self._event.done():  # else the connection that waited for it was closed
            self._event.set_result(event)
        return self.reply

    async def close(self) -> None:
        """Stop listening and drop the connections."""
        await self._servers.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        read_little(writer.transport)
        # The runtime died or talks something else than HTTP; its process tells the rest.
        with contextlib.suppress(ConnectionError, h11.RemoteProtocolError):
            await self._serve(reader, writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=2 * 1024 * 1024)
        while True:
            request = await self._read(connection, reader, writer)
            if request is None:
                return
            answer = await self._answer(request)
            headers = [*answer.headers, ("Content-Length", str(len(answer.body)))]
            head = connection.send(h11.Response(status_code=answer.status, headers=headers)) or b""
            body = connection.send(h11.Data(data=answer.body)) or b""
            writer.write(head + body + (connection.send(h11.EndOfMessage()) or b""))
            await writer.drain()
            if connection.our_state is h11.MUST_CLOSE:
                return
            connection.start_next_cycle()

    async def _read(
        self, connection: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> _Request | None:
        request: _Request | None = None
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                if connection.they_are_waiting_for_100_continue:
                    go_on = h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue")
                    writer.write(connection.send(go_on) or b"")
                connection.receive_data(await reader.read(256 * 1024))
            elif isinstance(event, h11.Request):
                headers = {name.decode(): value.decode(errors="replace") for name, value in event.headers}
                request = _Request(event.method.decode(), event.target.decode(), headers, self._clock())
            elif isinstance(event, h11.Data) and request:
                request.size += len(event.data)
                if request.size <= MAX_RESPONSE:
                    request.body += event.data
            elif isinstance(event, h11.EndOfMessage):
                return request
            else:  # the runtime closed the connection
                return None

    async def _answer(self, request: _Request) -> _Answer:
        reason = refusal(request.method, request.headers.items())
        if reason:
            return _refused(403, "AccessDenied", reason)
        if request.path == _NEXT and request.method == "GET":
            return await self._next()
        if request.path == _INIT_ERROR and request.method == "POST":
            if not self.init_error.done():
                self.init_error.set_result(bytes(request.body))
            return _ACCEPTED
        invocation = _INVOCATION.fullmatch(request.path)
        if invocation and request.method == "POST":
            return self._replied(request, *invocation.groups())
        return _refused(404, "NotFound", f"{request.method} {request.path} is not part of the Runtime API")

    async def _next(self) -> _Answer:
        if self._running and not self.reply.done():
            return _refused(403, "InvalidStateTransition", "State transition is not allowed")
        self.polled_at = self._clock()
        self.polled.set()
        event = await self._event
        self._event = asyncio.get_running_loop().create_future()
        self._running = True
        return _Answer(200, event.payload, event.headers())

    def _replied(self, request: _Request, request_id: str, kind: str) -> _Answer:
        if self._current is None or request_id != self._current.request_id or self.reply.done():
            return _refused(400, "InvalidRequestID", "Invalid request ID")
        received = Span(request.started, self._clock())
        self.reply.set_result(
            Reply(kind == "error", bytes(request.body), request.size, received, request.headers.get(_CAUSE))
        )
        if request.size > MAX_RESPONSE:
            limit = f"Exceeded maximum allowed payload size ({MAX_RESPONSE} bytes)."
            return _refused(413, "RequestEntityTooLarge", limit)
        return _ACCEPTED


def _refused(status: int, error_type: str, message: str) -> _Answer:
    return _Answer(status, json.dumps({"errorMessage": message, "errorType": error_type}).encode())
