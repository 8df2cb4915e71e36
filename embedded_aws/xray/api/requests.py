"""What several operations read from a request: its window of time, its group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from embedded_aws.aws.errors import InvalidRequestError
from embedded_aws.xray.query.groups import DEFAULT_NAME

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedded_aws.xray.query.groups import Group, Groups


def window(request: Mapping[str, Any]) -> tuple[float, float]:
    """Return StartTime and EndTime; raises `InvalidRequestError` when they are not in this order."""
    start, end = request["StartTime"], request["EndTime"]
    if start >= end:
        raise InvalidRequestError(f"StartTime {start} is not before EndTime {end}")
    return start, end


def optional_group(groups: Groups, request: Mapping[str, Any]) -> Group:
    """Return the group that the request names, or that of all traces."""
    name, arn = request.get("GroupName"), request.get("GroupARN")
    return groups.find(DEFAULT_NAME if name is None and arn is None else name, arn)
