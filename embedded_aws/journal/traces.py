"""What the endpoint tells of traces beyond X-Ray's API, as JSON: sorted lists, figures, news.

`GET /_local/traces`          summaries in an order; what comes after a page has the page's `after`
`GET /_local/traces/figures`  counts over all of them
`GET /_local/traces/news`     answers once a trace has got a document, or after some seconds

Times are in epoch seconds. Who is answered `unread` above 0 asks again: the rest is read meanwhile.
"""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, cast

from embedded_aws.aws.parsing import ParseError, read_integer
from embedded_aws.xray.query.filters.parser import parse
from embedded_aws.xray.query.lists import ORDERS, Wanted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedded_aws.xray.query.filters.syntax import Expression
    from embedded_aws.xray.query.lists import Order
    from embedded_aws.xray.service import XRay

MOST = 1_000
DEFAULT_LIMIT = 200
LONGEST_WAIT = 20
_LARGEST = 2**53


class TraceAnswers:
    """Answers from X-Ray's store. Raises `ParseError` and, for a filter expression, `AwsError`."""

    def __init__(self, xray: XRay) -> None:
        self._xray = xray

    def page(self, query: Mapping[str, str]) -> dict[str, Any]:
        """Return `TraceSummaries`, `after` (`null` at the end) and `unread`.

        `order` is one of `ORDERS`, with `-` before it the largest first.
        """
        order = query.get("order", "-began")
        name = order.removeprefix("-")
        if name not in ORDERS:
            raise ParseError(f"order={order[:60]} is no column: give one of {', '.join(ORDERS)}")
        after = _whole(query, "after", 0, _LARGEST) if "after" in query else None
        found = self._xray.lists.page(
            self._wanted(query),
            cast("Order", name),
            descending=order.startswith("-"),
            after=after,
            limit=_whole(query, "limit", 1, MOST, DEFAULT_LIMIT),
        )
        return {
            "TraceSummaries": self._xray.summarized(found.numbers),
            "after": None if found.last is None else str(found.last),
            "unread": found.unread,
        }

    def figures(self, query: Mapping[str, str]) -> dict[str, Any]:
        """Return `total`, `unread`, `responses` and `failures`, the most frequent first.

        `responses` has elements `[seconds, {outcome: count}]`. An element of `failures` has the fields of
        `Failure`, `count`, and `newest`: the id of the last trace that failed so; `other_failures` counts
        those that are in no element.
        """
        found = self._xray.lists.figures(self._wanted(query))
        newest = {
            group.newest: summary["Id"]
            for group in found.failures
            for summary in self._xray.summarized([group.newest])
        }
        return {
            "total": found.total,
            "unread": found.unread,
            "responses": sorted(found.responses.items()),
            "failures": [
                {**asdict(group.failure), "count": group.count, "newest": newest.get(group.newest)}
                for group in found.failures
            ],
            "other_failures": found.other_failures,
        }

    def news(self, query: Mapping[str, str]) -> dict[str, Any]:
        """Return `number`, which is not `after`, unless nothing has come for `wait` seconds."""
        after = _whole(query, "after", 0, _LARGEST) if "after" in query else None
        wait = _whole(query, "wait", 0, LONGEST_WAIT, LONGEST_WAIT)
        return {"number": self._xray.news.wait(after, wait)}

    def _wanted(self, query: Mapping[str, str]) -> Wanted:
        start, end = _time(query, "start"), _time(query, "end")
        return Wanted(start, end, _expression(query), query.get("failure") or None)


def _expression(query: Mapping[str, str]) -> Expression | None:
    text = query.get("filter", "")
    return parse(text) if text.strip() else None


def _whole(query: Mapping[str, str], name: str, least: int, most: int, default: int = 0) -> int:
    try:
        return read_integer(query.get(name, str(default)), least, most)
    except ParseError as error:
        raise ParseError(f"{name}={query[name][:60]} must be a whole number, {least} to {most}") from error


def _time(query: Mapping[str, str], name: str) -> float:
    try:
        value = float(query[name])
    except (KeyError, ValueError):
        value = math.nan
    if not math.isfinite(value):
        raise ParseError(f"{name}={query.get(name, '')[:60]} is not a time: give epoch seconds")
    return value
