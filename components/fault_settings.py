"""The `faults` setting: named experiments, checked before anything is deployed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

FunctionFault = Literal["delay", "error", "http"]
CallFault = Literal["throttle", "error", "delay"]

SERVICES = ("dynamodb", "s3", "sqs", "lambda")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_MAX_FUNCTIONS = 5
_SHARED = {"kind", "percentage", "duration"}
_ALLOWED: Mapping[str, set[str]] = {
    "delay": {"functions", "delay"},
    "error": {"functions", "instead"},
    "http": {"functions", "instead", "status", "contentType"},
}


class FaultError(ValueError):
    """An experiment cannot work; the message names it, what is wrong and what is allowed."""


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
    percentage: int = 100
    duration: int = 300
    delay: float = 1.0
    status: int = 500
    content_type: str = "application/json"
    instead: bool = True


@dataclass(frozen=True)
class Experiments:
    """What the `faults` setting accepts: an object of experiments by their names."""

    schema = "object"
    allowed = "an object of experiments by name"

    def parse(self, text: str) -> tuple[Experiment, ...]:
        """Return the experiments; raise FaultError, or ValueError when the text is no object."""
        value = json.loads(text or "{}")
        if not isinstance(value, dict):
            raise ValueError(text)  # noqa: TRY004 - what every kind of setting raises
        return tuple(_experiment(name, about) for name, about in value.items())


def _experiment(name: str, about: Any) -> Experiment:
    if not _NAME.fullmatch(name):
        raise FaultError(
            f"faults: {name!r} is not a name: use up to 40 letters, digits, hyphens and underscores"
        )
    if not isinstance(about, dict):
        raise FaultError(f"faults.{name} must be an object such as {{functions: [worker], kind: error}}")
    return _about_calls(name, about) if "calls" in about else _about_functions(name, about)


def _about_functions(name: str, about: Mapping[str, Any]) -> Experiment:
    kind = _one_of(name, "kind", about.get("kind"), tuple(_ALLOWED))
    _check_keys(name, about, _SHARED | _ALLOWED[kind])
    functions = about.get("functions")
    if not isinstance(functions, list) or not 1 <= len(functions) <= _MAX_FUNCTIONS:
        raise FaultError(
            f"faults.{name}.functions is {functions!r}, but must list 1 to {_MAX_FUNCTIONS} functions"
        )
    return Experiment(
        name=name,
        kind=kind,
        functions=tuple(map(str, functions)),
        percentage=_whole(name, "percentage", about.get("percentage", 100), 1, 100),
        duration=_whole(name, "duration", about.get("duration", 300), 1, 43200),
        delay=_seconds(name, about.get("delay", 1)),
        status=_whole(name, "status", about.get("status", 500), 0, 999),
        content_type=str(about.get("contentType", "application/json")),
        instead=_flag(name, "instead", about.get("instead", True)),
    )


def _about_calls(name: str, about: Mapping[str, Any]) -> Experiment:
    kind = _one_of(name, "kind", about.get("kind"), ("throttle", "error", "delay"))
    _check_keys(name, about, _SHARED | {"calls"} | ({"delay"} if kind == "delay" else set()))
    calls = about["calls"]
    if not isinstance(calls, dict) or not calls.keys() <= {"service", "operation", "resource"}:
        raise FaultError(
            f"faults.{name}.calls is {calls!r}, but must be an object of service, operation and resource"
        )
    service = _one_of(name, "calls.service", calls.get("service"), SERVICES)
    return Experiment(
        name=name,
        kind=kind,
        calls=Calls(service, str(calls.get("operation", "")), str(calls.get("resource", ""))),
        percentage=_whole(name, "percentage", about.get("percentage", 100), 1, 100),
        duration=_whole(name, "duration", about.get("duration", 300), 1, 43200),
        delay=_seconds(name, about.get("delay", 1)),
    )


def _check_keys(name: str, about: Mapping[str, Any], allowed: set[str]) -> None:
    for key in about:
        if key not in allowed:
            raise FaultError(
                f"faults.{name} has no {key} when it is of kind {about['kind']}; "
                f"it takes {', '.join(sorted(allowed))}"
            )


def _one_of(name: str, key: str, value: Any, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise FaultError(f"faults.{name}.{key} is {value!r}, but must be one of {', '.join(allowed)}")
    return str(value)


def _whole(name: str, key: str, value: Any, low: int, high: int) -> int:
    number = int(value) if isinstance(value, float) and value.is_integer() else value
    if isinstance(number, bool) or not isinstance(number, int) or not low <= number <= high:
        raise FaultError(f"faults.{name}.{key} is {value!r}, but must be a whole number from {low} to {high}")
    return number


def _seconds(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 900:
        raise FaultError(f"faults.{name}.delay is {value!r}, but must be 0 to 900 seconds")
    return float(value)


def _flag(name: str, key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise FaultError(f"faults.{name}.{key} is {value!r}, but must be true or false")
    return value
