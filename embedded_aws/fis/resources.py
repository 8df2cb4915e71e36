"""What experiments look at: functions and alarms, both in moto."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from embedded_aws.aws.errors import AwsError
from embedded_aws.awslambda.catalog import Catalog
from embedded_aws.cloudwatch.alarms import Alarms


class Resources(Protocol):
    """The functions that experiments aim at, and the alarms that stop them."""

    def has_function(self, arn: str) -> bool:
        """Tell whether a function exists; the ARN may end in a version or an alias."""

    def functions_tagged(self, tags: Mapping[str, str]) -> list[str]:
        """Return the ARNs of the functions that have all of these tags."""

    def is_firing(self, alarm_arn: str) -> bool:
        """Tell whether an alarm is in state ALARM; one that does not exist is not."""


class MotoResources:
    """The functions and alarms of one region."""

    def __init__(self, moto: Any, catalog: Catalog, alarms: Alarms) -> None:
        self._moto = moto
        self._catalog = catalog
        self._alarms = alarms

    def has_function(self, arn: str) -> bool:
        try:
            return self._catalog.function(arn).arn == ":".join(arn.split(":")[:7])
        except AwsError:
            return False

    def functions_tagged(self, tags: Mapping[str, str]) -> list[str]:
        return self._catalog.tagged(tags)

    def is_firing(self, alarm_arn: str) -> bool:
        self._alarms.refresh()
        region = alarm_arn.split(":")[3]
        alarms = self._moto.backend("cloudwatch", region).describe_alarms()
        return any(alarm.alarm_arn == alarm_arn and alarm.state_value == "ALARM" for alarm in alarms)
