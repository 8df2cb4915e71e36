"""Bars and rulers on a time axis."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waterfall.terminal.bars import Axis

PIECES = ("(", "=", ")")


def test_whole_axis_is_filled() -> None:
    """What lasts as long as the axis fills it."""
    assert Axis(0, 10, 5).bar(0, 10, PIECES) == "====="


def test_half_cells_have_their_own_pieces() -> None:
    """A bar starts and ends at half a cell."""
    assert Axis(0, 10, 5).bar(1, 5, PIECES) == ")=("


def test_no_time_at_all_is_still_seen() -> None:
    """What took no time has half a cell."""
    assert Axis(0, 10, 5).bar(4, 4, PIECES) == "  ("


def test_last_instant_is_inside() -> None:
    """What begins at the end of the axis is drawn in its last cell."""
    assert Axis(0, 10, 5).bar(10, 10, PIECES) == "    )"


def test_open_end_is_marked() -> None:
    """An unfinished bar ends in its mark."""
    assert Axis(0, 10, 5).bar(0, 10, PIECES, ">") == "====>"


def test_axis_without_length_has_a_bar() -> None:
    """A trace that took no time at all is drawn."""
    assert Axis(5, 5, 4).bar(5, 5, PIECES) == "("


@given(
    start=st.floats(-1e3, 1e3),
    length=st.floats(0, 1e3),
    first=st.floats(-2e3, 2e3),
    last=st.floats(-2e3, 2e3),
    width=st.integers(8, 200),
)
def test_bar_stays_on_its_axis(start: float, length: float, first: float, last: float, width: int) -> None:
    """Whatever the times, a bar has at least one cell and stays inside the axis."""
    bar = Axis(start, start + length, width).bar(first, last, PIECES)
    assert 1 <= len(bar.strip()) <= len(bar) <= width


@pytest.mark.parametrize(
    ("seconds", "width", "ruler"),
    [
        (2.384, 16, "0            2 s"),
        (5.23, 16, "0     2 s   4 s"),
        (2.4, 60, "0           0.5 s        1 s          1.5 s       2 s"),
        (0.052, 40, "0              20 ms           40 ms"),
        (150, 40, "0               1m 00s          2m 00s"),
        (0.0004, 40, "0                   0.2 ms"),
    ],
)
def test_ruler_shows_round_times(seconds: float, width: int, ruler: str) -> None:
    """Labels are round and start at the cell of their time."""
    assert Axis(0, seconds, width).ruler() == ruler


@given(st.floats(0, 1e9), st.integers(1, 300))
def test_ruler_fits(seconds: float, width: int) -> None:
    """No ruler is wider than its axis."""
    assert len(Axis(0, seconds, width).ruler()) <= width
