"""Exceptions and their stack frames, as X-Ray's `cause` has them."""

from __future__ import annotations

import re
from typing import Any

from embedded_aws.aws.ids import Ids

Frames = list[dict[str, Any]]

_NUMBER = re.compile(r"[+-]?[0-9]{1,400}")
_BEYOND = 2**63


def frame(path: str, label: str, number: str) -> dict[str, Any]:
    """Build a stack frame; `number` is the text of the line's number."""
    return {"path": path, "label": label, "line": whole_number(number)}


def causing(effect: dict[str, Any], kind: str, message: str, ids: Ids) -> dict[str, Any]:
    """Build the exception that caused `effect`, and name it there."""
    cause = {
        "id": ids.segment_id(),
        "type": kind,
        "message": message,
        "remote": effect["remote"],
        "stack": [],
    }
    effect["cause"] = cause["id"]
    return cause


def whole_number(text: str) -> int:
    """Read a decimal number of 64 bits; 0 for anything else."""
    match = _NUMBER.fullmatch(text)
    number = int(match[0]) if match else 0
    return number if -_BEYOND <= number < _BEYOND else 0
