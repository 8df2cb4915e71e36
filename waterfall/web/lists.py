"""The console's lists of traces.

`GET /api/traces`          `waterfall.traces/1`; a time, `filter`, `took`, `failure`, `order`, `limit`
`GET /api/traces/figures`  counts, times and failures over all of them
`GET /api/news`            an event whenever there are new ones; see `waterfall.web.news`

`took` is `from-to` in seconds. What comes after a page is asked for with its `after`.
"""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.routing import Route

from waterfall.traces.lists import KEYS, NEWEST_FIRST, Lists, Overview, Page, Wanted
from waterfall.traces.shapes import traces_shape
from waterfall.web.news import News
from waterfall.web.query import BadRequestError, limit_of, span_of
from waterfall.web.response import json_response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.requests import Request
    from starlette.responses import Response

_TOOK = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)-(\d{1,9}(?:\.\d{1,9})?)", re.ASCII)


class TraceLists:
    def __init__(self, lists: Lists, clock: Callable[[], float]) -> None:
        self._lists = lists
        self._clock = clock
        self.news = News(lists.news)

    def routes(self) -> list[Route]:
        return [
            Route("/api/traces", self.traces),
            Route("/api/traces/figures", self.figures),
            Route("/api/news", self.news.stream),
        ]

    async def traces(self, request: Request) -> Response:
        wanted = self._wanted(request.query_params)
        limit = limit_of(request.query_params)
        order = request.query_params.get("order", NEWEST_FIRST)
        if order.removeprefix("-") not in KEYS:
            raise BadRequestError(f"order={order[:60]} is no column: give one of {', '.join(KEYS)}")
        after = request.query_params.get("after") or None
        if after is not None and not re.fullmatch(r"\d{1,15}", after, re.ASCII):
            raise BadRequestError(f"after={after[:60]} is not what an earlier answer had")
        page = await run_in_threadpool(self._lists.page, wanted, order, after, limit)
        return json_response(_page_shape(page, wanted))

    async def figures(self, request: Request) -> Response:
        wanted = self._wanted(request.query_params)
        return json_response(_overview_shape(await run_in_threadpool(self._lists.overview, wanted)))

    def _wanted(self, query: Mapping[str, str]) -> Wanted:
        start, end = span_of(query, self._clock())
        expression = query.get("filter", "").strip()
        took = _took(query)
        if took:
            expression = f"({expression}) AND {took}" if expression else took
        return Wanted(start, end, expression or None, query.get("failure") or None)


def _took(query: Mapping[str, str]) -> str | None:
    """Return the filter expression for response times `from-to`."""
    if not query.get("took"):
        return None
    found = _TOOK.fullmatch(query["took"])
    if found is None:
        raise BadRequestError(f"took={query['took'][:60]} is not from-to: give seconds, such as 0.5-2")
    return f"responsetime >= {found[1]} AND responsetime < {found[2]}"


def _page_shape(page: Page, wanted: Wanted) -> dict[str, Any]:
    """Return `waterfall.traces/1` with `more`, `after`, `unread` and `among`."""
    about = {
        "more": page.after is not None,
        **{key: getattr(page, key) for key in ("after", "unread", "among")},
    }
    return traces_shape(page.traces, wanted.start, wanted.end) | about


def _overview_shape(found: Overview) -> dict[str, Any]:
    """Return figures: `bins` as `[from, to, {status: count}]`, `failures` the most frequent first."""
    numbers = found.figures
    return {
        "total": numbers.total,
        "outcomes": numbers.outcomes,
        **{f"p{share}": numbers.percentile(share / 100) for share in (50, 95, 99)},
        "bins": [[one.start, one.end, one.outcomes] for one in numbers.bins],
        "failures": [
            {"key": one.key, **asdict(one.failure), "count": one.count, "newest": one.newest}
            for one in found.failures
        ],
        "other_failures": found.other_failures,
        "unread": found.unread,
        "among": found.among,
        "counted": found.counted,
    }
