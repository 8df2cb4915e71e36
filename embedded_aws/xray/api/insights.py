"""The insight operations. X-Ray finds insights from weeks of traffic; a laptop has none, and so no insight.

https://docs.aws.amazon.com/xray/latest/api/API_GetInsightSummaries.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from embedded_aws.aws.errors import InvalidRequestError
from embedded_aws.aws.paging import paged
from embedded_aws.xray.api.requests import window
from embedded_aws.xray.query.store import RETENTION_SECONDS

if TYPE_CHECKING:
    from embedded_aws.aws.ids import Clock
    from embedded_aws.aws.service import Operation
    from embedded_aws.xray.query.groups import Groups

_LONGEST_GRAPH_SECONDS = 6 * 3600
_PER_PAGE = 50


def operations(groups: Groups, clock: Clock) -> dict[str, Operation]:
    def summaries(request: dict[str, Any]) -> dict[str, Any]:
        start, _ = window(request)
        if start < clock() - RETENTION_SECONDS:
            raise InvalidRequestError(f"StartTime {start} is more than 30 days ago")
        if "GroupName" in request or "GroupARN" in request:
            groups.find(request.get("GroupName"), request.get("GroupARN"))
        return paged("InsightSummaries", [], request, _PER_PAGE)

    return {
        "GetInsightSummaries": summaries,
        "GetInsight": _insight,
        "GetInsightEvents": _events,
        "GetInsightImpactGraph": _impact_graph,
    }


def _insight(request: dict[str, Any]) -> dict[str, Any]:
    raise InvalidRequestError(f"There is no insight {request['InsightId']}")


def _events(request: dict[str, Any]) -> dict[str, Any]:
    return paged("InsightEvents", [], request, _PER_PAGE)


def _impact_graph(request: dict[str, Any]) -> dict[str, Any]:
    start, end = window(request)
    if end - start > _LONGEST_GRAPH_SECONDS:
        raise InvalidRequestError(f"StartTime {start} is more than 6 hours before EndTime {end}")
    times = {"StartTime": start, "EndTime": end, "ServiceGraphStartTime": start, "ServiceGraphEndTime": end}
    return {"InsightId": request["InsightId"], **times, **paged("Services", [], request, _PER_PAGE)}
