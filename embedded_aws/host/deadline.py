"""The end of the server, which is cut off when it takes too long."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable

_TELLING_SECONDS = 0.5
_log = logging.getLogger(__name__)


class Deadline:
    """How long the end may take, kept by a thread: it holds whatever the event loop does.

    `end_at_once` ends the process; it is given the failure that nobody will raise any more, if there is one.
    """

    def __init__(self, end_at_once: Callable[[Exception | None], object]) -> None:
        self._end_at_once = end_at_once
        self._failure: Exception | None = None
        self._timer: threading.Timer | None = None

    def limit(self, seconds: float, failure: Exception | None = None) -> None:
        """From now on the end has so many seconds, unless it has a deadline."""
        self._failure = failure or self._failure
        if self._timer is None:
            self._timer = threading.Timer(seconds, self._cut_off, [seconds])
            self._timer.daemon = True
            self._timer.start()

    def met(self) -> None:
        """The end came in time, or has another deadline from now on."""
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _cut_off(self, seconds: float) -> None:
        # In a thread of its own: whoever reads our output may have stopped doing so.
        telling = threading.Thread(target=self._tell, args=[seconds], daemon=True)
        telling.start()
        telling.join(_TELLING_SECONDS)
        self._end_at_once(self._failure)

    def _tell(self, seconds: float) -> None:
        if self._failure:
            told = f"{type(self._failure).__name__}: {self._failure}"
            print(told, file=sys.stderr, flush=True)  # noqa: T201 - its last word
        _log.warning("the server did not end within %g s; what was still going on is lost", seconds)
