"""What a setting can accept."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

N = TypeVar("N", int, float)


class Kind(Protocol):
    """What a setting accepts: `schema` is its type in Pulumi.yaml, `allowed` describes it for people."""

    @property
    def schema(self) -> str: ...

    @property
    def allowed(self) -> str: ...

    def parse(self, text: str) -> Any:
        """Return the value; raise ValueError for anything that is not allowed."""


@dataclass(frozen=True)
class Choice:
    """One of a few words."""

    values: tuple[str, ...]
    schema = "string"

    @property
    def allowed(self) -> str:
        return " or ".join([", ".join(self.values[:-1]), self.values[-1]])

    def parse(self, text: str) -> str:
        if text not in self.values:
            raise ValueError(text)
        return text


@dataclass(frozen=True)
class Whole:
    """A whole number from `low` to `high`."""

    low: int
    high: int | None = None
    schema = "integer"

    @property
    def allowed(self) -> str:
        return f"a whole number {_between(self.low, self.high)}"

    def parse(self, text: str) -> int:
        return _within(int(text), self.low, self.high)


@dataclass(frozen=True)
class OneOf:
    """One of a list of whole numbers."""

    values: tuple[int, ...]
    schema = "integer"

    @property
    def allowed(self) -> str:
        return f"one of {', '.join(map(str, self.values))}"

    def parse(self, text: str) -> int:
        if int(text) not in self.values:
            raise ValueError(text)
        return int(text)


@dataclass(frozen=True)
class Number:
    """A number from `low` to `high`; Pulumi's schema has no such type, so it is written as a string."""

    low: float
    high: float | None = None
    schema = "string"

    @property
    def allowed(self) -> str:
        return f"a number {_between(self.low, self.high)}"

    def parse(self, text: str) -> float:
        number = float(text)
        if not math.isfinite(number):
            raise ValueError(text)
        return _within(number, self.low, self.high)


@dataclass(frozen=True)
class Flag:
    """Yes or no."""

    schema = "boolean"
    allowed = "true or false"

    def parse(self, text: str) -> bool:
        if text.lower() not in ("true", "false"):
            raise ValueError(text)
        return text.lower() == "true"


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
    """An object; Pulumi hands it over as JSON."""

    allowed: str
    schema = "object"

    def parse(self, text: str) -> dict[str, Any]:
        found = json.loads(text)
        if isinstance(found, dict):
            return found
        raise ValueError(text)


def _between(low: float, high: float | None) -> str:
    return f"of {low:g} or more" if high is None else f"from {low:g} to {high:g}"


def _within(number: N, low: float, high: float | None) -> N:
    if number < low or (high is not None and number > high):
        raise ValueError(number)
    return number
