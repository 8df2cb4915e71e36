"""Values of action parameters: FIS carries every one of them as text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

MAX_DURATION = 12 * 3600.0
"""Seconds that an action may last."""

_DURATION = re.compile(r"P(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?")
_UNITS = (86400, 3600, 60, 1)


@dataclass(frozen=True)
class Parameter:
    """One parameter of an action; `read` raises ValueError, and `allowed` says what it accepts."""

    description: str
    allowed: str
    read: Callable[[str], Any]
    required: bool = False
    default: Any = None


def duration(text: str) -> float:
    """Return the seconds of an ISO 8601 duration, such as `PT5M`; raises ValueError."""
    found = _DURATION.fullmatch(text)
    if found is None or text.endswith(("P", "T")):
        raise ValueError(text)
    seconds = float(sum(int(count or 0) * unit for count, unit in zip(found.groups(), _UNITS, strict=True)))
    # AWS names no lower limit for these actions; a duration of nothing would be none.
    if not 0 < seconds <= MAX_DURATION:
        raise ValueError(text)
    return seconds


def whole(low: int, high: int) -> Callable[[str], int]:
    """Return a reader of whole numbers in a range."""

    def read(text: str) -> int:
        if not re.fullmatch(r"\d{1,9}", text) or not low <= int(text) <= high:
            raise ValueError(text)
        return int(text)

    return read


def flag(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError(text)
    return text == "true"


def media_type(text: str) -> str:
    if not re.fullmatch(r"[\w.+-]+/[\w.+-]+(?:\s*;\s*[\w.+-]+=[\w.+\"-]+)*", text):
        raise ValueError(text)
    return text


def one_of(*values: str) -> Callable[[str], str]:
    """Return a reader of one of a few words."""

    def read(text: str) -> str:
        if text not in values:
            raise ValueError(text)
        return text

    return read


def defaults(parameters: Mapping[str, Parameter]) -> dict[str, Any]:
    """Return the values of parameters that are not given."""
    return {name: parameter.default for name, parameter in parameters.items() if not parameter.required}
