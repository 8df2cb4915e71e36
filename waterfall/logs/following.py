"""Lines as they come in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from waterfall.logs.client import Logs
from waterfall.logs.lines import Line

LATE = 15.0
"""Seconds by which a line may come after a younger one of another stream."""

_AHEAD = 60.0  # clocks differ


def follow(
    logs: Logs, prefixes: Sequence[str], start: float, clock: Callable[[], float], pause: Callable[[], object]
) -> Iterator[list[Line]]:
    """Yield what has come in since `start`, each line once; raises ReadError. `pause` waits between looks."""
    seen: dict[tuple[str, str], float] = {}
    while True:
        now = clock()
        found = logs.since(prefixes, start, now + _AHEAD)
        fresh = [line for line in found if (line.event.group, line.event.id) not in seen]
        seen |= {(line.event.group, line.event.id): line.event.time for line in fresh}
        yield fresh
        start = max(start, now - LATE)
        seen = {key: moment for key, moment in seen.items() if moment >= start}
        pause()
