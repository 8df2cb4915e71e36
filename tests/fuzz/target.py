"""What is fuzzed: a maker of inputs, and what takes them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from tests.fuzz.mutation import Source

Take = Callable[[Any], None]
"""Takes one input; whatever it raises is a finding, so it catches the errors that are documented."""


@dataclass(frozen=True)
class Target:
    """`weight` is its share of a full run; what `open` gave is opened anew after `block` cases.

    `clock` tells how long a case took: processor time, which other processes cannot lengthen, unless another
    process does the work. What waits without end is found as a hang.
    """

    name: str
    weight: int
    make: Callable[[Source], Any]
    open: Callable[[], AbstractContextManager[Take]]
    block: int = 1_000_000
    clock: Callable[[], float] = time.process_time

    @property
    def is_stateless(self) -> bool:
        return self.block >= 1_000_000


@dataclass(frozen=True)
class Request:
    """An HTTP request for an ASGI application; `path` is as sent, percent-encoded."""

    method: str
    path: str
    query: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


class BadAnswerError(Exception):
    """An answer that no input may have."""


def stateless(take: Take) -> Callable[[], AbstractContextManager[Take]]:
    """Return what opens a target that keeps nothing."""

    @contextmanager
    def opened() -> Iterator[Take]:
        yield take

    return opened


@contextmanager
def loop() -> Iterator[Callable[[Coroutine[Any, Any, Any]], Any]]:
    """Give what runs a coroutine in one event loop."""
    with asyncio.Runner() as runner:
        yield runner.run


async def ask(app: Any, request: Request) -> Answer:
    """Send a request to an ASGI application; raises what escapes from it."""
    sent: list[Any] = []
    pending = [{"type": "http.request", "body": request.body, "more_body": False}]

    async def receive() -> Any:
        return pending.pop() if pending else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": request.path,
        "raw_path": request.path.encode("latin-1"),
        "query_string": request.query,
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.headers],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 4566),
        "state": {"header_fields": list(request.headers)},
    }
    await app(scope, receive, send)
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return Answer(sent[0]["status"], tuple(sent[0]["headers"]), body)


def check_status(answer: Answer, *allowed: int) -> None:
    """Raise `BadAnswerError` for a 5xx that is not allowed; 501 says that something is not emulated."""
    if answer.status >= 500 and answer.status not in {501, *allowed}:
        raise BadAnswerError(f"HTTP {answer.status}: {answer.body[:300]!r}")
