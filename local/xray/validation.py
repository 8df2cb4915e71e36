"""Requests are checked against the service model that every AWS SDK is made from.

The model tells which members an operation needs, and their types, lengths, ranges and values.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

import botocore.session

from local.xray.errors import InvalidRequestError

if TYPE_CHECKING:
    from botocore.model import ServiceModel

Operation = Callable[[dict[str, Any]], dict[str, Any]]
"""A request's JSON object to the answer's; raises `XRayError`."""

_JSON_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "long": int,
    "double": (int, float),
    "timestamp": (int, float),
    "boolean": bool,
    "list": list,
    "structure": dict,
    "map": dict,
}
_SAID = {
    "structure": "an object",
    "map": "an object",
    "list": "a list",
    "integer": "an integer",
    "long": "an integer",
}


@cache
def model() -> ServiceModel:
    """Return botocore's model of X-Ray."""
    return botocore.session.Session().get_service_model("xray")


def validated(name: str, operation: Operation) -> Operation:
    """Return the operation with its request checked; raises `InvalidRequestError` naming the member."""

    def checked(request: dict[str, Any]) -> dict[str, Any]:
        shape = model().operation_model(name).input_shape
        return operation(_checked(shape, request, "") if shape else {})

    return checked


def _checked(shape: Any, value: Any, where: str) -> Any:
    """Return the value without its nulls, which count as absent in AWS's JSON."""
    kind = shape.type_name
    if not _has_type(value, kind):
        raise InvalidRequestError(f"{where or 'The request'} is {_shown(value)}; it must be {_said(kind)}")
    if kind == "structure":
        return _structure(shape, value, where)
    _check_limits(shape, value, where)
    if kind == "list":
        return [_checked(shape.member, item, f"{where}[{index}]") for index, item in enumerate(value)]
    if kind == "map":
        return {key: _checked(shape.value, item, f"{where}.{key}") for key, item in value.items()}
    return value


def _structure(shape: Any, value: dict[str, Any], where: str) -> dict[str, Any]:
    prefix = f"{where}." if where else ""
    given = {name: value[name] for name in shape.members if value.get(name) is not None}
    for name in shape.required_members:
        if name not in given:
            raise InvalidRequestError(
                f"{prefix}{name} is missing; it must be {_said(shape.members[name].type_name)}"
            )
    return {name: _checked(shape.members[name], item, prefix + name) for name, item in given.items()}


def _check_limits(shape: Any, value: Any, where: str) -> None:
    limits = shape.metadata
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidRequestError(f"{where} is {value}; it must be a finite number")
    size = len(value) if isinstance(value, str | list | dict) else value
    unit = {"string": " characters", "list": " members", "map": " members"}.get(shape.type_name, "")
    if "min" in limits and size < limits["min"]:
        raise InvalidRequestError(f"{where} is {_shown(value)}; it must have at least {limits['min']}{unit}")
    if "max" in limits and size > limits["max"]:
        raise InvalidRequestError(f"{where} is {_shown(value)}; it must have at most {limits['max']}{unit}")
    if allowed := limits.get("enum"):
        if value not in allowed:
            raise InvalidRequestError(f"{where} is {_shown(value)}; it must be one of {', '.join(allowed)}")
    elif (pattern := limits.get("pattern")) and not re.fullmatch(pattern, value):
        raise InvalidRequestError(f"{where} is {_shown(value)}; it must match {pattern}")


def _has_type(value: Any, kind: str) -> bool:
    return isinstance(value, _JSON_TYPES[kind]) and not (isinstance(value, bool) and kind != "boolean")


def _said(kind: str) -> str:
    return _SAID.get(kind, "a number of epoch seconds" if kind == "timestamp" else f"a {kind}")


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
