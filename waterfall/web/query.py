"""What a page asks for: times and limits in a query string."""

from __future__ import annotations

import math
from collections.abc import Mapping

MOST_TRACES = 1000
DEFAULT_TRACES = 200
DEFAULT_SINCE = 3600.0


class BadRequestError(Exception):
    """A parameter is wrong; the message names it, its value and what is allowed."""


def span_of(query: Mapping[str, str], now: float) -> tuple[float, float]:
    """Return from when to when, in epoch seconds: of `start` and `end`, or of the last `since` seconds."""
    if "start" in query or "end" in query:
        end = _seconds(query, "end", now)
        start = _seconds(query, "start", end - DEFAULT_SINCE)
        if not 0 <= start < end:
            raise BadRequestError(f"start={start:g} is not before end={end:g}: give a start before the end")
        return start, end
    since = _seconds(query, "since", DEFAULT_SINCE)
    if not 0 < since < now:
        raise BadRequestError(f"since={query['since']} is not a time back: give seconds above 0")
    return now - since, now


def _seconds(query: Mapping[str, str], name: str, default: float) -> float:
    try:
        value = float(query.get(name, default))
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or abs(value) > 1e11:
        raise BadRequestError(f"{name}={query[name]} is not a number of seconds")
    return value


def limit_of(query: Mapping[str, str]) -> int:
    given = query.get("limit", str(DEFAULT_TRACES))
    if not given.isdecimal() or len(given) > 9 or not 1 <= int(given) <= MOST_TRACES:
        raise BadRequestError(f"limit={given[:60]} is not a number of traces: give 1 to {MOST_TRACES}")
    return int(given)
