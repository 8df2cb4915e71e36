"""What the SDKs that a program uses say about a resource type or function: its outputs and their types.

They are read from the getters of the loaded classes, so every provider's package is known as it is installed.
"""

from __future__ import annotations

import sys
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any

import pulumi

Types = Mapping[str, Any]
"""Pulumi property -> type, of what is always there; an optional property is left out."""

_UNIONS = (typing.Union, types.UnionType)


def outputs_of(token: str) -> Types:
    """Return the outputs of a resource type such as `aws:sqs/queue:Queue`; none when no class is known."""
    name = token.rpartition(":")[2]
    for cls in _subclasses(pulumi.Resource):
        if getattr(cls, "pulumi_type", None) == token or (cls.__name__ == name and _is_in(cls, token)):
            return members(cls)
    return {}


def results_of(token: str) -> Types:
    """Return the results of a function such as `aws:kms/getKey:getKey`; none when its module is unknown."""
    function = token.rpartition(":")[2]
    result = f"{function[:1].upper()}{function[1:]}Result"
    for module in list(sys.modules.values()):
        cls = vars(module).get(result) if isinstance(module, types.ModuleType) else None
        if isinstance(cls, type) and _is_in(cls, token):
            return members(cls)
    return {}


def members(cls: type, *, optional: bool = False) -> Types:
    """Return the properties of a resource or output class that always have a value; or also the others."""
    getters = {
        name: attribute.fget
        for base in reversed(cls.__mro__)
        for attribute in vars(base).values()
        if isinstance(attribute, property) and (name := getattr(attribute.fget, "_pulumi_name", None))
    }
    found = {name: _hint(getter) for name, getter in getters.items()}
    known = {name: hint for name, hint in found.items() if hint is not None}
    return known if optional else {name: hint for name, hint in known.items() if not _is_optional(hint)}


def _hint(getter: Any) -> Any:
    """Return what a getter returns, without the `Output` around it; None when its types are not there."""
    try:
        hint = typing.get_type_hints(getter).get("return")
    except (NameError, AttributeError, TypeError):
        return None
    return typing.get_args(hint)[0] if typing.get_origin(hint) is pulumi.Output else hint


def _is_optional(hint: Any) -> bool:
    return typing.get_origin(hint) in _UNIONS and type(None) in typing.get_args(hint)


def _subclasses(cls: type) -> Iterator[type]:
    each: type
    for each in cls.__subclasses__():
        yield each
        yield from _subclasses(each)


def _is_in(cls: type, token: str) -> bool:
    """Tell whether a class is of a token's package and service: `pulumi_aws.lambda_` for `aws:lambda/`."""
    package, module, _ = token.split(":")
    parts = cls.__module__.split(".")
    service = module.partition("/")[0]
    place = parts[1].rstrip("_") if len(parts) > 2 else "index"
    return parts[0] == f"pulumi_{package.replace('-', '_')}" and place in {service, "index"}
