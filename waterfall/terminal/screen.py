"""The terminal that is written to: how wide it is, what it can show, and how lines become text."""

from __future__ import annotations

import io
import os
import shutil
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TextIO

from rich.console import Console
from rich.text import Text

from waterfall.terminal.text import shorten
from waterfall.traces.model import Status

PIPED_WIDTH = 100
NARROWEST = 60


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The characters of a picture. Bars are left half, full and right half of a cell."""

    bar: tuple[str, str, str] = ("╸", "━", "╺")
    waiting: tuple[str, str, str] = ("╴", "─", "╶")
    open_end: str = "▶"
    branch: str = "├"
    last_branch: str = "└"
    rail: str = "│"
    dash: str = "─"
    arrow: str = "→"
    ellipsis: str = "…"
    dot: str = "·"
    none: str = "·"
    marks: Mapping[Status, str] = field(
        default_factory=lambda: {"ok": "✓", "error": "!", "throttle": "≈", "fault": "✗"}
    )
    unfinished: str = "…"
    pause: str = "┊"
    warning: str = "▲"


UNICODE = Glyphs()
ASCII = Glyphs(
    bar=("=", "=", "="),
    waiting=("-", "-", "-"),
    open_end=">",
    branch="+",
    last_branch="`",
    rail="|",
    dash="-",
    arrow="->",
    ellipsis="~",
    dot="|",
    none="-",
    marks={"ok": ".", "error": "!", "throttle": "%", "fault": "X"},
    unfinished="?",
    pause=":",
    warning="^",
)

STYLES: Mapping[Status, str] = {"ok": "green", "error": "yellow", "throttle": "magenta", "fault": "bold red"}
OPEN_STYLE = "cyan"
INJECTED_STYLE = "bold magenta"
"""What an experiment did on purpose."""
PAUSE_STYLE = "bold yellow"
"""Where somebody stood at a line: that time is in no bar."""
DIM = "dim"


@dataclass(frozen=True, slots=True)
class Screen:
    """`width` is in cells; `colour` off means plain text without any escape sequence."""

    width: int = PIPED_WIDTH
    colour: bool = False
    encoding: str = "utf-8"

    @property
    def glyphs(self) -> Glyphs:
        try:
            "╸━╺╴─╶▶├└│→…·✓≈✗▲┊".encode(self.encoding)
        except (UnicodeEncodeError, LookupError):
            return ASCII
        return UNICODE


def screen_of(stream: TextIO, environment: Mapping[str, str] = os.environ) -> Screen:
    """Return what a stream shows: a terminal's own size, else COLUMNS or 100 cells and no colour."""
    tty = stream.isatty()
    columns = environment.get("COLUMNS", "")
    fallback = int(columns) if columns.isdecimal() and int(columns) > 0 else PIPED_WIDTH
    width = shutil.get_terminal_size((fallback, 24)).columns if tty else fallback
    colour = tty and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"
    return Screen(max(NARROWEST, width), colour, stream.encoding or "ascii")


def to_text(lines: Iterable[Text], screen: Screen) -> str:
    """Return lines as the text to write; each ends without trailing blanks."""
    if not screen.colour:
        plain = "".join(line.plain.rstrip() + "\n" for line in lines)
        return plain.encode(screen.encoding, "replace").decode(screen.encoding)
    console = Console(
        file=io.StringIO(),
        force_terminal=True,
        color_system="standard",
        width=max(screen.width, 1),
        legacy_windows=False,
        _environ={},
    )
    with console.capture() as capture:
        for line in lines:
            line.rstrip()
            console.print(line, no_wrap=True, overflow="ignore", crop=False, soft_wrap=True)
    return capture.get().encode(screen.encoding, "replace").decode(screen.encoding)


def wrapped(text: str, width: int, glyphs: Glyphs, *, limit: int = 3) -> list[str]:
    """Return text in at most `limit` lines of `width` cells."""
    end = f" {glyphs.ellipsis}"
    lines = textwrap.wrap(text, max(width, 10), max_lines=limit, placeholder=end) or [""]
    return [shorten(line, width, glyphs.ellipsis) for line in lines]
