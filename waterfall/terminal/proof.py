"""What a check found, for people: a line for each request, and one for each difference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from waterfall.proof.cases import Expectation
from waterfall.proof.lines import told
from waterfall.proof.verdict import Result
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
