"""What experiments look at: functions and alarms, both in moto."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from local.lambda_.catalog import Catalog, parse_reference
from local.lambda_.errors import LambdaError


class Surroundings(Protocol):
    """The functions that experiments aim at, and the alarms that stop them."""

    def has_function(self, arn: str) -> bool:
        """Tell whether a function exists; the ARN may end in a version or an alias."""

    def functions_tagged(self, tags: Mapping[str, str]) -> list[str]:
        """Return the ARNs of the functions that have all of these tags."""

    def is_firing(self, alarm_arn: str) -> bool:
        """Tell whether an alarm is in state ALARM; one that does not exist is not."""


class MotoSurroundings:
    """The functions and alarms of one region."""

    def __init__(self, moto: Any, catalog: Catalog) -> None:
        self._moto = moto
        self._catalog = catalog

    def has_function(self, arn: str) -> bool:
        try:
            return self._catalog.function(arn).arn == ":".join(arn.split(":")[:7])
        except LambdaError:
            return False

    def functions_tagged(self, tags: Mapping[str, str]) -> list[str]:
        backend = self._moto.backend("lambda", self._catalog.region)
        found = []
        for function in backend.list_functions():
            arn = f"{function.function_arn}"
            own = backend.list_tags(arn)
            if tags.items() <= own.items():
                found.append(self._catalog.function(parse_reference(arn)[0]).arn)
        return sorted(found)

    def is_firing(self, alarm_arn: str) -> bool:
        region = alarm_arn.split(":")[3]
        alarms = self._moto.backend("cloudwatch", region).describe_alarms()
        return any(alarm.alarm_arn == alarm_arn and alarm.state_value == "ALARM" for alarm in alarms)
