"""Bars on a time axis, in half cells."""

from __future__ import annotations

import math
from dataclasses import dataclass

from waterfall.text import duration

_STEPS = (1, 2, 2.5, 5, 10)


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
        if span <= 0 or self.width < 8:
            return duration(0)
        step = _round_step(span / max(2, self.width // 12))
        text = ""
        for tick in range(int(span / step + 1e-9) + 1):
            cell = round(self.halves(self.start + tick * step) / 2)
            label = _label(tick * step, step)
            if cell + len(label) <= self.width and (not text or len(text) + 2 <= cell):
                text = text.ljust(cell) + label
        return text


def _round_step(least: float) -> float:
    scale = 10.0 ** math.floor(math.log10(least))
    return next(step * scale for step in _STEPS if step * scale >= least * 0.999)


def _label(seconds: float, step: float) -> str:
    if seconds == 0:
        return "0"
    if seconds >= 60:
        return duration(seconds)
    if step >= 0.1:
        return f"{seconds:.{0 if step == int(step) else 2 if step * 10 % 1 else 1}f} s"
    return f"{seconds * 1000:.{0 if step * 1000 == int(step * 1000) else 2}f} ms"
