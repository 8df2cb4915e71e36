"""The group operations of X-Ray's API: JSON shapes around `groups`.

https://docs.aws.amazon.com/xray/latest/api/API_CreateGroup.html
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from embedded_aws.aws.paging import paged
from embedded_aws.xray.api.tags import check_new

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedded_aws.aws.service import Operation
    from embedded_aws.xray.api.tags import Tags
    from embedded_aws.xray.query.groups import Group, Groups

GROUPS_PER_PAGE = 100


def operations(groups: Groups, tags: Tags) -> dict[str, Operation]:
    return {
        "CreateGroup": partial(_create, groups, tags),
        "GetGroup": partial(_get, groups),
        "UpdateGroup": partial(_update, groups),
        "DeleteGroup": partial(_delete, groups, tags),
        "GetGroups": partial(_list, groups),
    }


def _create(groups: Groups, tags: Tags, request: Mapping[str, Any]) -> dict[str, Any]:
    new_tags = check_new(request.get("Tags", ()), request["GroupName"])
    wanted = request.get("InsightsConfiguration", {})
    group = groups.create(
        request["GroupName"],
        request.get("FilterExpression", ""),
        insights=wanted.get("InsightsEnabled", False),
        notifications=wanted.get("NotificationsEnabled", False),
    )
    tags.keep(group.arn, new_tags)
    return {"Group": _shape(group)}


def _get(groups: Groups, request: Mapping[str, Any]) -> dict[str, Any]:
    return {"Group": _shape(_find(groups, request))}


def _update(groups: Groups, request: Mapping[str, Any]) -> dict[str, Any]:
    wanted = request.get("InsightsConfiguration", {})
    group = groups.update(
        _find(groups, request),
        request.get("FilterExpression"),
        wanted.get("InsightsEnabled"),
        wanted.get("NotificationsEnabled"),
    )
    return {"Group": _shape(group)}


def _delete(groups: Groups, tags: Tags, request: Mapping[str, Any]) -> dict[str, Any]:
    group = _find(groups, request)
    groups.delete(group)
    tags.drop(group.arn)
    return {}


def _list(groups: Groups, request: Mapping[str, Any]) -> dict[str, Any]:
    return paged("Groups", [_shape(group) for group in groups.all()], request, GROUPS_PER_PAGE)


def _find(groups: Groups, request: Mapping[str, Any]) -> Group:
    return groups.find(request.get("GroupName"), request.get("GroupARN"))


def _shape(group: Group) -> dict[str, Any]:
    return {
        "GroupName": group.name,
        "GroupARN": group.arn,
        **({"FilterExpression": group.text} if group.text else {}),
        "InsightsConfiguration": {
            "InsightsEnabled": group.insights,
            "NotificationsEnabled": group.notifications,
        },
    }
