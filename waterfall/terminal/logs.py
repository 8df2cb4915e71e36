"""Log lines as text: when, which function, how bad, what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.cells import cell_len
from rich.text import Text

from waterfall.logs.invocations import InvocationLogs
from waterfall.logs.lines import Line
from waterfall.terminal.screen import DIM, INJECTED_STYLE, STYLES, Screen
from waterfall.terminal.text import clean, duration, fit, pairs
from waterfall.traces.documents import list_of

_LEVEL_STYLES = {
    "TRACE": DIM,
    "DEBUG": DIM,
    "INFO": "",
    "WARN": STYLES["error"],
    "ERROR": STYLES["fault"],
    "FATAL": STYLES["fault"],
}
_TINTS = ("cyan", "magenta", "blue", "green", "bright_cyan", "bright_magenta", "bright_blue")
MINUTE = 60.0
_LEVEL_WIDTH = 5
_WIDEST_NAME = 30
_LONGEST = 20_000
_MOST_LINES = 200
_STACK = "stackTrace"


class LogLines:
    """Draws lines; `origin` makes times offsets from it. Keeps the functions' colours and their column."""

    def __init__(self, screen: Screen, origin: float | None = None) -> None:
        self._screen = screen
        self._origin = origin
        self._tints: dict[str, str] = {}
        self._width = 0

    def render(self, lines: Sequence[Line]) -> Iterator[Text]:
        names = {clean(line.event.function, _LONGEST) for line in lines}
        self._width = max(self._width, *(min(_WIDEST_NAME, cell_len(name)) for name in names), 0)
        for line in lines:
            yield from self._line(line)

    def _line(self, line: Line) -> Iterator[Text]:
        name = clean(line.event.function, _LONGEST)
        tint = self._tints.setdefault(name, _TINTS[len(self._tints) % len(_TINTS)])
        head = Text.assemble(
            (f"{self._time(line.event.time)}  ", DIM),
            (fit(name, self._width, self._screen.glyphs.ellipsis), tint),
            "  ",
            (fit(line.level or "", _LEVEL_WIDTH), _LEVEL_STYLES.get(line.level or "", "")),
            "  ",
        )
        indent = " " * head.cell_len
        style = _style(line)
        for index, part in enumerate(_parts(line.message)):
            yield Text.assemble(head if index == 0 else indent, (part, style))
        if line.kind == "log":
            extras = {key: value for key, value in line.extras.items() if key != _STACK}
            if extras:
                yield Text.assemble(indent, ("  ".join(pairs(extras)), DIM))
            for frame in list_of(line.fields.get(_STACK)):
                for part in _parts(str(frame).strip("\n")):
                    yield Text.assemble(indent, (part, DIM))

    def _time(self, seconds: float) -> str:
        if self._origin is not None:
            return f"{_moment(seconds - self._origin):>8}"
        return datetime.fromtimestamp(seconds).astimezone().strftime("%H:%M:%S.%f")[:-3]


def _style(line: Line) -> str:
    if line.kind == "injected":
        return INJECTED_STYLE
    return _LEVEL_STYLES.get(line.level or "", "") if line.kind == "log" else DIM


def _moment(seconds: float) -> str:
    return f"{seconds:.3f} s" if abs(seconds) < MINUTE else duration(seconds)


def _parts(message: str) -> list[str]:
    """Return a message's own lines, each harmless."""
    found = message.split("\n")
    left_out = [f"({len(found) - _MOST_LINES} more lines)"] if len(found) > _MOST_LINES else []
    return [_harmless(part) for part in found[:_MOST_LINES]] + left_out


def _harmless(part: str) -> str:
    return clean(part.replace("\t", "    "), _LONGEST)


def render_trace_logs(found: Sequence[InvocationLogs], screen: Screen, origin: float) -> Iterator[Text]:
    """Return the lines of all invocations in the order of time, then which ones have none, and why."""
    lines = sorted((line for logs in found for line in logs.lines), key=lambda line: line.event.time)
    yield from LogLines(screen, origin).render(lines)
    for logs in found:
        if logs.missing:
            name, glyphs = clean(logs.invocation.function, 100), screen.glyphs
            text = f"{glyphs.warning} {name}: {clean(logs.missing, 500)}"
            yield Text(text, style=STYLES["error"])
