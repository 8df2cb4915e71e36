"""What changed since the request before, in a few lines below its waterfall."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.text import Text

from waterfall.terminal.remarks import place
from waterfall.terminal.screen import DIM, STYLES, Screen
from waterfall.terminal.text import clean, duration, shorten

if TYPE_CHECKING:
    from waterfall.compare.since import Path, Since

MOST = 6
"""Lines of each kind."""


def render(found: Since, screen: Screen) -> list[Text]:
    """Return the lines; one that says so when nothing changed."""
    lines = [line for part in (_raised, _spans, _timings, _fields) for line in _first(list(part(found)))]
    if not lines:
        return [Text("as before: the same spans, in about the same time", style=STYLES["ok"])]
    title = Text(f"against {found.before.id}, the one before:", style="bold")
    return [title, *(_cut(line, screen) for line in lines)]


def _first(lines: list[Text]) -> list[Text]:
    more = len(lines) - MOST
    return lines if more <= 0 else [*lines[:MOST], Text(f"  and {more} more", style=DIM)]


def _cut(line: Text, screen: Screen) -> Text:
    if len(line.plain) <= screen.width:
        return line
    return Text(shorten(line.plain, screen.width, screen.glyphs.ellipsis), style=line.style)


def _raised(found: Since) -> Iterator[Text]:
    for one in found.raised:
        said = f"{one.failure.type}: {one.failure.message}"
        text = f"  ! new exception in {clean(one.name)}: {clean(said, 300)}{place(one.failure)}"
        yield Text(text, style=STYLES["fault"])
    for one in found.healed:
        said = f"{one.failure.type}: {one.failure.message}"
        yield Text(f"  - exception in {clean(one.name)}: {clean(said, 300)}", style=STYLES["ok"])


def _spans(found: Since) -> Iterator[Text]:
    for path in found.added:
        yield Text(f"  + {_path(path)}", style=STYLES["ok"])
    for path in found.removed:
        yield Text(f"  - {_path(path)}", style=STYLES["error"])


def _timings(found: Since) -> Iterator[Text]:
    for one in found.timings:
        change = one.after - one.before
        sign, style = ("+", STYLES["error"]) if change > 0 else ("-", STYLES["ok"])
        times = f"{duration(one.before)} now {duration(one.after)}"
        yield Text(f"  {sign}{duration(abs(change))} {_path(one.path)}: {times}", style=style)


def _fields(found: Since) -> Iterator[Text]:
    for one in found.fields:
        values = " now ".join("absent" if each is None else _value(each) for each in (one.left, one.right))
        yield Text(f"  ~ {_path(one.path)}: {clean(one.field)}: {values}")


def _path(path: Path) -> str:
    return " > ".join(clean(part, 80) for part in path[-3:])


def _value(value: object) -> str:
    return clean(json.dumps(value, ensure_ascii=False), 60)
