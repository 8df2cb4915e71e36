"""Tracing never breaks or changes the user's call."""

from __future__ import annotations

import logging
from contextlib import suppress
from types import CodeType, TracebackType

log = logging.getLogger("tracing")

_TRACEBACK = BaseException.__dict__["__traceback__"]


class safely:  # noqa: N801 - reads as a statement: with safely("doing this")
    """Log what goes wrong in tracing itself, and go on."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if kind is None or not issubclass(kind, Exception):
            return False
        with suppress(Exception):  # the exception may come from the user's code, and refuse to be printed
            log.error("tracing: %s failed; the call is not affected", self._what, exc_info=error)
        return True


def traceback_of(error: BaseException) -> TracebackType | None:
    """The traceback itself, whatever the exception's class makes of `__traceback__`."""
    found: TracebackType | None = _TRACEBACK.__get__(error)
    return found


def set_traceback(error: BaseException, trace: TracebackType | None) -> None:
    """Set the traceback itself, whatever the exception's class makes of `with_traceback`."""
    BaseException.with_traceback(error, trace)


def hide_frames(error: BaseException, until: CodeType | None = None) -> None:
    """Take this library's frames off the front of a traceback, and with `until` all before that code's.

    To let the exception go on (`raise` without a name, the end of a `with` block) adds no frame, so that the
    traceback is the one that the undecorated function leaves.
    """
    first = traceback_of(error)
    while first is not None and first.tb_frame.f_globals.get("__package__") == __package__:
        first = first.tb_next
    found = first
    while until is not None and found is not None and found.tb_frame.f_code is not until:
        found = found.tb_next
    set_traceback(error, found or first)


class _Unseen:
    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is not None:
            hide_frames(error)


unseen = _Unseen()
"""`with unseen:` leaves no frame of this library in what the block raises."""
