"""Two traces side by side, differences marked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from rich.text import Text

from waterfall.compare.difference import MAP, Comparison, Finding, Pair
from waterfall.terminal.screen import DIM, STYLES, Screen, wrapped
from waterfall.terminal.text import clean, fit, shorten

MIDDLE = 5
STEP = 2
LINES_OF_VALUE = 8


def render(comparison: Comparison, screen: Screen, titles: Sequence[str] = ("", "")) -> list[Text]:
    """Return the lines of one comparison; `titles` say what each side is."""
    left, right = comparison.left, comparison.right
    heads = [clean(f"{title} {trace.id}".strip()) for title, trace in zip(titles, (left, right), strict=True)]
    lines = [_row(*heads, mark="", screen=screen, style="bold"), Text()]
    for pair in comparison.pairs:
        lines.append(_pair(pair, screen))
        for finding in pair.findings if pair.left and pair.right else ():
            lines += _finding(finding, screen, indent=STEP * (pair.depth + 1))
    for finding in comparison.map_findings:
        lines += _finding(finding, screen, indent=0)
    return [*lines, Text(), *_verdict(comparison, screen)]


def _width(screen: Screen) -> int:
    return (screen.width - MIDDLE) // 2


def _row(left: str, right: str, *, mark: str, screen: Screen, style: str) -> Text:
    width, end = _width(screen), screen.glyphs.ellipsis
    sign_style = STYLES["fault"] if mark not in {"", "="} else DIM
    return Text.assemble(
        (fit(left, width, end), style),
        (f"{mark:^{MIDDLE}}", sign_style),
        (shorten(right, width, end), style),
    )


def _pair(pair: Pair, screen: Screen) -> Text:
    unequal = "!=" if pair.left and pair.right else "<" if pair.left else ">"
    mark = unequal if pair.findings else "="
    left, right = (one.label if one else None for one in (pair.left, pair.right))
    if unequal != "!=":
        [alone] = pair.findings
        left, right = alone.left, alone.right
    margin = " " * (STEP * pair.depth)
    names = ("" if name is None else margin + clean(name, 300) for name in (left, right))
    return _row(*names, mark=mark, screen=screen, style=STYLES["fault"] if pair.findings else "")


def _finding(finding: Finding, screen: Screen, indent: int) -> Iterator[Text]:
    """Yield the field's name, and below it both values; a long value takes several lines."""
    indent = min(indent, _width(screen) // 3)
    place = f"{finding.path[0]}: " if finding.path == (MAP,) else ""
    title = " " * indent + clean(place + finding.field)
    yield Text(shorten(title, screen.width, screen.glyphs.ellipsis), style=STYLES["error"])
    columns = [_value(value, screen, indent + STEP) for value in (finding.left, finding.right)]
    for number in range(max(map(len, columns))):
        left, right = (column[number] if number < len(column) else "" for column in columns)
        mark = "" if number else "!="
        yield _row(left, right, mark=mark, screen=screen, style=STYLES["error"])


def _value(value: Any, screen: Screen, indent: int) -> list[str]:
    text = "(absent)" if value is None else clean(json.dumps(value, ensure_ascii=False))
    room = _width(screen) - indent
    return [" " * indent + line for line in wrapped(text, room, screen.glyphs, limit=LINES_OF_VALUE)]


def _verdict(comparison: Comparison, screen: Screen) -> Iterator[Text]:
    if comparison.imports_left_out:
        note = "only one of the traces has a cold start: what was recorded at import is not compared"
        for line in wrapped(note, screen.width, screen.glyphs):
            yield Text(line, style=DIM)
    count = len(comparison.findings)
    if comparison.equal:
        yield Text("equal", style=STYLES["ok"])
    else:
        yield Text(f"{count} difference{'s' if count > 1 else ''}", style=STYLES["fault"])
