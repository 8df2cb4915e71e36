"""The trace before this one of the same request: what one compares with first."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from waterfall.traces.client import LONGEST_LISTING

if TYPE_CHECKING:
    from waterfall.traces.client import Reader
    from waterfall.traces.model import Http, Node, Trace
    from waterfall.traces.summaries import Summary

_MOST_LOOKED_AT = 100


def previous_of(reader: Reader, trace: Trace) -> Summary | None:
    """Return the newest earlier trace of the same method and path, or of the same entry; raises ReadError.

    The day before the trace is looked through, of many traces only the newest.
    """
    entry = trace.entry
    if entry is None:
        return None
    end = float(math.ceil(trace.start))  # X-Ray takes whole seconds
    found = reader.summaries(end - LONGEST_LISTING, end, limit=_MOST_LOOKED_AT, expression=_expression(entry))
    before = (one for one in found if one.id != trace.id and (one.start or end) < trace.start)
    return next((one for one in before if _same(one, entry)), None)


def _same(one: Summary, entry: Node) -> bool:
    if entry.http.url is None:
        return one.http.url is None and one.entry == entry.name
    return one.http.method == entry.http.method and _path(one.http) == _path(entry.http)


def _path(http: Http) -> str:
    try:
        return urlsplit(http.url or "").path
    except ValueError:
        return http.url or ""


def _expression(entry: Node) -> str | None:
    """Return what narrows the search, unless it cannot be written as a filter expression's text."""
    text = entry.name if entry.http.url is None else _path(entry.http)
    if not text or not text.isprintable() or set(text) & set('"\\'):
        return None
    return f'service("{text}")' if entry.http.url is None else f'http.url CONTAINS "{text}"'
