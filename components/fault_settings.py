"""The `faults` setting: named experiments, checked before anything is deployed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .kinds import Check, Flag, Number, OneOf, SettingError, Whole, checked

SERVICES = ("dynamodb", "s3", "sqs", "lambda")
DEFAULT_SHARE = 50
"""Percent: half of all requests are left to show that something else is wrong."""
SHORTEST_ON_AWS = 120
"""Seconds: FIS's extension looks for faults every 60."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_MAX_FUNCTIONS = 5
_OF_FUNCTIONS: Mapping[str, set[str]] = {
    "delay": {"delay"},
    "error": {"instead"},
    "http": {"instead", "status", "contentType"},
}
_OF_CALLS: Mapping[str, set[str]] = {"throttle": set(), "error": set(), "delay": {"delay"}}


@dataclass(frozen=True)
class Calls:
    """Calls of AWS by the functions: of a service, perhaps of one operation on one resource."""

    service: str
    operation: str = ""
    resource: str = ""


@dataclass(frozen=True)
class Experiment:
    """One experiment: `duration` and `delay` in seconds, `percentage` of invocations or calls.

    It is about `functions` (by the names that the program gives them) or about `calls`. `instead` keeps the
    handler from running.
    """

    name: str
    kind: str
    functions: tuple[str, ...] = ()
    calls: Calls | None = None
    percentage: int = DEFAULT_SHARE
    duration: int = 300
    delay: float = 1.0
    status: int = 500
    content_type: str = "application/json"
    instead: bool = True

    @property
    def server_errors(self) -> float:
        """The share of requests, 0 to 1, that the experiment itself may turn into server errors."""
        causes = self.kind in {"error", "throttle"} or (self.kind == "http" and self.status >= 500)
        return self.percentage / 100 if causes else 0.0


def refuse_on_aws(experiment: Experiment) -> None:
    """Raise SettingError for what would not happen on AWS, or could not be stopped there.

    https://docs.aws.amazon.com/fis/latest/userguide/use-lambda-actions.html
    """
    name = f"faults.{experiment.name}"
    if experiment.calls:
        raise SettingError(
            f"{name} is about calls of {experiment.calls.service}; AWS FIS cannot disturb them: it has no "
            "such action, so this works with `waterfall up` alone; keep it in a stack file that is not "
            "deployed, or use functions instead of calls"
        )
    if experiment.duration < SHORTEST_ON_AWS:
        raise SettingError(
            f"{name}.duration is {experiment.duration}, but a fault takes up to 60 seconds on AWS until all "
            f"invocations meet it: give {SHORTEST_ON_AWS} or more"
        )
    if experiment.server_errors == 1:
        raise SettingError(
            f"{name}.percentage is 100, but then no error could be one too many, and its alarm could never "
            "stop it: give up to 99"
        )


def read_experiments(given: Mapping[str, Any]) -> tuple[Experiment, ...]:
    """Check the setting `faults`; raises SettingError naming experiment, key, value and what is allowed."""
    return tuple(_experiment(name, about) for name, about in given.items())


def _experiment(name: str, about: Any) -> Experiment:
    if not _NAME.fullmatch(name):
        raise SettingError(
            f"faults: {name!r} is not a name: use up to 40 letters, digits, hyphens and underscores"
        )
    if not isinstance(about, dict):
        raise SettingError(f"faults.{name} must be an object such as {{functions: [worker], kind: error}}")
    on = "calls" if "calls" in about else "functions"
    kinds = _OF_CALLS if on == "calls" else _OF_FUNCTIONS
    kind = _value(name, about, "kind", OneOf(tuple(kinds)))
    _check_keys(name, about, {on, "kind", "percentage", "duration", *kinds[kind]})
    return Experiment(
        name=name,
        kind=kind,
        functions=_functions(name, about) if on == "functions" else (),
        calls=_calls(name, about["calls"]) if on == "calls" else None,
        percentage=_value(name, about, "percentage", Whole(1, 100), DEFAULT_SHARE),
        duration=_value(name, about, "duration", Whole(1, 43200), 300),
        delay=_value(name, about, "delay", Number(0, 900, "0 to 900 seconds"), 1),
        status=_value(name, about, "status", Whole(0, 999), 500),
        content_type=str(about.get("contentType", "application/json")),
        instead=_value(name, about, "instead", Flag(), True),
    )


def _functions(name: str, about: Mapping[str, Any]) -> tuple[str, ...]:
    functions = about.get("functions")
    if not isinstance(functions, list) or not 1 <= len(functions) <= _MAX_FUNCTIONS:
        raise SettingError(
            f"faults.{name}.functions is {functions!r}, but must list 1 to {_MAX_FUNCTIONS} functions"
        )
    return tuple(map(str, functions))


def _calls(name: str, calls: Any) -> Calls:
    if not isinstance(calls, dict) or not calls.keys() <= {"service", "operation", "resource"}:
        raise SettingError(
            f"faults.{name}.calls is {calls!r}, but must be an object of service, operation and resource"
        )
    service = _value(f"{name}.calls", calls, "service", OneOf(SERVICES))
    return Calls(service, str(calls.get("operation", "")), str(calls.get("resource", "")))


def _check_keys(name: str, about: Mapping[str, Any], allowed: set[str]) -> None:
    for key in about:
        if key not in allowed:
            raise SettingError(
                f"faults.{name} has no {key} when it is of kind {about['kind']}; "
                f"it takes {', '.join(sorted(allowed))}"
            )


def _value(place: str, given: Mapping[str, Any], key: str, check: Check, default: Any = None) -> Any:
    value = given.get(key, default)
    return checked(check, value, f"faults.{place}.{key} is {{value!r}}, but must be {{allowed}}")
