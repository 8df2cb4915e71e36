"""The list of traces, newest first: one line each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.cells import cell_len
from rich.text import Text

from waterfall.terminal.labels import mark, short_type
from waterfall.terminal.screen import DIM, STYLES, Screen
from waterfall.terminal.text import age, clean, duration, fit, pairs, path_of, shorten
from waterfall.traces.summaries import Summary

ID_WIDTH = 35
AGE_WIDTH = 6
TIME_WIDTH = 7
STATUS_WIDTH = 5
FLAGS_WIDTH = 3
WIDE = 120
_OTHERS = ID_WIDTH + AGE_WIDTH + TIME_WIDTH + 1 + STATUS_WIDTH + 5


def render(summaries: Sequence[Summary], screen: Screen, *, now: float) -> list[Text]:
    """Return one line per trace; a wide screen also shows annotations, a narrow one counts them."""
    wide = screen.width >= WIDE
    requests = [_request(summary) for summary in summaries]
    room = (screen.width - _OTHERS) // 2 if wide else screen.width - _OTHERS - FLAGS_WIDTH
    width = min(room, max(map(cell_len, requests), default=0))
    titles = f"{'trace':<{ID_WIDTH}} {'age':>{AGE_WIDTH}} {'took':>{TIME_WIDTH}}"
    head = Text(
        f"{titles}{'':{STATUS_WIDTH + 3}}{fit('request', width)} {'annotations' if wide else ''}", style=DIM
    )
    rows = zip(summaries, requests, strict=True)
    return [head, *(_row(summary, request, width, screen, now) for summary, request in rows)]


def _row(summary: Summary, request: str, width: int, screen: Screen, now: float) -> Text:
    glyphs = screen.glyphs
    since = age(max(0.0, now - summary.start)) if summary.start is not None else "?"
    sign, style = mark(summary.status, glyphs, unfinished=summary.unfinished)
    status = sign if summary.http.status is None else f"{sign} {summary.http.status}"
    throttled = glyphs.marks["throttle"] if summary.throttled and summary.status != "throttle" else ""
    row = Text.assemble(
        fit(clean(summary.id), ID_WIDTH),
        (f" {since:>{AGE_WIDTH}}", DIM),
        f" {duration(summary.duration):>{TIME_WIDTH}}{'+' if summary.unfinished else ' '} ",
        (fit(status, STATUS_WIDTH), style),
        f" {fit(request, width, glyphs.ellipsis)} ",
        (throttled, STYLES["throttle"]),
    )
    notes = _annotations(summary) if screen.width >= WIDE else _annotation_count(summary)
    row.append(
        shorten(
            (" " if throttled and screen.width >= WIDE else "") + notes,
            screen.width - row.cell_len,
            glyphs.ellipsis,
        ),
        DIM,
    )
    return row


def _request(summary: Summary) -> str:
    """Return `GET /path`, or what a trace without a request began with: `consumer (Lambda)`."""
    if summary.is_request:
        return f"{clean(summary.http.method or '')} {path_of(clean(summary.http.url or ''))}".strip()
    kind = f" ({short_type(clean(summary.entry_type), 0)})" if summary.entry_type else ""
    return f"{clean(summary.entry or '(no root)')}{kind}"


def _own(summary: Summary) -> dict[str, tuple[Any, ...]]:
    return {
        key: values for key, values in summary.annotations.items() if not key.startswith(("aws:", "aws."))
    }


def _annotation_count(summary: Summary) -> str:
    own = _own(summary)
    return f"+{len(own)}" if own else ""


def _annotations(summary: Summary) -> str:
    own = {key: values[0] if len(values) == 1 else list(values) for key, values in _own(summary).items()}
    return ", ".join(pair.replace(" = ", "=", 1) for pair in pairs(own))
