"""Figures over many traces: how many, how they ended, how long they took. Times are seconds."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from waterfall.traces.model import Status
from waterfall.traces.service_map import percentile

OUTCOMES: tuple[Status, ...] = ("ok", "error", "throttle", "fault")
Response = tuple[float, Mapping[Status, int]]
"""How many traces took so long, by how they ended."""

_STEPS = (1, 1.5, 2, 3, 5, 7)
_EDGES = (
    0.0,
    *(round(step * power, 6) for power in (0.001, 0.01, 0.1, 1, 10, 100) for step in _STEPS),
    1000.0,
)
"""Of bins whose widths grow, so that 3 ms and 3 s are both readable."""


@dataclass(frozen=True, slots=True)
class Bin:
    """Traces that took at least `start` and less than `end`; the last bin has all slower ones."""

    start: float
    end: float
    outcomes: Mapping[Status, int]


@dataclass(frozen=True, slots=True)
class Figures:
    """`histogram` has seconds and counts in order; `bins` reach from the fastest trace to the slowest."""

    outcomes: Mapping[Status, int]
    histogram: Sequence[tuple[float, int]]
    bins: tuple[Bin, ...]

    @property
    def total(self) -> int:
        return sum(self.outcomes.values())

    def percentile(self, share: float) -> float | None:
        """Return what at least `share` of the traces did not exceed; `None` without traces."""
        return percentile(self.histogram, share)


def figures(responses: Iterable[Response]) -> Figures:
    outcomes: dict[Status, int] = dict.fromkeys(OUTCOMES, 0)
    bins: list[dict[Status, int]] = [dict.fromkeys(OUTCOMES, 0) for _ in _EDGES[1:]]
    histogram: list[tuple[float, int]] = []
    for seconds, counts in sorted(responses, key=lambda response: response[0]):
        place = bins[min(len(bins), bisect_right(_EDGES, seconds)) - 1]
        for outcome, count in counts.items():
            outcomes[outcome] += count
            place[outcome] += count
        histogram.append((seconds, sum(counts.values())))
    used = [place for place, counts in enumerate(bins) if any(counts.values())]
    shown = range(max(0, used[0] - 2), min(len(bins), used[-1] + 3)) if used else range(0)
    return Figures(
        outcomes,
        histogram,
        tuple(Bin(_EDGES[place], _EDGES[place + 1], bins[place]) for place in shown),
    )
