"""How long, and how much, the stores of traces and logs keep; and who lets go of what is over.

Limits hold while the server runs. Whoever stores something into a full store lets go of as much of the
oldest first, so that no file grows past its limit; `CleanupThread` does the rest in the background, in
batches so small that nobody who reads or stores meanwhile has to wait for it.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedded_aws.aws.ids import Clock

_LOG = logging.getLogger(__name__)

DAY = 24 * 3600.0
MAX_AGE = 30 * DAY
"""Seconds; X-Ray keeps traces for 30 days, and logs are kept as long as they."""

DEFAULT_BYTES = 512 * 1024 * 1024
"""What traces and logs take on disk at most, unless the server is told otherwise."""
LEAST_BYTES = 64 * 1024 * 1024
_SHARE_OF_TRACES = 0.75

_SECONDS = 3.0
_PAUSE = 0.01


@dataclass(frozen=True)
class Limits:
    """The most bytes of both stores, with all of their files on disk."""

    traces: int
    logs: int

    @classmethod
    def of(cls, total: int) -> Limits:
        traces = int(total * _SHARE_OF_TRACES)
        return cls(traces, total - traces)


class Ages:
    """Tells what is too old, and does not trust a clock that has jumped.

    A clock that is weeks ahead at a start looks like a server that was not used for weeks. What is deleted
    stays deleted, and what is kept a little longer harms nobody: so the age of what is stored counts up to
    the newest thing that an earlier run stored, one day, and the time for which this run has been watching.
    A clock that is wrong in one run deletes nothing; weeks that really went by are believed by the next run.
    """

    def __init__(
        self, newest: float | None, clock: Clock, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self._began = monotonic()
        self._known = (clock() if newest is None else newest) + DAY

    def oldest(self) -> float:
        """Return the time, in epoch seconds, before which everything is too old."""
        watched = self._monotonic() - self._began
        return min(self._clock(), self._known + watched) - MAX_AGE


class CleanupThread:
    """Calls `tidy` now and then, in a thread, again and again while it returns that there is more to do.

    `seconds` pass in between, also after a failure: the next one may find other things, or a free disk.
    """

    def __init__(self, tidy: Callable[[], bool], name: str, seconds: float = _SECONDS) -> None:
        self._tidy = tidy
        self._seconds = seconds
        self._failure = ""
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Return once `tidy` runs no more."""
        self._closing.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closing.is_set():
            while self._has_more() and not self._closing.wait(_PAUSE):
                pass
            self._closing.wait(self._seconds)

    def _has_more(self) -> bool:
        try:
            return self._tidy()
        except Exception as problem:  # noqa: BLE001 - a thread that ended would let the store grow for good
            if repr(problem) != self._failure:
                self._failure = repr(problem)
                _LOG.exception("the store was not tidied up")
            return False
