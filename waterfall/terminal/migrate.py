"""A move for people: the inventory, what is left and why, what the deployment needs."""

from __future__ import annotations

import difflib
import os
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.text import Text

from waterfall.migrate.inventory import Change
from waterfall.terminal.screen import DIM, STYLES, Screen
from waterfall.terminal.text import clean, fit


def inventory(changes: Sequence[Change], screen: Screen) -> Iterator[Text]:
    """Yield a line for each construct, and how many there are."""
    rows = [(f"{_shown(change.path)}:{use.line}", use) for change in changes for use in change.uses]
    places = max((len(place) for place, _ in rows), default=0)
    constructs = min(max((len(use.construct) for _, use in rows), default=0), 40)
    for place, use in rows:
        style = DIM if use.is_moved else STYLES["fault"]
        text = use.becomes if use.why is None else f"left: {use.why}"
        yield Text(f"{fit(clean(place), places)}  {fit(clean(use.construct), constructs)}  ").append(
            f"{screen.glyphs.arrow} {clean(text)}", style=style
        )
    for change in changes:
        if change.error:
            yield Text(f"{_shown(change.path)}: not read: {clean(change.error)}", style=STYLES["fault"])
    moved = sum(use.is_moved for _, use in rows)
    files = sum(bool(change.uses) for change in changes)
    found = f"{_counted(len(rows), 'use')} in {_counted(files, 'file')}"
    yield Text(f"{found}: {moved} move, {len(rows) - moved} are left")


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def needs(
    steps: Sequence[str], settings: Sequence[tuple[Path, int, str, str]], screen: Screen
) -> Iterator[Text]:
    """Yield the steps of the deployment, and where old variables are set."""
    yield Text("")
    yield Text("What the deployment needs:", style="bold")
    for number, step in enumerate(steps, 1):
        lines = textwrap.wrap(
            f"  {number}. {step}", screen.width, subsequent_indent=" " * 5, break_on_hyphens=False
        )
        yield from map(Text, lines)
    for path, line, name, becomes in settings:
        yield Text(f"     {_shown(path)}:{line}  {name} {screen.glyphs.arrow} {becomes}")


def diff(changes: Sequence[Change]) -> str:
    """Return what changes as a unified diff, which `patch` and `git apply` take."""
    lines: list[str] = []
    for change in changes:
        name = clean(_shown(change.path))
        before, after = (text.splitlines(keepends=True) for text in (change.before, change.after))
        lines += [
            line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
            for line in difflib.unified_diff(before, after, f"a/{name}", f"b/{name}")
        ]
    return "".join(lines)


def _shown(path: Path) -> str:
    return os.path.relpath(path)
