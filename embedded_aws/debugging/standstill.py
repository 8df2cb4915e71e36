"""While somebody stands at a line, no time limit passes.

There is one for the whole embedded AWS: a function that waits for the one that stands, and messages that are
being worked on, must wait as well, and nobody can tell them from those that do not.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from embedded_aws.aws.ids import Clock

_log = logging.getLogger(__name__)

PULSE = 0.5
"""Seconds between two looks at what else must be kept waiting."""

ATTACH = "attach"
"""The reason of a pause in which an editor sets its breakpoints; no step leads from there to the first."""

_ONE_STAND = 0.05
"""Seconds of running between two stops that count as none: a step to the next line."""
_MOST_REMEMBERED = 1000


@dataclass(frozen=True)
class Place:
    """A line of the user's own file, and the function around it."""

    file: str
    line: int
    function: str


@dataclass(frozen=True)
class Pause:
    """When a function stood, in epoch seconds; `reason` is the protocol's, such as `breakpoint`."""

    function: str
    start: float
    end: float
    reason: str
    place: Place | None = None


class Standstill:
    """Knows who stands and who stood, and holds the time limits meanwhile.

    `keep_waiting` are called with the seconds for which what they look after must be put off further; once
    somebody goes on, with what is left of them, negative.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._standing: dict[str, Pause] = {}
        self._pauses: deque[Pause] = deque(maxlen=_MOST_REMEMBERED)
        self._limits: dict[asyncio.Timeout, float] = {}
        self._total = 0.0
        self._began = 0.0
        self._pulse: asyncio.Task[None] | None = None
        self.keep_waiting: list[Callable[[float], None]] = []

    def begin(self, function: str, reason: str) -> None:
        """Note that a function stands."""
        if function in self._standing:
            return
        now = self._clock()
        if not self._standing:
            self._began = now
            loop = asyncio.get_running_loop()
            for limit in self._limits:
                when = limit.when()
                if when is not None and not limit.expired():
                    self._limits[limit] = when - loop.time()
                    limit.reschedule(None)
            self._pulse = asyncio.create_task(self._beat())
        self._standing[function] = Pause(function, now, now, reason)

    def at(self, function: str, place: Place) -> None:
        """Note where a function stands; the first place counts, others are those of its callers."""
        pause = self._standing.get(function)
        if pause and pause.place is None:
            self._standing[function] = replace(pause, place=place)

    def end(self, function: str) -> None:
        """Note that a function goes on, if it stood."""
        pause = self._standing.pop(function, None)
        if pause is None:
            return
        now = self._clock()
        self._remember(replace(pause, end=now))
        if self._standing:
            return
        self._total += now - self._began
        loop = asyncio.get_running_loop()
        for limit, remaining in self._limits.items():
            if not limit.expired():
                limit.reschedule(loop.time() + max(0.0, remaining))
        if self._pulse:
            self._pulse.cancel()

    def standing(self) -> list[Pause]:
        """Return who stands now; the ends are of no meaning."""
        return list(self._standing.values())

    def total(self) -> float:
        """Return the seconds for which somebody stood so far."""
        return self._total + (self._clock() - self._began if self._standing else 0.0)

    def pauses(self, function: str, since: float, until: float) -> list[Pause]:
        """Return when a function stood in that time, as far as it goes on again."""
        return [
            replace(pause, start=max(since, pause.start), end=min(until, pause.end))
            for pause in self._pauses
            if pause.function == function and pause.end > since and pause.start < until
        ]

    @asynccontextmanager
    async def timeout(self, seconds: float) -> AsyncIterator[None]:
        """As `asyncio.timeout`, of which the time does not pass while somebody stands."""
        async with asyncio.timeout(None if self._standing else seconds) as limit:
            self._limits[limit] = seconds
            try:
                yield
            finally:
                del self._limits[limit]

    def _remember(self, pause: Pause) -> None:
        last = self._pauses[-1] if self._pauses else None
        is_step = last and last.function == pause.function and last.reason != ATTACH
        if last and is_step and pause.start - last.end < _ONE_STAND:
            self._pauses[-1] = replace(last, end=pause.end)
        else:
            self._pauses.append(pause)

    async def _beat(self) -> None:
        """Keep what has a time of its own waiting, always for one pulse ahead."""
        beat = self._clock()
        try:
            while True:
                self._tell(PULSE)
                beat = self._clock()
                await asyncio.sleep(PULSE)
        finally:
            self._tell(self._clock() - beat - PULSE)

    def _tell(self, seconds: float) -> None:
        for told in self.keep_waiting:
            try:
                told(seconds)
            except Exception:  # noqa: BLE001 - moto's own trouble must not end the standstill
                _log.exception("what waits for the debugger was not kept waiting")
