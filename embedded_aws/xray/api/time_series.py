"""GetTimeSeriesServiceStatistics: counts and times of services or calls, period by period.

https://docs.aws.amazon.com/xray/latest/api/API_GetTimeSeriesServiceStatistics.html
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from embedded_aws.aws.errors import InvalidRequestError
from embedded_aws.aws.paging import position, token
from embedded_aws.xray.api.requests import optional_group, window
from embedded_aws.xray.query.filters.parser import parse_entities
from embedded_aws.xray.query.filters.syntax import And, Edge, Expression, Id, Not, Or, Service
from embedded_aws.xray.query.statistics import Tally, histogram

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedded_aws.aws.service import Operation
    from embedded_aws.xray.query.graph import Graph, ServiceKey
    from embedded_aws.xray.service import XRay

PERIODS_PER_PAGE = 500
_PERIOD = 60
_LONGEST_PERIOD = 24 * 3600


def operations(xray: XRay) -> dict[str, Operation]:
    def statistics(request: dict[str, Any]) -> dict[str, Any]:
        return _statistics(xray, request)

    return {"GetTimeSeriesServiceStatistics": statistics}


def _statistics(xray: XRay, request: dict[str, Any]) -> dict[str, Any]:
    start, end = window(request)
    period = request.get("Period", _PERIOD)
    if not 1 <= period <= _LONGEST_PERIOD:
        raise InvalidRequestError(f"Period is {period}; it must be 1 to {_LONGEST_PERIOD} seconds")
    group = optional_group(xray.groups, request)
    text = request.get("EntitySelectorExpression")
    selector = None if text is None else parse_entities(text)
    first, last = math.floor(start / period), math.ceil(end / period)
    page = first + position(request)
    points = [
        _point(
            number * period,
            xray.graph(max(start, number * period), min(end, (number + 1) * period), group),
            selector,
        )
        for number in range(page, min(last, page + PERIODS_PER_PAGE))
    ]
    answer = {
        "TimeSeriesServiceStatistics": [point for point in points if point],
        "ContainsOldGroupVersions": xray.has_old_versions(start, end, group),
    }
    following = page + PERIODS_PER_PAGE
    return answer if following >= last else {**answer, "NextToken": token(following - first)}


def _point(timestamp: float, graph: Graph, selector: Expression | None) -> dict[str, Any]:
    """Return the statistics of one period; nothing when nothing that was selected happened in it.

    Without a selector X-Ray answers with statistics of edges; that it means all of them is a choice.
    """
    services, edges = Tally(), Tally()
    for key, service in graph.services.items():
        if selector is not None and _selects_service(selector, key):
            services.merge(service.tally)
    for ends, tally in graph.edges.items():
        if selector is None or _selects_edge(selector, *ends):
            edges.merge(tally)
    total = Tally()
    total.merge(services)
    total.merge(edges)
    if not total.outcomes:
        return {}
    return {
        "Timestamp": timestamp,
        **({"ServiceSummaryStatistics": services.summary()} if services.outcomes else {}),
        **({"EdgeSummaryStatistics": edges.summary()} if edges.outcomes else {}),
        "ResponseTimeHistogram": histogram(total.responses),
    }


def _selects_service(selector: Expression, key: ServiceKey) -> bool:
    return _holds(selector, lambda term: isinstance(term, Service) and _is(term.id, key))


def _selects_edge(selector: Expression, caller: ServiceKey, called: ServiceKey) -> bool:
    return _holds(
        selector,
        lambda term: isinstance(term, Edge) and _is(term.caller, caller) and _is(term.called, called),
    )


def _holds(selector: Expression, test: Callable[[Expression], bool]) -> bool:
    match selector:
        case And(terms):
            return all(_holds(term, test) for term in terms)
        case Or(terms):
            return any(_holds(term, test) for term in terms)
        case Not(term):
            return not _holds(term, test)
    return test(selector)


def _is(picked: Id | None, key: ServiceKey) -> bool:
    if picked is None:
        return True
    pairs = ((picked.name, key.name), (picked.type, key.type), (picked.account, key.account))
    return all(wanted is None or wanted == found for wanted, found in pairs)
