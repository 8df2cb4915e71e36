from __future__ import annotations

import pytest

from embedded_aws.aws.matching import PatternError, glob, regex


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("*", "", True),
        ("*.test", "api.test", True),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("a.c", "abc", False),
        ("[ab]", "a", False),
        ("[ab]", "[ab]", True),
        (r"\d*", r"\da", True),
        ("gr\u00f6\u00dfe*", "gr\u00f6\u00dfer", True),
        ("*b", "a\nb", True),
        ("A", "a", False),
        ("a?b", "a\ud800b", True),
        ("\ud800*", "\ud800b", True),
    ],
)
def test_a_glob_matches_whole_texts(pattern: str, text: str, *, expected: bool) -> None:
    """`*` is any text, `?` one character, and everything else itself."""
    assert glob(pattern)(text) is expected


def test_a_glob_may_know_one_wildcard_only_and_ignore_case() -> None:
    """Where `?` is no wildcard it is a question mark."""
    assert glob("A?*", wildcards="*", ignore_case=True)("a?b")
    assert not glob("A?*", wildcards="*", ignore_case=True)("abb")


def test_a_glob_of_many_wildcards_answers() -> None:
    """Whatever text it meets; a backtracking matcher would need a lifetime."""
    assert not glob("*a?" * 1000 + "b")("a" * 50_000)


def test_a_regular_expression_is_searched() -> None:
    """It may begin anywhere in the text."""
    assert regex("b+$")("abb")
    assert not regex("(a+)+$")("a" * 50_000 + "b")


@pytest.mark.parametrize("pattern", [r"(a)\1", "(?=a)", "(", "a**", "x{1001}", "(((a{99}){99}){99})"])
def test_a_pattern_that_cannot_be_matched_in_linear_time_is_refused(pattern: str) -> None:
    """References, look-around and huge repetitions have an error instead."""
    with pytest.raises(PatternError):
        regex(pattern)
