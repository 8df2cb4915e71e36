"""Log groups, read from moto's state in process: the only module that knows its form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from embedded_aws.aws.moto import MotoAws


class MotoGroups:
    """The groups that were created with CreateLogGroup."""

    def __init__(self, moto: MotoAws) -> None:
        self._moto = moto

    def describe(self, region: str) -> dict[str, dict[str, Any]]:
        """Return the groups of a region by name, as DescribeLogGroups shows them; none of an unknown one."""
        try:
            groups = list(self._moto.backend("logs", region).groups.values())
        except KeyError:
            return {}
        return {group.name: group.to_describe_dict() for group in groups}
