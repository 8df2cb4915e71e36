"""A difference in one line."""

from __future__ import annotations

import json
from typing import Any

from waterfall.proof.verdict import Difference


def told(one: Difference, arrow: str = "->") -> str:
    """Tell of a difference, and of its reason if it was expected."""
    reason = f" (expected: {one.reason})" if one.reason else ""
    return f"{one.change}: {_told(one, ' > '.join(one.path), arrow)}{reason}"


def _told(one: Difference, place: str, arrow: str) -> str:
    if one.change in {"added", "removed"}:
        whole = str(one.left or one.right)
        return " > ".join([*one.path[:-1], whole])
    if one.change == "budget":
        return f"{one.field}: {one.right}"
    if one.change == "slower":
        return f"{place}: {one.left} {arrow} {one.right} ({one.field})"
    name = f"{place}: {one.field}" if one.field else place
    also = f"; so {', '.join(one.also)}" if one.also else ""
    return f"{name}: {_value(one.left)} {arrow} {_value(one.right)}{also}"


def _value(value: Any) -> str:
    if value is None:
        return "absent"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
