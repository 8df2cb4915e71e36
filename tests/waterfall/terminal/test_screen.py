"""What is known about where the output goes."""

from __future__ import annotations

import io

import pytest
from rich.text import Text

from waterfall.terminal.screen import ASCII, UNICODE, Screen, screen_of, to_text, wrapped


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


class Pipe(io.StringIO):
    encoding = "utf-8"


def test_pipe_is_100_wide_without_colour() -> None:
    """Piped output has one stable width and no escape sequences."""
    assert screen_of(Pipe(), {}) == Screen(100, colour=False, encoding="utf-8")


def test_columns_sets_the_width_of_a_pipe() -> None:
    """COLUMNS chooses another width for piped output."""
    assert screen_of(Pipe(), {"COLUMNS": "132"}).width == 132


@pytest.mark.parametrize("columns", ["", "0", "-5", "wide", "²"])
def test_senseless_columns_are_ignored(columns: str) -> None:
    """A COLUMNS that is no positive number leaves the width as it is."""
    assert screen_of(Pipe(), {"COLUMNS": columns}).width == 100


def test_width_has_a_floor() -> None:
    """A screen too narrow for the columns is written to as if it had 60."""
    assert screen_of(Pipe(), {"COLUMNS": "12"}).width == 60


def test_terminal_has_colour() -> None:
    """A terminal gets colours."""
    assert screen_of(Terminal(), {"TERM": "xterm"}).colour


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_colour_can_be_refused(environment: dict[str, str]) -> None:
    """NO_COLOR and dumb terminals get plain text."""
    assert not screen_of(Terminal(), environment).colour


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "no-such-encoding"])
def test_poor_encodings_get_ascii_glyphs(encoding: str) -> None:
    """What an encoding cannot write is not drawn."""
    assert Screen(encoding=encoding).glyphs is ASCII


def test_utf8_gets_line_drawing() -> None:
    """UTF-8 shows the full picture."""
    assert Screen(encoding="utf-8").glyphs is UNICODE


@pytest.mark.parametrize("colour", [True, False])
def test_what_a_terminal_cannot_write_is_replaced(colour: bool) -> None:  # noqa: FBT001 - a parameter
    """Text of the user's may hold any character, coloured or not."""
    text = to_text([Text("größer → ✓", style="green")], Screen(colour=colour, encoding="ascii"))
    assert "gr??er ? ?" in text
    assert ("\x1b[32m" in text) is colour


def test_long_text_is_wrapped_and_cut() -> None:
    """Text takes at most three lines."""
    lines = wrapped("word " * 50, 20, UNICODE)
    assert len(lines) == 3
    assert lines[-1].endswith("…")
