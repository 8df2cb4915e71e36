"""Traces as they come in, each once: as soon as it is whole, or no longer grows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from waterfall.stack.first_request import is_whole
from waterfall.traces.client import LOCAL_DELAY, Reader
from waterfall.traces.model import Trace

LOCAL_PACE, AWS_PACE = 0.3, 10.0
"""Seconds between two looks."""
PATIENCE = 5.0
"""Seconds without a change after which a finished trace counts as all that there is of it."""
_LONGEST = 15 * 60.0


@dataclass(slots=True)
class _Growing:
    """A trace that is not shown yet: when it was found and last changed, and how much of it there was."""

    found: float
    changed: float
    size: tuple[int, float] = (0, 0.0)


class NewTraces:
    """Finds the traces that come after `start`, of a filter expression if there is one."""

    def __init__(
        self, reader: Reader, start: float, expression: str | None = None, delay: float = LOCAL_DELAY
    ) -> None:
        self._reader = reader
        self._expression = expression
        self._delay = delay
        self._growing: dict[str, _Growing] = {}
        self._done = dict.fromkeys(self._listed(start), start)

    def look(self, now: float) -> list[Trace]:
        """Return the traces that are whole now and were not before, oldest first; raises ReadError."""
        for id_ in self._listed(now):
            if id_ not in self._done:
                self._growing.setdefault(id_, _Growing(now, now))
        ready = [trace for trace in self._reader.get(list(self._growing)) if self._is_ready(trace, now)]
        over = [id_ for id_, one in self._growing.items() if now - one.found > _LONGEST]
        for id_ in [*(trace.id for trace in ready), *over]:
            del self._growing[id_]
            self._done[id_] = now
        self._done = {id_: at for id_, at in self._done.items() if now - at <= 2 * self._delay}
        return sorted(ready, key=lambda trace: trace.start)

    def _listed(self, now: float) -> list[str]:
        start = now - self._delay
        return [one.id for one in self._reader.summaries(start, now + 1, expression=self._expression)]

    def _is_ready(self, trace: Trace, now: float) -> bool:
        known = self._growing[trace.id]
        size = len(trace.nodes), sum(trace.end_of(node) for node in trace.nodes)
        if size != known.size:
            known.size, known.changed = size, now
            return False
        return is_whole(trace) or (not trace.unfinished and now - known.changed >= PATIENCE)


def following(traces: NewTraces, clock: Callable[[], float], pause: Callable[[], object]) -> Iterator[Trace]:
    """Look again and again; `pause` waits between looks."""
    while True:
        yield from traces.look(clock())
        pause()
