"""An explanation, and a list of requests, as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from waterfall.terminal.screen import DIM, STYLES, Glyphs, Screen, wrapped
from waterfall.terminal.text import age, clean, fit, shorten
from waterfall.why.facts import ApiRequest, Entry
from waterfall.why.reasons import Reason, State
from waterfall.why.service import Answer, ListedRequest

_STYLES: dict[State, str] = {"ok": STYLES["ok"], "stop": STYLES["fault"], "gap": STYLES["error"], "info": DIM}
_LONGEST = 12
"""Lines of one sentence: names in it are as long as their owners like."""
_AGE, _STATUS, _BRIEF = 8, 7, 24
ID_SHOWN = 8
"""Characters of an id: enough to tell a thousand apart."""


def render(answer: Answer, screen: Screen, now: float) -> list[Text]:
    """Return the verdict, what it is about, and a mark and a sentence for each thing that decided."""
    explanation = answer.explanation
    style = STYLES["ok" if explanation.is_good else "fault"]
    lines = [Text(line, style=f"bold {style}") for line in _wrapped(explanation.verdict, screen, 0)]
    if answer.entry:
        lines += [
            Text(line, style=DIM) for line in _wrapped(describe(answer.entry, now, screen.glyphs), screen, 0)
        ]
    lines.append(Text())
    for reason in explanation.reasons:
        lines += _reason(reason, screen)
    return lines


def _reason(reason: Reason, screen: Screen) -> Iterator[Text]:
    glyphs = screen.glyphs
    mark = _mark(reason.state, glyphs)
    for number, line in enumerate(_wrapped(reason.text, screen, 2)):
        yield Text.assemble((f"{'' if number else mark} ".rjust(2), _STYLES[reason.state]), line)
    for number, line in enumerate(_wrapped(reason.fix, screen, 5) if reason.fix else ()):
        yield Text.assemble("  ", (f"{'' if number else glyphs.arrow} ".rjust(3), DIM), (line, "cyan"))


def _mark(state: State, glyphs: Glyphs) -> str:
    return {
        "ok": glyphs.marks["ok"],
        "stop": glyphs.marks["fault"],
        "gap": glyphs.warning,
        "info": glyphs.dot,
    }[state]


def _wrapped(text: str, screen: Screen, indent: int) -> list[str]:
    return wrapped(clean(text), screen.width - indent, screen.glyphs, limit=_LONGEST)


def describe(entry: Entry, now: float, glyphs: Glyphs) -> str:
    """Return what an entry is, in one line."""
    when = f"{age(max(0.0, now - entry.at))} ago" if now - entry.at >= 1 else "now"
    if isinstance(entry, ApiRequest):
        what = f"{entry.method} {entry.url} {glyphs.arrow} {entry.status}"
        return f"{what} {glyphs.dot} request {entry.id} {glyphs.dot} {when}"
    where = f"invocation {entry.id} {glyphs.dot} {when}"
    return f"{entry.function} {glyphs.arrow} {entry.status} {glyphs.dot} {where}"


def render_list(found: Sequence[ListedRequest], screen: Screen, now: float) -> list[Text]:
    """Return a line per request, newest first: when, what, its answer, why traced or not, and its id."""
    widths = (_AGE, screen.width - _AGE - _STATUS - _BRIEF - ID_SHOWN, _STATUS, _BRIEF)
    lines = [Text("".join(map(fit, ("age", "request", "status", "trace"), widths)) + "id", style=DIM)]
    for one in found:
        entry, verdict = one.entry, screen.glyphs.marks["ok" if one.traces else "fault"]
        cells = (
            (age(max(0.0, now - entry.at)), DIM),
            (clean(_what(entry), 500), ""),
            (str(entry.status), ""),
            (f"{verdict} {clean(one.brief)}", STYLES["ok" if one.traces else "error"]),
        )
        line = Text()
        for (cell, style), width in zip(cells, widths, strict=True):
            line.append(fit(shorten(cell, width - 1, screen.glyphs.ellipsis), width), style)
        lines.append(line.append(clean(entry.id[:ID_SHOWN]), DIM))
    return lines


def _what(entry: Entry) -> str:
    if isinstance(entry, ApiRequest):
        return f"{entry.method} {entry.url}"
    return f"{entry.source_kind or 'invoke'} {entry.function}"
