"""Requests are checked against the service models that every AWS SDK is made from.

A model tells which members an operation needs, and their types, lengths, ranges and values.
"""

from __future__ import annotations

import math
import re
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from botocore.model import ServiceModel

from embedded_aws.aws.matching import Matches, PatternError, regex
from embedded_aws.aws.model_files import ModelLoader
from embedded_aws.aws.parsing import shown

if TYPE_CHECKING:
    from botocore.model import OperationModel

_JSON_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "long": int,
    "double": (int, float),
    "float": (int, float),
    "timestamp": (int, float),
    "blob": (str, bytes),  # the body of a REST request is no JSON
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
    "float": "a number",
    "double": "a number",
    "blob": "a text in Base64",
}
_INTEGERS = {"integer": range(-(2**31), 2**31), "long": range(-(2**63), 2**63)}
_LATEST = 253_402_300_799
"""Epoch seconds of the last moment that SDKs can name."""


class ShapeError(ValueError):
    """A value does not fit its shape; the message names the member, the value and what is allowed."""


@cache
def loader() -> ModelLoader:
    """Return the one loader of this process: it keeps the models that it has read."""
    return ModelLoader()


@cache
def model(service: str) -> ServiceModel:
    """Return botocore's model of a service."""
    return ServiceModel(loader().load_service_model(service, "service-2"), service_name=service)


def checked(shape: Any, value: Any, where: str = "") -> Any:
    """Return the value without its nulls, which count as absent in AWS's JSON; raises `ShapeError`."""
    kind = shape.type_name
    if not _has_type(value, kind):
        raise ShapeError(f"{where or 'The request'} is {shown(value)}; it must be {said(kind, value)}")
    if kind == "structure":
        return _structure(shape, value, where)
    _check_limits(shape, value, where)
    if kind == "list":
        if _is_free_text(shape.member) and all(type(item) is str for item in value):
            return value
        return [checked(shape.member, item, f"{where}[{index}]") for index, item in enumerate(value)]
    if kind == "map":
        return {key: checked(shape.value, item, f"{where}.{key}") for key, item in value.items()}
    return value


def check_types(shape: Any, value: Any, where: str = "") -> None:
    """Check only that what is required is there, and the types; raises `ShapeError`.

    What the shape does not have is ignored, and so are members outside the body; times may also be texts.
    """
    kind = shape.type_name
    if value is None or kind not in _JSON_TYPES or (kind == "timestamp" and isinstance(value, str)):
        return
    if not _has_type(value, kind):
        raise ShapeError(f"{where or 'The request'} is {shown(value)}; it must be {said(kind, value)}")
    if kind == "list":
        for index, item in enumerate(value):
            check_types(shape.member, item, f"{where}[{index}]")
    elif kind == "map":
        for key, item in value.items():
            check_types(shape.value, item, f"{where}.{key}")
    elif kind == "structure" and not getattr(shape, "is_document_type", False):
        _check_members(shape, value, where)


def _check_members(shape: Any, value: dict[str, Any], where: str) -> None:
    for name, member in shape.members.items():
        if member.serialization.get("location"):
            continue
        key = member.serialization.get("name", name)
        place = f"{where}.{key}" if where else key
        if name in shape.required_members and value.get(key) is None:
            raise ShapeError(f"{place} is missing; it must be {said(member.type_name)}")
        check_types(member, value.get(key), place)


class Found(NamedTuple):
    """An operation, and the labels of its path as they were meant: without their percent-encoding."""

    operation: OperationModel
    labels: dict[str, str]


def rest_operation(service: ServiceModel, method: str, path: str) -> Found | None:
    """Return the operation that answers a method and path, `None` when there is none."""
    for at, pattern, name in _routes(service):
        found = pattern.fullmatch(path) if at == method else None
        if found:
            labels = {label: unquote(text) for label, text in found.groupdict().items()}
            return Found(service.operation_model(name), labels)
    return None


def path_pattern(path: str) -> re.Pattern[str]:
    """Return what matches a path of a service model, with a group for each label."""
    text = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path.rstrip("/"))
    return re.compile(re.sub(r"\{(\w+)\+\}", r"(?P<\1>.+)", text) + "/?")


@cache
def _routes(service: ServiceModel) -> list[tuple[str, re.Pattern[str], str]]:
    """Return method, path and name of every operation, those with most fixed text first."""
    routes = []
    for name in service.operation_names:
        http = service.operation_model(name).http
        path = http["requestUri"].partition("?")[0]
        fixed = len(re.sub(r"\{\w+\+?\}", "", path.rstrip("/")))
        routes.append((-fixed, http["method"], path_pattern(path), name))
    return [route[1:] for route in sorted(routes, key=lambda route: route[0])]


def _structure(shape: Any, value: dict[str, Any], where: str) -> dict[str, Any]:
    prefix = f"{where}." if where else ""
    given = {name: value[name] for name in shape.members if value.get(name) is not None}
    for name in shape.required_members:
        if name not in given:
            raise ShapeError(f"{prefix}{name} is missing; it must be {said(shape.members[name].type_name)}")
    return {name: checked(shape.members[name], item, prefix + name) for name, item in given.items()}


def _is_free_text(shape: Any) -> bool:
    return shape.type_name == "string" and not shape.metadata


def _check_limits(shape: Any, value: Any, where: str) -> None:
    limits = shape.metadata
    if isinstance(value, float) and not math.isfinite(value):
        raise ShapeError(f"{where} is {value}; it must be a finite number")
    if shape.type_name == "timestamp" and not 0 <= value <= _LATEST:
        raise ShapeError(f"{where} is {shown(value)}; it must be 0 to {_LATEST} seconds, the end of 9999")
    size = len(value) if isinstance(value, str | list | dict) else value
    unit = {"string": " characters", "list": " members", "map": " members"}.get(shape.type_name, "")
    if "min" in limits and size < limits["min"]:
        raise ShapeError(f"{where} is {shown(value)}; it must have at least {limits['min']}{unit}")
    if "max" in limits and size > limits["max"]:
        raise ShapeError(f"{where} is {shown(value)}; it must have at most {limits['max']}{unit}")
    if allowed := limits.get("enum"):
        if value not in allowed:
            raise ShapeError(f"{where} is {shown(value)}; it must be one of {', '.join(allowed)}")
    elif (pattern := limits.get("pattern")) and not _matches(pattern, value):
        raise ShapeError(f"{where} is {shown(value)}; it must match {pattern}")


def _matches(pattern: str, value: str) -> bool:
    whole = _whole(pattern)
    return whole is None or whole(value)


@cache
def _whole(pattern: str) -> Matches | None:
    try:
        return regex(rf"\A(?:{pattern})\z")
    except PatternError:  # some patterns of Lambda, IAM and SSM look around or are Java's alone: not checked
        return None


def _has_type(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if kind in _INTEGERS and isinstance(value, int):
        return value in _INTEGERS[kind]
    return isinstance(value, _JSON_TYPES[kind])


def said(kind: str, value: Any = None) -> str:
    """Return what a type must be, for an error message; of an integer that is too large, its range."""
    if kind in _INTEGERS and isinstance(value, int):
        return f"from {_INTEGERS[kind].start} to {_INTEGERS[kind].stop - 1}"
    return _SAID.get(kind, "a number of epoch seconds" if kind == "timestamp" else f"a {kind}")
