"""From a resource's inputs to an API request, led by botocore's description of the operation.

Pulumi's property names are AWS's member names in another case nearly everywhere, so the operation's own
shape says where each input goes and which type it must have; only real differences need a name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

Names = Mapping[str, str]
"""Pulumi property -> member of the request, where they differ by more than case."""


def fill(
    shape: Any, inputs: Mapping[str, Any], names: Names, unknown: list[str], at: str = ""
) -> dict[str, Any]:
    """Return the members of a structure shape that the inputs give.

    Inputs without a member are left out; below the top level their paths are added to `unknown`.
    """
    members = {member.lower(): member for member in shape.members}
    request = {}
    for key, value in inputs.items():
        member = members.get(names.get(key, key).lower())
        if value is None:
            continue
        if member is None:
            if at:
                unknown.append(f"{at}.{key}")
            continue
        request[member] = convert(shape.members[member], value, names, unknown, f"{at}.{key}" if at else key)
    return request


def convert(shape: Any, value: Any, names: Names, unknown: list[str], at: str) -> Any:
    """Return one value in the type that the shape asks for.

    A list of one stands for a structure and a single value for a list of one, because Pulumi flattens
    such lists; a mapping stands for a list of key (or name) and value pairs, such as tags; JSON documents
    may come as text or as a mapping.
    """
    kind = shape.type_name
    if kind == "structure":
        single = value[0] if isinstance(value, list) and len(value) == 1 else value
        return fill(shape, single, names, unknown, at) if isinstance(single, Mapping) else single
    if kind == "list":
        return [convert(shape.member, item, names, unknown, at) for item in _items(shape, value)]
    if kind == "map" and isinstance(value, Mapping):
        return {key: convert(shape.value, item, names, unknown, at) for key, item in value.items()}
    return _CONVERSIONS[kind](value) if kind in _CONVERSIONS else value


def _items(shape: Any, value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    pair = [member.lower() for member in getattr(shape.member, "members", {})]
    if isinstance(value, Mapping) and pair in (["key", "value"], ["name", "value"]) and pair[0] not in value:
        return [{pair[0]: name, "value": text} for name, text in value.items()]
    return [value]


def as_text(value: Any) -> str:
    """Return a value as API text: JSON for documents and lists, `true`/`false`, plain text otherwise."""
    return value if isinstance(value, str) else json.dumps(value)


def _as_flag(value: Any) -> bool:
    return value.lower() == "true" if isinstance(value, str) else bool(value)


_CONVERSIONS: Mapping[str, Callable[[Any], Any]] = {
    "string": as_text,
    "boolean": _as_flag,
    "integer": int,
    "long": int,
    "float": float,
    "double": float,
}
