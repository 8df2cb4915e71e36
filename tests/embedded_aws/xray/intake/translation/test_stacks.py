"""What each language prints; odd lines are in the corpus beside."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedded_aws.xray.intake.translation import stacks
from tests.embedded_aws.xray.sdk_spans import CountingIds

FIRST = {"id": "0" * 16, "type": "E", "message": "m", "remote": True}
LANGUAGES = ["java", "php", "python", "javascript", "nodejs", "webjs", "dotnet", "go"]


def read(language: str, text: str) -> list[dict[str, Any]]:
    return stacks.exceptions(language, text, FIRST, CountingIds())


@pytest.mark.parametrize(
    ("language", "text", "frame"),
    [
        ("java", "E: m\n\tat app/shop.Stock.take(Stock.java:42)\n", ("Stock.java", "shop.Stock.take", 42)),
        ("php", "E: m\n\tat Shop.Stock.take(/app/Stock.php:42)\n", ("/app/Stock.php", "Shop.Stock.take", 42)),
        ("nodejs", "E: m\n    at take (/app/stock.js:42:11)\n", ("/app/stock.js", "take ", 42)),
        ("dotnet", "E: m\n   at Stock.Take() in /src/S.cs:line 42\n", ("/src/S.cs", "Stock.Take()", 42)),
        (
            "go",
            "E\ngoroutine 1 [running]:\nmain.take()\n\t/src/m.go:42 +0x1\n",
            ("/src/m.go", "main.take()", 42),
        ),
    ],
)
def test_a_frame_has_path_label_and_line(language: str, text: str, frame: tuple[str, str, int]) -> None:
    """As the language prints them."""
    ((found,),) = [exception["stack"] for exception in read(language, text)]
    assert (found["path"], found["label"], found["line"]) == frame


def test_an_exception_names_the_one_that_caused_it() -> None:
    """Java prints causes below; each has a message that may span lines, and its own frames."""
    text = "E: m\n\tat a.A.a(A.java:1)\nCaused by: b.B: first\nsecond\n\tat b.B.b(B.java:2)\n\t... 1 more\n"
    effect, cause = read("java", text)
    assert effect["cause"] == cause["id"]
    assert (cause["type"], cause["message"], cause["remote"]) == ("b.B", "firstsecond", True)
    assert [found["label"] for found in cause["stack"]] == ["b.B.b"]


def test_an_unknown_language_has_no_frames() -> None:
    """Type and message are kept."""
    assert read("ruby", "E: m\n\tat a.A.a(A.java:1)\n") == [FIRST]


PIECES = [
    "\tat ",
    "    at ",
    "  File ",
    "Caused by: ",
    "at ",
    " in ",
    ":",
    "(",
    ")",
    "line ",
    "goroutine 1 running:",
]


@settings(deadline=None)
@given(
    st.sampled_from(LANGUAGES),
    st.lists(st.sampled_from([*PIECES, "\n", "\r\n", ",", "9", '"']) | st.text(), max_size=30),
)
def test_no_text_crashes_a_reader(language: str, pieces: list[str]) -> None:
    """Whatever a span says is its stack gives exceptions that strict JSON can hold."""
    json.dumps(read(language, "".join(pieces)), allow_nan=False)
