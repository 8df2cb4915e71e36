"""What could not be stored: counted, told in the status, and logged once for each cause."""

from __future__ import annotations

import logging
import threading
from dataclasses import asdict, dataclass
from typing import Any

_LOG = logging.getLogger(__name__)

_MOST_LOGGED = 100
"""Different causes that are logged: some name what was lost."""


@dataclass(frozen=True)
class Loss:
    """How many of something were lost since the start, and why the last of them."""

    count: int
    reason: str


class Losses:
    """Usable from any thread.

    A store that takes nothing more must not fail the request that something was to be told about, so whoever
    produces segments or logs does not hear of it; whoever looks at the server does.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lost: dict[str, Loss] = {}
        self._logged: set[tuple[str, str]] = set()

    def add(self, what: str, count: int, problem: Exception) -> None:
        """Count a loss; `what` is the plural of what was lost."""
        reason = str(problem)
        with self._lock:
            known = self._lost.get(what)
            self._lost[what] = Loss((known.count if known else 0) + count, reason)
            is_news = (what, reason) not in self._logged and len(self._logged) < _MOST_LOGGED
            if is_news:
                self._logged.add((what, reason))
        if is_news:
            _LOG.warning("%s are lost: %s", what, reason)

    def told(self) -> dict[str, Any]:
        """Return the losses as JSON, by what was lost."""
        with self._lock:
            return {what: asdict(loss) for what, loss in self._lost.items()}
