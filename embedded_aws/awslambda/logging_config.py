"""A function's `LoggingConfig`.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-advanced.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from embedded_aws.aws.errors import InvalidParameterValueError

LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
"""From most to least."""

_ALLOWED = {
    "LogFormat": ("JSON", "Text"),
    "ApplicationLogLevel": LEVELS,
    "SystemLogLevel": ("DEBUG", "INFO", "WARN"),
}


@dataclass(frozen=True)
class LoggingConfig:
    """Where logs go, and in which format; levels count in JSON alone."""

    group: str
    json: bool = False
    application_level: str = "INFO"
    system_level: str = "INFO"

    def environ(self) -> dict[str, str]:
        """Return the variables from which the runtime client takes format and level."""
        if not self.json:
            return {"AWS_LAMBDA_LOG_FORMAT": "Text"}
        return {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": self.application_level}

    def keeps(self, level: str, *, system: bool = False) -> bool:
        """Tell whether an event of this level is to be kept; an unknown level is INFO, as on AWS."""
        least = self.system_level if system else self.application_level
        known = level if level in LEVELS else "INFO"
        return not self.json or LEVELS.index(known) >= LEVELS.index(least)


def shown_config(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the setting as Lambda's API shows it, with its defaults."""
    levels = {"ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO"}
    defaults = levels if given.get("LogFormat") == "JSON" else {}
    return {"LogFormat": "Text", **defaults, "LogGroup": f"/aws/lambda/{name}", **given}


def read_config(name: str, given: Mapping[str, Any]) -> LoggingConfig:
    """Read the setting of a function."""
    shown = shown_config(name, given)
    if shown["LogFormat"] != "JSON":
        return LoggingConfig(shown["LogGroup"])
    return LoggingConfig(
        shown["LogGroup"],
        json=True,
        application_level=shown["ApplicationLogLevel"],
        system_level=shown["SystemLogLevel"],
    )


def check_config(given: Mapping[str, Any]) -> None:
    """Check the setting of a create or update request; raises `InvalidParameterValueError`."""
    for name, allowed in _ALLOWED.items():
        value = given.get(name)
        if value is not None and value not in allowed:
            raise InvalidParameterValueError(
                f"LoggingConfig.{name} {value}: must be one of {', '.join(allowed)}"
            )
        if value is not None and name != "LogFormat" and given.get("LogFormat") != "JSON":
            raise InvalidParameterValueError(
                f"LoggingConfig.{name} {value}: levels need LogFormat JSON; set that, or leave the level out"
            )
