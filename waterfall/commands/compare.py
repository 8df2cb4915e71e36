"""`waterfall compare`: two traces, or one request in each mode. Returns text, and whether all is equal."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from waterfall.commands.reading import Desk, trace_of
from waterfall.compare.difference import Comparison, compare
from waterfall.stack.child import MODES, Program, compare_modes
from waterfall.terminal import as_json
from waterfall.terminal import comparison as picture
from waterfall.terminal.screen import Screen, to_text
from waterfall.terminal.text import clean

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence


def traces(desk: Desk, wanted: Sequence[str]) -> tuple[str, bool]:
    """Compare two traces, each given by id or as `latest`; raises ReadError when one is not there."""
    left, right = (trace_of(desk, one) for one in wanted)
    found = compare(left, right, (desk.reader.map_of(left), desk.reader.map_of(right)))
    return _text([found], desk.screen, ("", ""), json=desk.json), found.equal


def modes(given: argparse.Namespace, screen: Screen, errors: TextIO) -> tuple[str, bool]:
    """Compare one request in each mode; progress goes to `errors`. Raises ReadError when a mode fails."""

    def say(line: str) -> None:
        errors.write(f"{screen.glyphs.dot} {clean(line)}\n")
        errors.flush()

    found = compare_modes(Program(given.directory, given.stack, dict(given.config)), say)
    return _text(found, screen, MODES, json=given.json), all(one.equal for one in found)


def _text(found: Sequence[Comparison], screen: Screen, titles: Sequence[str], *, json: bool) -> str:
    if json:
        return as_json.dumps(as_json.comparison_shape(found))
    return "\n".join(to_text(picture.render(one, screen, titles), screen) for one in found)
