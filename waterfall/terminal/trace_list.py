"""The list of traces, newest first: one line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from waterfall.terminal.labels import short_type
from waterfall.terminal.screen import DIM, OPEN_STYLE, STYLES, Screen
from waterfall.text import age, clean, duration, fit, pairs, path_of, shorten

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from waterfall.listing import Summary

ID_WIDTH = 35
AGE_WIDTH = 6
TIME_WIDTH = 7
STATUS_WIDTH = 5
METHOD_WIDTH = 6
WIDE = 120


def render(summaries: Sequence[Summary], screen: Screen, *, now: float) -> list[Text]:
    """Return one line per trace; a wide screen also shows annotations, a narrow one counts them."""
    widths = (("age", AGE_WIDTH), ("took", TIME_WIDTH), ("", STATUS_WIDTH))
    head = " ".join(f"{title:>{width}}" for title, width in widths)
    rest = "annotations" if screen.width >= WIDE else ""
    title = f"{'trace':<{ID_WIDTH}} {head} {fit('request', _request_width(screen))} {rest}"
    return [Text(title, style=DIM), *(_row(summary, screen, now) for summary in summaries)]


def _request_width(screen: Screen) -> int:
    room = screen.width - ID_WIDTH - AGE_WIDTH - TIME_WIDTH - STATUS_WIDTH - 5
    return room // 2 if screen.width >= WIDE else room - 3


def _row(summary: Summary, screen: Screen, now: float) -> Text:
    glyphs = screen.glyphs
    since = age(max(0.0, now - summary.start)) if summary.start is not None else "?"
    mark, style = glyphs.marks[summary.status], STYLES[summary.status]
    if summary.unfinished and summary.status == "ok":
        mark, style = glyphs.unfinished, OPEN_STYLE
    status = mark if summary.http.status is None else f"{mark} {summary.http.status}"
    took = duration(summary.duration) + ("+" if summary.unfinished else "")
    return Text.assemble(
        fit(clean(summary.id), ID_WIDTH),
        (f" {since:>{AGE_WIDTH}}", DIM),
        f" {took:>{TIME_WIDTH}} ",
        (fit(status, STATUS_WIDTH), style),
        " ",
        *_request(summary, screen),
        " ",
        *_annotations(summary, screen),
    )


def _request(summary: Summary, screen: Screen) -> Iterator[str | tuple[str, str]]:
    width = _request_width(screen)
    glyphs = screen.glyphs
    if not summary.is_request:
        kind = short_type(clean(summary.entry_type), 0) if summary.entry_type else ""
        yield fit(f"{clean(summary.entry or '(no root)')} {kind}".rstrip(), width, glyphs.ellipsis)
        return
    url = clean(summary.http.url or "")
    method = clean(summary.http.method or "")
    yield fit(f"{method} {path_of(url)}", width, glyphs.ellipsis)


def _annotations(summary: Summary, screen: Screen) -> Iterator[tuple[str, str]]:
    own = {key: values for key, values in summary.annotations.items() if not key.startswith(("aws:", "aws."))}
    throttled = f"{screen.glyphs.marks['throttle']} " if summary.throttled else ""
    if screen.width < WIDE:
        yield throttled.strip() or (f"+{len(own)}" if own else ""), STYLES["throttle"] if throttled else DIM
        return
    yield throttled, STYLES["throttle"]
    single = {key: values[0] if len(values) == 1 else list(values) for key, values in own.items()}
    room = screen.width - ID_WIDTH - AGE_WIDTH - TIME_WIDTH - STATUS_WIDTH - _request_width(screen) - 5
    listed = ", ".join(pair.replace(" = ", "=", 1) for pair in pairs(single))
    yield shorten(listed, room - len(throttled), screen.glyphs.ellipsis), DIM
