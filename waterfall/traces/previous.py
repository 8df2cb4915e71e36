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

_MOST_LOOKED_AT = 300
"""Of the traces before: a filter could look through millions, for which AWS charges, and find none."""


def previous_of(reader: Reader, trace: Trace) -> Summary | None:
    """Return the newest earlier trace of the same method and path, or of the same entry; raises ReadError.

    Those of a day before the trace are looked at, of many only the newest.
    """
    entry = trace.entry
    if entry is None:
        return None
    end = float(math.ceil(trace.start))  # X-Ray takes whole seconds
    found = reader.summaries(end - LONGEST_LISTING, end, limit=_MOST_LOOKED_AT)
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
