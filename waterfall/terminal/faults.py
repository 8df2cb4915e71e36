"""Experiments as text."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text

from waterfall.faults.client import Experiment, Template
from waterfall.terminal.screen import DIM, STYLES, Screen, wrapped
from waterfall.terminal.text import clean, duration, fit

_STYLES = {"running": STYLES["fault"], "failed": STYLES["fault"], "completed": STYLES["ok"]}
_WIDEST = 40


def render_templates(found: Sequence[Template], screen: Screen) -> list[Text]:
    """Return a line per fault of each experiment that can be started."""
    rows = [(one.name, one.id, "; ".join(one.faults)) for one in found]
    return _table(("experiment", "template", "faults"), rows, screen, {})


def render_experiments(found: Sequence[Experiment], screen: Screen, now: float) -> list[Text]:
    """Return a line per experiment, with the time that it has left."""
    rows = [
        (one.name, one.id, one.status, _left(one, now), f"{'; '.join(one.faults)} {_reason(one)}".strip())
        for one in found
    ]
    table = _table(("experiment", "id", "status", "left", "faults"), rows, screen, _STYLES)
    notes = [clean(note, 400) for one in found for note in one.notes]
    lines = [line for note in notes for line in wrapped(note, screen.width, screen.glyphs)]
    return [*table, *(Text(line, style=DIM) for line in lines)]


def _left(one: Experiment, now: float) -> str:
    left = one.left(now)
    return "" if left is None else duration(left)


def _reason(one: Experiment) -> str:
    return f"({one.reason})" if one.status in {"failed", "stopped"} else ""


def _table(
    heading: tuple[str, ...], rows: Sequence[tuple[str, ...]], screen: Screen, styles: dict[str, str]
) -> list[Text]:
    shown = [tuple(clean(cell, 200) for cell in row) for row in rows]
    columns = list(zip(heading, *shown, strict=True))
    widths = [min(_WIDEST, max(map(cell_len, column))) for column in columns[:-1]]
    lines = [Text("  ".join([*map(fit, heading[:-1], widths), heading[-1]]), style=DIM)]
    for row in shown:
        line = Text()
        for cell, width in zip(row[:-1], widths, strict=True):
            line.append(f"{fit(cell, width, screen.glyphs.ellipsis)}  ", styles.get(cell, ""))
        line.append(row[-1])
        lines.append(line)
    return lines
