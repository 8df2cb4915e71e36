"""What several operations read from a request: its window of time, its page, its group."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from embedded_aws.aws.errors import InvalidRequestError
from embedded_aws.aws.parsing import read_json
from embedded_aws.xray.query.groups import DEFAULT_NAME

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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


def paged(member: str, items: Sequence[Any], request: Mapping[str, Any], size: int) -> dict[str, Any]:
    """Return the request's page of `items` as `member`, with a NextToken when there are more."""
    first = position(request)
    answer = {member: list(items[first : first + size])}
    return answer if first + size >= len(items) else {**answer, "NextToken": token(first + size)}


def token(place: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def position(request: Mapping[str, Any]) -> int:
    """Return how many items the earlier pages had."""
    match read_token(request):
        case None:
            return 0
        case int(number) if number > 0:
            return number
    raise bad_token(request)


def read_token(request: Mapping[str, Any]) -> Any:
    """Return what `token` was given; `None` when there is no NextToken."""
    if request.get("NextToken") is None:
        return None
    try:
        return read_json(base64.b64decode(request["NextToken"], altchars=b"-_", validate=True))
    except (TypeError, ValueError) as error:
        raise bad_token(request) from error


def bad_token(request: Mapping[str, Any]) -> InvalidRequestError:
    return InvalidRequestError(
        f"NextToken {request['NextToken']!r} did not come from an answer of this operation"
    )
