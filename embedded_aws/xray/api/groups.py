"""The group operations of X-Ray's API: JSON shapes around `groups`.

https://docs.aws.amazon.com/xray/latest/api/API_CreateGroup.html
"""

from __future__ import annotations

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
    api = _GroupsApi(groups, tags)
    return {
        "CreateGroup": api.create,
        "GetGroup": api.get,
        "UpdateGroup": api.update,
        "DeleteGroup": api.delete,
        "GetGroups": api.list,
    }


class _GroupsApi:
    def __init__(self, groups: Groups, tags: Tags) -> None:
        self._groups = groups
        self._tags = tags

    def create(self, request: Mapping[str, Any]) -> dict[str, Any]:
        new_tags = check_new(request.get("Tags", ()), request["GroupName"])
        wanted = request.get("InsightsConfiguration", {})
        group = self._groups.create(
            request["GroupName"],
            request.get("FilterExpression", ""),
            insights=wanted.get("InsightsEnabled", False),
            notifications=wanted.get("NotificationsEnabled", False),
        )
        self._tags.keep(group.arn, new_tags)
        return {"Group": _shape(group)}

    def get(self, request: Mapping[str, Any]) -> dict[str, Any]:
        return {"Group": _shape(self._find(request))}

    def update(self, request: Mapping[str, Any]) -> dict[str, Any]:
        wanted = request.get("InsightsConfiguration", {})
        group = self._groups.update(
            self._find(request),
            request.get("FilterExpression"),
            wanted.get("InsightsEnabled"),
            wanted.get("NotificationsEnabled"),
        )
        return {"Group": _shape(group)}

    def delete(self, request: Mapping[str, Any]) -> dict[str, Any]:
        group = self._find(request)
        self._groups.delete(group)
        self._tags.drop(group.arn)
        return {}

    def list(self, request: Mapping[str, Any]) -> dict[str, Any]:
        return paged("Groups", [_shape(group) for group in self._groups.all()], request, GROUPS_PER_PAGE)

    def _find(self, request: Mapping[str, Any]) -> Group:
        return self._groups.find(request.get("GroupName"), request.get("GroupARN"))


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
