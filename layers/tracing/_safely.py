"""Tracing never breaks or changes the user's call."""

from __future__ import annotations

import logging
from types import TracebackType

log = logging.getLogger("tracing")


class safely:  # noqa: N801 - reads as a statement: with safely("doing this")
    """Log what goes wrong in tracing itself, and go on."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if isinstance(error, Exception):
            log.error("tracing: %s failed; the call is not affected", self._what, exc_info=error)
            return True
        return False
