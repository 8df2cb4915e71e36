"""What people type: trace ids, times and sizes."""

from __future__ import annotations

import re
from datetime import UTC, datetime

LATEST = "latest"
_TRACE_ID = re.compile(r"1-([0-9a-f]{8})-([0-9a-f]{24})")
_W3C_ID = re.compile(r"([0-9a-f]{8})([0-9a-f]{24})")
_PART = re.compile(
    r"[0-9a-f]{4,32}|1-[0-9a-f]{3,8}|1-[0-9a-f]{8}-[0-9a-f]{0,24}|[0-9a-f]{0,8}-[0-9a-f]{4,24}"
)
_HEADER = re.compile(r"(?:.*[;:\s])?root=([^;]+).*")
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|min|h|d)")
_SIZE = re.compile(r"(\d{1,9})([MGT])(?:i?B)?", re.IGNORECASE)
_BITS = {"M": 20, "G": 30, "T": 40}
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


def trace_id(text: str) -> str:
    """Return X-Ray's form of a trace id given so, as 32 hex digits, or as a tracing header.

    Raises ValueError.
    """
    given = text.strip().lower()
    header = _HEADER.fullmatch(given)
    candidate = header[1] if header else given
    match = _TRACE_ID.fullmatch(candidate) or _W3C_ID.fullmatch(candidate)
    if match is None:
        raise ValueError(
            f"{text!r} is not a trace id: give 1-<8 hex digits>-<24 hex digits>, 32 hex digits, or `latest`"
        )
    return f"1-{match[1]}-{match[2]}"


def part_of_id(text: str) -> str:
    """Return a part of a trace id, such as its first or last digits, as it stands in one.

    Raises ValueError for what is in none, and for less than four digits.
    """
    part = text.strip().lower()
    if not _PART.fullmatch(part):
        raise ValueError(
            f"{text!r} is not a trace id: give 1-<8 hex digits>-<24 hex digits>, 32 hex digits, any 4 or "
            "more digits that only one trace has, or `latest`"
        )
    return part


def span(text: str) -> float:
    """Return the seconds of `500ms`, `30s`, `10m`, `2h` or `1d`; raises ValueError."""
    match = _SPAN.fullmatch(text.strip().lower())
    if match is None:
        raise ValueError(f"{text!r} is not a length of time: give 500ms, 30s, 10m or 2h")
    return float(match[1]) * _SECONDS[match[2]]


def since(text: str, now: float) -> float:
    """Return the time that `10m`, `2h`, `1d` ago or an ISO time names; raises ValueError."""
    if _SPAN.fullmatch(text.strip().lower()):
        return now - span(text)
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{text!r} is not a time: give 30s, 10m, 2h, 1d or 2026-01-31T09:30") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def size(text: str) -> int:
    """Return the bytes that `500M` or `2G` names; raises ValueError."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a size: give 500M or 2G")
    return int(match[1]) << _BITS[match[2].upper()]
