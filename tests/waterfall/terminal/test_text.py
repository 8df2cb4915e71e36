"""Words and figures."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from waterfall.terminal import text


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 ms"),
        (0.00004, "0 ms"),
        (0.0004, "0.4 ms"),
        (0.00994, "9.9 ms"),
        (0.00996, "10 ms"),
        (0.182, "182 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.00 s"),
        (2.384, "2.38 s"),
        (9.996, "10.0 s"),
        (59.94, "59.9 s"),
        (59.96, "1m 00s"),
        (125, "2m 05s"),
        (3599.6, "1h 00m"),
        (12_000, "3h 20m"),
        (90_000, "1d 01h"),
        (10_000_000, "115 d"),
        (-0.5, "-500 ms"),
    ],
)
def test_duration_has_three_digits(seconds: float, shown: str) -> None:
    """A duration is told in the unit that fits it."""
    assert text.duration(seconds) == shown


@given(st.floats(0, 1e12))
def test_duration_fits_its_column(seconds: float) -> None:
    """No duration is wider than seven characters."""
    assert len(text.duration(seconds)) <= 7


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.5, "now"), (12, "12 s"), (59.9, "59 s"), (60, "1 min"), (7_300, "2 h"), (200_000, "2 d")],
)
def test_age_has_one_unit(seconds: float, shown: str) -> None:
    """An age is told roughly."""
    assert text.age(seconds) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [(0, "0"), (9_999, "9999"), (10_000, "10k"), (999_499, "999k"), (999_500, "1.0M"), (10**13, ">1T")],
)
def test_count_is_short(number: int, shown: str) -> None:
    """A count takes at most four characters."""
    assert text.count(number) == shown


@given(st.text())
def test_clean_text_is_printable(dirty: str) -> None:
    """Whatever came, what is shown is one printable line."""
    assert text.clean(dirty).isprintable()


def test_lines_of_an_error_stay_lines() -> None:
    """What they name is harmless."""
    assert text.message(ValueError("a\n  b\x1b[2J\r")) == "a\n  b\\x1b[2J "


@given(st.text(), st.integers(0, 50))
def test_fitted_text_has_its_width(words: str, width: int) -> None:
    """A fitted text takes exactly its cells, also with characters of double width."""
    assert cell_len(text.fit(text.clean(words), width)) == width


def test_long_text_is_cut() -> None:
    """A name of a megabyte does not become a megabyte of output."""
    assert len(text.clean("x" * 1_000_000)) == 2_000


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("200", '"200"'),
        (200, "200"),
        (True, "true"),
        (None, "null"),
        ({"a": [1]}, '{"a": [1]}'),
        ("é", '"é"'),
    ],
)
def test_values_are_told_as_json(value: Any, shown: str) -> None:
    """The text "200" is not the number 200."""
    assert text.value(value) == shown


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://a.example/dev/x?y=1", "/dev/x?y=1"),
        ("https://a.example", "/"),
        ("/x", "/x"),
        ("http://[", "http://["),
    ],
)
def test_path_tells_requests_apart(url: str, path: str) -> None:
    """Of a URL the path and query are kept; what is no URL stays as it is."""
    assert text.path_of(url) == path
