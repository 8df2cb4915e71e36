"""Bars on a time axis, in half cells."""

from __future__ import annotations

import math
from dataclasses import dataclass

from waterfall.terminal.text import duration

DAY = 86_400.0
SHORTEST_AXIS = 1e-6
_CLOCK_STEPS = (10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 43_200)


@dataclass(frozen=True, slots=True)
class Axis:
    """Seconds from `start` to `end` over `width` cells."""

    start: float
    end: float
    width: int

    def halves(self, time: float) -> float:
        """Return where a time lies, in half cells from the left."""
        span = self.end - self.start
        share = (time - self.start) / span if span > 0 else 0.0
        return min(1.0, max(0.0, share)) * self.width * 2

    def bar(self, start: float, end: float, pieces: tuple[str, str, str], open_end: str = "") -> str:
        """Draw from one time to another, at least half a cell; `open_end` replaces the last cell."""
        first = min(int(self.halves(start) + 1e-6), self.width * 2 - 1)
        last = max(first + 1, math.ceil(self.halves(end) - 1e-6))
        left, full, right = pieces
        cells = []
        for cell in range(first // 2, (last + 1) // 2):
            filled = (first <= 2 * cell < last, first <= 2 * cell + 1 < last)
            cells.append(full if all(filled) else left if filled[0] else right)
        if open_end:
            cells[-1] = open_end
        return " " * (first // 2) + "".join(cells)

    def ruler(self) -> str:
        """Return the axis' labels: round times, each starting at the cell of its time."""
        span = self.end - self.start
        if span < SHORTEST_AXIS or self.width < 8:
            return "0"
        least = span / max(2, self.width // 12)
        rulers = (self._labels(_round_step(step)) for step in (least, least / 2, least / 4))
        return next((ruler for ruler in rulers if ruler != "0"), "0")

    def _labels(self, step: float) -> str:
        text = "0"
        for tick in range(1, int((self.end - self.start) / step + 1e-9) + 1):
            cell = round(self.halves(self.start + tick * step) / 2)
            label = _label(tick * step)
            if cell + len(label) <= self.width and len(text) + 2 <= cell:
                text = text.ljust(cell) + label
        return text


def _round_step(least: float) -> float:
    """Return the shortest round time that is not shorter than `least`."""
    if least > _CLOCK_STEPS[0]:
        days = math.ceil(least / DAY) * DAY
        return next((float(step) for step in _CLOCK_STEPS if step >= least), days)
    scale = 10.0 ** math.floor(math.log10(least))
    return next(step * scale for step in (1, 2, 5, 10) if step * scale >= least * 0.999)


def _label(seconds: float) -> str:
    if seconds >= 60:
        return duration(seconds)
    return f"{round(seconds, 6):g} s" if seconds >= 0.1 else f"{round(seconds * 1000, 6):g} ms"
