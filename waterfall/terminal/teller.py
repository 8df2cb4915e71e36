"""Tells what happens, line by line, while it happens."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from rich.text import Text

from waterfall.terminal.screen import DIM, STYLES, Screen, to_text, wrapped
from waterfall.terminal.text import clean, shorten

if TYPE_CHECKING:
    from collections.abc import Iterable

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""Why a file takes no more output."""


@dataclass(slots=True)
class Teller:
    """Writes to `out` at once; `failed` tells afterwards whether a failure was told."""

    out: TextIO
    screen: Screen
    failed: bool = False

    def progress(self, line: str) -> None:
        """Print one line about what is being done."""
        self.lines([Text(shorten(f"{self.screen.glyphs.dot} {clean(line)}", self.screen.width), style=DIM)])

    def fail(self, message: str) -> None:
        """Print what went wrong."""
        self.failed = True
        self._say(f"{self.screen.glyphs.marks['fault']} {message}", STYLES["fault"])

    def note(self, message: str) -> None:
        """Print what the user should know."""
        self._say(f"{self.screen.glyphs.warning} {message}", STYLES["error"])

    def lines(self, lines: Iterable[Text]) -> None:
        """Print what is drawn already; what a full disk does not take must not end what is told about."""
        try:
            self.out.write(to_text(lines, self.screen))
            self.out.flush()
        except OSError as problem:
            if problem.errno not in NO_ROOM:
                raise

    def _say(self, message: str, style: str) -> None:
        found = wrapped(clean(message), self.screen.width, self.screen.glyphs)
        self.lines(Text(line, style=style) for line in found)
