"""What changed since the request before, in a few lines below its waterfall."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from waterfall.terminal.remarks import place
from waterfall.terminal.screen import DIM, STYLES, Screen, wrapped
from waterfall.terminal.text import clean, duration, shorten

if TYPE_CHECKING:
    from waterfall.compare.since import Path, Raised, Since

MOST = 6
"""Differences of each kind."""
_MOST_LINES = 5
"""Lines of an exception."""
_NARROWEST = 12
"""Cells of a name that is cut."""


def render(found: Since, screen: Screen) -> list[Text]:
    """Return the lines; one that says so when nothing changed."""
    parts = (_raised, _spans, _timings, _fields)
    lines = [line for part in parts for line in _first(list(part(found, screen)))]
    if not lines:
        return [Text("as before: the same spans, in about the same time", style=STYLES["ok"])]
    return [Text(f"against {found.before.id}, the one before:", style="bold"), *lines]


def _first(lines: list[Text]) -> list[Text]:
    more = len(lines) - MOST
    return lines if more <= 0 else [*lines[:MOST], Text(f"  and {more} more", style=DIM)]


def _raised(found: Since, screen: Screen) -> Iterator[Text]:
    for one in found.raised:
        where = place(one.failure)
        yield Text(_whole(f"! new exception in {_said(one)}{where}", screen), style=STYLES["fault"])
    for one in found.healed:
        yield Text(_whole(f"- exception in {_said(one)}", screen), style=STYLES["ok"])


def _said(one: Raised) -> str:
    return f"{clean(one.name)}: {clean(f'{one.failure.type}: {one.failure.message}', 300)}"


def _whole(text: str, screen: Screen) -> str:
    """Return an indented text in as many lines as it takes."""
    lines = wrapped(text, screen.width - 4, screen.glyphs, limit=_MOST_LINES)
    return "  " + "\n    ".join(lines)


def _spans(found: Since, screen: Screen) -> Iterator[Text]:
    for path in found.added:
        yield Text(_line("+ ", path, "", screen), style=STYLES["ok"])
    for path in found.removed:
        yield Text(_line("- ", path, "", screen), style=STYLES["error"])


def _timings(found: Since, screen: Screen) -> Iterator[Text]:
    for one in found.timings:
        change = one.after - one.before
        sign, style = ("+", STYLES["error"]) if change > 0 else ("-", STYLES["ok"])
        times = f": {duration(one.before)} now {duration(one.after)}"
        yield Text(_line(f"{sign}{duration(abs(change))} ", one.path, times, screen), style=style)


def _fields(found: Since, screen: Screen) -> Iterator[Text]:
    for one in found.fields:
        values = " now ".join("absent" if each is None else _value(each) for each in (one.left, one.right))
        yield Text(_line("~ ", one.path, f": {clean(one.field)}: {values}", screen))


def _line(head: str, path: Path, tail: str, screen: Screen) -> str:
    """Return a line with as much of a path as there is room for: its end says most."""
    parts = [clean(part, 80) for part in path[-3:]]
    lines = [f"  {head}{' > '.join(parts[first:])}{tail}" for first in range(len(parts))]
    whole = next((line for line in lines if cell_len(line) <= screen.width), None)
    if whole is not None:
        return whole
    room = max(_NARROWEST, screen.width - cell_len(head) - cell_len(tail) - 2)
    name = shorten(parts[-1], room, screen.glyphs.ellipsis)
    return shorten(f"  {head}{name}{tail}", screen.width, screen.glyphs.ellipsis)


def _value(value: object) -> str:
    return clean(json.dumps(value, ensure_ascii=False), 60)
