"""Where the program's own code was when it asked for something, such as `__main__.py:12`.

Pulumi registers a resource in a task of its own, later, and its errors come from there. So each task
remembers the user's line that led to it, in a context variable, which what it starts inherits.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import os
import sys
from collections.abc import Callable, Coroutine, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

_T = TypeVar("_T")
_LOOP = asyncio.BaseEventLoop._run_once.__code__  # type: ignore[attr-defined] # noqa: SLF001
_place: contextvars.ContextVar[str] = contextvars.ContextVar("_place", default="")

PlaceOf = Callable[[Iterable[tuple[str, int]]], str]
"""From calls, the innermost first, to the innermost line of the user's own."""


def place_of(directory: Path) -> PlaceOf:
    """Return what finds the line of a file in a directory, packages installed there excepted; else ``."""
    root = f"{directory.resolve()}{os.sep}"

    @functools.cache
    def own(file: str) -> str:
        return file.removeprefix(root) if file.startswith(root) and "site-packages" not in file else ""

    def found(calls: Iterable[tuple[str, int]]) -> str:
        return next((f"{own(file)}:{line}" for file, line in calls if own(file)), "")

    return found


def current() -> str:
    """Return the line that led to what this task or thread does."""
    return _place.get()


def told() -> str:
    """Return that line as a message has it: ` (__main__.py:12)`."""
    return f" ({_place.get()})" if _place.get() else ""


class Threads(ThreadPoolExecutor):
    """Threads that remember the place of the task which uses them; older SDKs do not hand it on."""

    def submit(self, work: Callable[..., _T], /, *args: Any, **given: Any) -> Future[_T]:
        return super().submit(contextvars.copy_context().run, work, *args, **given)


class Tasks:
    """A factory of tasks that remember places, and the tracebacks of their errors."""

    def __init__(self, place_of: PlaceOf) -> None:
        self._place_of = place_of
        self._errors: list[tuple[BaseException, TracebackType | None]] = []

    def __call__(
        self,
        loop: asyncio.AbstractEventLoop,
        work: Generator[Any, None, _T] | Coroutine[Any, Any, _T],
        /,
        **given: Any,
    ) -> asyncio.Task[_T]:
        context = given.pop("context", None) or contextvars.copy_context()
        if place := self._place_of(_calls()):
            context.run(_place.set, place)
        task = asyncio.Task(work, loop=loop, context=context, **given)

        def note(done: asyncio.Future[Any]) -> None:
            if not done.cancelled() and (error := done.exception()):
                self._errors.append((error, error.__traceback__))
                if place := context.get(_place):
                    error.add_note(place)

        task.add_done_callback(note)
        return task

    def restore_tracebacks(self) -> None:
        """Give errors back the traceback that they had first: futures that share an error cut it off."""
        for error, traceback in reversed(self._errors):
            error.__traceback__ = traceback


def _calls() -> Iterator[tuple[str, int]]:
    """Yield the calls down to the event loop: below it is who waits, such as a synchronous `get_region()`."""
    frame = sys._getframe(2)  # noqa: SLF001 - the documented way to the caller
    while frame and frame.f_code is not _LOOP:
        yield frame.f_code.co_filename, frame.f_lineno
        frame = frame.f_back  # type: ignore[assignment]
