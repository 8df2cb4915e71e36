"""What a setting can accept (`parse`), and a value inside a setting that is an object (`check`).

Both return the value as the program uses it, and raise ValueError for what is not allowed. `schema` is a
setting's type in Pulumi.yaml, `allowed` describes the values for people.
"""

from __future__ import annotations

import json
import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

import pulumi

N = TypeVar("N", int, float)


class SettingError(pulumi.RunError, ValueError):
    """A setting has a value that cannot work; Pulumi prints the message without a traceback."""


class _Checked(ABC):
    """Text is read as a value `of` a type first, and then checked as one inside an object is."""

    of: ClassVar[type] = int
    schema: ClassVar[str] = "integer"

    @abstractmethod
    def check(self, value: Any) -> Any: ...

    def parse(self, text: str) -> Any:
        return self.check(self.of(text))


@dataclass(frozen=True)
class Whole(_Checked):
    """A whole number from `low` to `high`."""

    low: int
    high: int | None = None

    @property
    def allowed(self) -> str:
        return f"a whole number {_between(self.low, self.high)}"

    def check(self, value: Any) -> int:
        number = int(value) if isinstance(value, float) and value.is_integer() else value
        if isinstance(number, int) and not isinstance(number, bool):
            return _within(number, self.low, self.high)
        raise ValueError(value)


@dataclass(frozen=True)
class OneOf(_Checked):
    """One of a list of whole numbers or, inside an object, of words."""

    values: tuple[int, ...] | tuple[str, ...]

    @property
    def allowed(self) -> str:
        return f"one of {', '.join(map(str, self.values))}"

    def check(self, value: Any) -> Any:
        if value not in self.values:
            raise ValueError(value)
        return value


@dataclass(frozen=True)
class Choice(OneOf):
    """One of a few words."""

    values: tuple[str, ...]
    of = str
    schema = "string"

    @property
    def allowed(self) -> str:
        return " or ".join([", ".join(self.values[:-1]), self.values[-1]])


@dataclass(frozen=True)
class Switch(Choice):
    """`on`, `off` and perhaps more words; YAML that does not quote the two makes true and false of them."""

    def parse(self, text: str) -> Any:
        return super().parse({"true": "on", "false": "off"}.get(text, text))


@dataclass(frozen=True)
class Number(_Checked):
    """A number from `low` to `high`, perhaps described in `words` of its own.

    Pulumi's schema has no such type, so a setting is written as a string.
    """

    low: float
    high: float | None = None
    words: str = ""
    of = float
    schema = "string"

    @property
    def allowed(self) -> str:
        return self.words or f"a number {_between(self.low, self.high)}"

    def check(self, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise ValueError(value)
        return float(_within(value, self.low, self.high))


@dataclass(frozen=True)
class Flag:
    """Yes or no."""

    schema = "boolean"
    allowed = "true or false"

    def parse(self, text: str) -> bool:
        return self.check({"true": True, "false": False}.get(text.lower()))

    def check(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise ValueError(value)  # noqa: TRY004 - what every kind raises
        return value


@dataclass(frozen=True)
class Pattern:
    """Empty, or text of a shape that `allowed` describes."""

    regex: str
    allowed: str
    schema = "string"

    def parse(self, text: str) -> str:
        if text and not re.fullmatch(self.regex, text):
            raise ValueError(text)
        return text


@dataclass(frozen=True)
class Mapped:
    """An object, which `read` checks and may refuse with SettingError; Pulumi hands it over as JSON."""

    allowed: str
    read: Callable[[dict[str, Any]], Any]
    schema = "object"

    def parse(self, text: str) -> Any:
        found = json.loads(text or "{}")
        if isinstance(found, dict):
            return self.read(found)
        raise ValueError(text)


Check = Whole | OneOf | Number | Flag
Kind = Check | Choice | Pattern | Mapped


def checked(check: Check, value: Any, refusal: str) -> Any:
    """Return a value inside an object; raises SettingError with `{value!r}` and `{allowed}` filled in.

    A number may be text: `pulumi config set --path faults.slow.delay 1.5` stores it so.
    """
    try:
        if isinstance(value, str) and isinstance(check, Whole | Number):
            return check.parse(value)
        return check.check(value)
    except (ValueError, OverflowError):
        raise SettingError(refusal.format(value=value, allowed=check.allowed)) from None


def _between(low: float, high: float | None) -> str:
    return f"of {low:g} or more" if high is None else f"from {low:g} to {high:g}"


def _within(number: N, low: float, high: float | None) -> N:
    if number < low or (high is not None and number > high):
        raise ValueError(number)
    return number
