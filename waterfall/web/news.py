"""Tells open pages that traces have come: server-sent events, without data, for the pages ask anew.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from waterfall.traces.client import ReadError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from starlette.requests import Request

    Ask = Callable[[int | None], int | None]

PACE = 0.1
"""Seconds between two events of a page: what comes faster is told together."""
_RETRY = 1.0
_EVENT = b"data: traces\n\n"


class News:
    """One thread waits for news, however many pages are open, and none while none is.

    `ask` answers a number once it differs from the one that it is given, or after some seconds; `None` where
    there is no news to be had.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._lock = threading.Lock()
        self._pages: set[_Page] = set()
        self._follows = False
        self._closing = threading.Event()

    async def stream(self, _: Request) -> Response:
        """Answer with an event for now and for each change; with 204 where nothing tells of changes."""
        try:
            number = await run_in_threadpool(self._ask, None)
        except ReadError:
            number = 0  # it may come back
        if number is None:
            return Response(status_code=204)
        return StreamingResponse(self._events(number), media_type="text/event-stream")

    def close(self) -> None:
        """End all streams."""
        self._closing.set()
        self._tell()

    async def _events(self, number: int) -> AsyncIterator[bytes]:
        page = _Page()
        with self._open(page, number):
            while not self._closing.is_set():
                yield _EVENT
                await asyncio.sleep(PACE)
                await page.told()

    @contextmanager
    def _open(self, page: _Page, number: int) -> Iterator[None]:
        with self._lock:
            self._pages.add(page)
            if not self._follows:
                self._follows = True
                threading.Thread(target=self._follow, args=(number,), name="news", daemon=True).start()
        try:
            yield
        finally:
            with self._lock:
                self._pages.discard(page)

    def _follow(self, number: int | None) -> None:
        while self._is_wanted():
            try:
                found = self._ask(number)
            except ReadError:
                found = None
            if found != number:
                self._tell()
            if found is None:
                self._closing.wait(_RETRY)
            number = found

    def _is_wanted(self) -> bool:
        with self._lock:
            self._follows = bool(self._pages) and not self._closing.is_set()
            return self._follows

    def _tell(self) -> None:
        with self._lock:
            for page in self._pages:
                page.tell()


class _Page:
    """An open stream, made in the event loop that serves it."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()

    def tell(self) -> None:
        """Note a change; from any thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._changed.set)

    async def told(self) -> None:
        """Wait for a change that was not waited for yet."""
        await self._changed.wait()
        self._changed.clear()
