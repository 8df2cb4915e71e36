"""What settings can accept."""

from __future__ import annotations

from typing import Any

import pytest

from components.kinds import (
    Check,
    Choice,
    Flag,
    Kind,
    Number,
    OneOf,
    Pattern,
    SettingError,
    Switch,
    Whole,
    checked,
)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Choice(("a", "b")), "b", "b"),
        (Switch(("auto", "on", "off")), "on", "on"),
        (Switch(("auto", "on", "off")), "true", "on"),
        (Switch(("auto", "on", "off")), "false", "off"),
        (Whole(1, 3), "1", 1),
        (Whole(1, 3), "3", 3),
        (Whole(0), "1000000", 1000000),
        (OneOf((1, 3)), "3", 3),
        (Number(0, 1), "0.05", 0.05),
        (Number(0, 1), "1", 1.0),
        (Flag(), "true", True),
        (Flag(), "False", False),
        (Pattern("[a-z]+", "letters"), "abc", "abc"),
        (Pattern("[a-z]+", "letters"), "", ""),
    ],
)
def test_an_allowed_value_is_read(kind: Kind, text: str, value: Any) -> None:
    """Values are read as the type that the program uses, limits included."""
    assert kind.parse(text) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Choice(("a", "b")), "A"),
        (Whole(1, 3), "4"),
        (Whole(1, 3), "2.0"),
        (OneOf((1, 3)), "2"),
        (Number(0, 1), "-0.01"),
        (Number(0), "inf"),
        (Number(0), "nan"),
        (Flag(), "1"),
        (Pattern("[a-z]+", "letters"), "abc1"),
    ],
)
def test_anything_else_is_refused(kind: Kind, text: str) -> None:
    """A value that is not allowed is a ValueError."""
    with pytest.raises(ValueError):
        kind.parse(text)


@pytest.mark.parametrize(
    ("kind", "allowed"),
    [
        (Choice(("a", "b", "c")), "a, b or c"),
        (Whole(1, 3), "a whole number from 1 to 3"),
        (Whole(1), "a whole number of 1 or more"),
        (OneOf((1, 3)), "one of 1, 3"),
        (Number(0, 0.5), "a number from 0 to 0.5"),
        (Flag(), "true or false"),
    ],
)
def test_what_is_allowed_is_said_in_words(kind: Kind, allowed: str) -> None:
    """The words appear in errors and in the documentation."""
    assert kind.allowed == allowed


@pytest.mark.parametrize(
    ("check", "value", "found"),
    [
        (Whole(1, 3), 3, 3),
        (Whole(1, 3), 3.0, 3),
        (OneOf(("a", "b")), "b", "b"),
        (Number(0, 1), 1, 1.0),
        (Number(0), "1.5", 1.5),
        (Whole(0), "3", 3),
        (Flag(), False, False),
    ],
)
def test_a_value_inside_an_object_is_read(check: Check, value: Any, found: Any) -> None:
    """JSON's own types are checked as text is; a number may be text, as Pulumi's CLI stores it."""
    assert checked(check, value, "") == found


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (Whole(0), "1.5"),
        (Whole(0), True),
        (Whole(0), 1.5),
        (OneOf(("a", "b")), None),
        (Number(0), "1 s"),
        (Number(0), "nan"),
        (Number(0), True),
        (Number(0), float("nan")),
        (Number(0), 10**400),
        (Flag(), "true"),
        (Flag(), 1),
    ],
)
def test_a_value_of_another_type_inside_an_object_is_refused(check: Check, value: Any) -> None:
    """The error has the words of the caller, the value and what is allowed."""
    with pytest.raises(SettingError) as error:
        checked(check, value, "it is {value!r}, but must be {allowed}")
    assert str(error.value) == f"it is {value!r}, but must be {check.allowed}"
