"""What a check found, for people: a line for each request, and one for each difference."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from rich.text import Text

from waterfall.proof.cases import Expectation
from waterfall.proof.verdict import Difference, Result
from waterfall.terminal.screen import DIM, STYLES, Screen, wrapped
from waterfall.terminal.text import clean

_MARGIN = "  "


def render(results: Sequence[Result], unmet: Sequence[Expectation], screen: Screen) -> Iterator[Text]:
    """Yield the lines about all requests."""
    for result in results:
        yield _head(result, screen)
        if result.error:
            yield from _wrapped(result.error, screen, STYLES["fault"])
        for one in result.differences:
            style = STYLES["fault"] if one.reason is None else DIM
            yield from _wrapped(told(one, screen.glyphs.arrow), screen, style)
        for note in result.notes:
            yield from _wrapped(note, screen, DIM)
    for each in unmet:
        yield Text(f"expected, and not seen: {clean(each.reason)}", style=DIM)
    failed = sum(not result.ok for result in results)
    count = f"{len(results)} request{'' if len(results) == 1 else 's'}"
    style = STYLES["fault" if failed else "ok"]
    yield Text(
        f"{failed} of {len(results)} requests differ" if failed else f"{count}: as recorded", style=style
    )


def _head(result: Result, screen: Screen) -> Text:
    mark = screen.glyphs.marks["ok" if result.ok else "fault"]
    return Text.assemble(
        (f"{mark} {clean(result.case.name)} ", STYLES["ok" if result.ok else "fault"]),
        (clean(result.case.title), DIM),
    )


def _wrapped(text: str, screen: Screen, style: str) -> Iterator[Text]:
    for line in wrapped(clean(text), screen.width - len(_MARGIN), screen.glyphs):
        yield Text(_MARGIN + line, style=style)


def told(one: Difference, arrow: str = "->") -> str:
    """Tell of a difference in one line."""
    place = " > ".join(one.path)
    reason = f" (expected: {one.reason})" if one.reason else ""
    return f"{one.change}: {_told(one, place, arrow)}{reason}"


def _told(one: Difference, place: str, arrow: str) -> str:
    if one.change in {"added", "removed"}:
        whole = str(one.left or one.right)
        return " > ".join([*one.path[:-1], whole])
    if one.change == "budget":
        return f"{one.field}: {one.right}"
    if one.change == "slower":
        return f"{place}: {one.left} {arrow} {one.right} ({one.field})"
    name = f"{place}: {one.field}" if one.field else place
    also = f"; so {', '.join(one.also)}" if one.also else ""
    return f"{name}: {_value(one.left)} {arrow} {_value(one.right)}{also}"


def _value(value: Any) -> str:
    if value is None:
        return "absent"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
