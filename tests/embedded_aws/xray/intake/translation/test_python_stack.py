from __future__ import annotations

import traceback
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from embedded_aws.xray.intake.translation.python_stack import exceptions
from tests.embedded_aws.xray.sdk_spans import CountingIds

CHAINED = "During handling of the above exception, another exception occurred:"
FIRST = {"id": "0" * 16, "type": "E", "message": "m", "remote": True}


def read(text: str) -> list[dict[str, Any]]:
    return exceptions(text, FIRST, CountingIds())


def raise_plain() -> None:
    raise ValueError("no: never")


def raise_chained() -> None:
    try:
        raise_plain()
    except ValueError:
        raise KeyError("later")  # noqa: B904 - chained by context, not by cause


def raise_caused() -> None:
    try:
        raise_plain()
    except ValueError as error:
        raise KeyError("later") from error


def printed(function: Any) -> str:
    try:
        function()
    except Exception:  # noqa: BLE001 - any, to print it
        return traceback.format_exc()
    raise AssertionError


def test_a_line_number_may_be_anything() -> None:
    """One that no file has is not known."""
    (found,) = read(printed(raise_plain).replace(" line ", " line " + "9" * 5000))
    assert {frame["line"] for frame in found["stack"]} == {0}


def test_frames_come_innermost_first() -> None:
    """Each frame has its full path, line and label."""
    (found,) = read(printed(raise_plain))
    assert [frame["label"] for frame in found["stack"]] == ["raise_plain", "printed"]
    assert found["stack"][0] == {
        "path": __file__,
        "line": raise_plain.__code__.co_firstlineno + 1,
        "label": "raise_plain",
    }


def test_an_exception_while_handling_another_names_it_as_its_cause() -> None:
    """The earlier one follows with its own type, message and stack."""
    last, first = read(printed(raise_chained))
    assert last["cause"] == first["id"] == "0000000000000001"
    assert (first["type"], first["message"], first["remote"]) == ("ValueError", "no: never", True)
    assert [frame["label"] for frame in last["stack"]] == ["raise_chained", "printed"]
    assert [frame["label"] for frame in first["stack"]] == ["raise_plain", "raise_chained"]


SEVERAL_LINES = f"""Traceback (most recent call last):
  File "a.py", line 1, in f
    g()
    ~^^
ValueError: one
two

{CHAINED}

Traceback (most recent call last):
  File "b.py", line 2, in h
    raise KeyError
KeyError
"""


def test_a_message_of_several_lines_is_kept() -> None:
    """Up to the blank line before the words that chain."""
    _, first = read(SEVERAL_LINES)
    assert (first["type"], first["message"]) == ("ValueError", "one\ntwo")


def test_an_explicit_cause_is_not_told_apart() -> None:
    """As in the collector, the frames of both run together."""
    (found,) = read(printed(raise_caused))
    labels = [frame["label"] for frame in found["stack"]]
    assert labels == ["raise_caused", "printed", "raise_plain", "raise_caused"]


def test_a_path_with_a_comma_is_lost() -> None:
    """As in the collector, such a line is no frame."""
    (found,) = read('  File "a,b.py", line 1, in f\n    g()\nE: m')
    assert found["stack"] == []


def test_a_chain_without_a_type_ends_the_reading() -> None:
    """A headline without a colon cannot be taken apart."""
    text = f'  File "a.py", line 1, in f\n    g()\nE\n\n{CHAINED}\n\nE: m\n'
    assert len(read(text)) == 1


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                '  File "a.py", line 1, in f',
                "  File ",
                '  File "a.py", line x, in f',
                "    code",
                "E: m",
                ":",
                "",
                CHAINED,
            ]
        )
        | st.text(max_size=10),
        max_size=12,
    )
)
def test_no_text_crashes_the_reader(lines: list[str]) -> None:
    """Any text gives at least the exception that was reported."""
    assert read("\n".join(lines))[0]["id"] == FIRST["id"]
