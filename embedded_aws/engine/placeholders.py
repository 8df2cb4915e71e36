"""Values for what nobody computed: placeholders of what was skipped, and the empty values of what exists.

A program goes on with them as with real ones: each has the type that the SDK promises, and each text says
what it is: `net-1a2b3c4-placeholder`, `arn:aws:kms:...:key/net-1a2b3c4-placeholder`,
`https://net-1a2b3c4.kms.placeholder.invalid` (`.invalid` never resolves: RFC 2606).
"""

from __future__ import annotations

import re
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import pulumi

from embedded_aws.engine import sdk

_MAPPINGS = {
    "aws:appsync/graphQLApi:GraphQLApi.uris": ("GRAPHQL", "REALTIME"),
    "aws:appsync/api:Api.dns": ("HTTP", "REALTIME"),
    "aws:s3/accessPoint:AccessPoint.endpoints": ("ipv4", "dualstack", "fips", "fips_dualstack"),
}
"""The keys that AWS gives to mappings which it makes itself."""

_EMPTY = {str: "", bool: False, int: 0, float: 0.0}
_ARN = re.compile(r"(^a|A)rns?$")
_REGION = re.compile("^region$")
_URL = re.compile(r"(^|[a-z])(uri|url|uris|urls)$", re.IGNORECASE)
_HOST = re.compile(r"(domain|domainname|dnsname|hostname|fqdn|address|endpoint|endpoints)$", re.IGNORECASE)
_NAME = re.compile(r"(^|[a-z])(id|ids|name|names|identifier)$", re.IGNORECASE)
_TIME = re.compile(r"(date|time|[a-z]At)$", re.IGNORECASE)
_JSON = re.compile(r"(json|policy)$", re.IGNORECASE)
_MARK = re.compile(r"-placeholder\b|\.placeholder\.invalid\b")
_DEPTH = 3
"""Levels of objects in objects; some types, such as filters, hold themselves."""


@dataclass(frozen=True)
class Placeholder:
    """Makes the values of one skipped resource or function.

    `name` is its physical name, `arn` its ARN; `child` registers a resource of another type that a component
    would have made, and returns the reference to it.
    """

    token: str
    name: str
    arn: str
    region: str
    child: Callable[[str, str], Any]

    def fill(self, types: sdk.Types) -> dict[str, Any]:
        """Return a value for each property."""
        values = {key: self._value(key, hint, 0) for key, hint in types.items()}
        return {key: value for key, value in values.items() if value is not None}

    def _value(self, key: str, hint: Any, depth: int) -> Any:
        kind, arguments = _taken_apart(hint)
        if kind in (str, Any):
            return self._text(key)
        if kind in _EMPTY:
            return _EMPTY[kind]
        if kind is list:
            return self._items(key, arguments[0], depth)
        if kind is dict:
            return {name: self._text(f"{name}Url") for name in _MAPPINGS.get(f"{self.token}.{key}", ())}
        return self._object(key, kind, depth) if isinstance(kind, type) and depth <= _DEPTH else None

    def _items(self, key: str, hint: Any, depth: int) -> list[Any]:
        """Return one item, or three texts: programs ask for the first subnets, zones or servers."""
        first = self._value(key, hint, depth + 1)
        if _taken_apart(hint)[0] is str:
            return [first, f"{first}-2", f"{first}-3"]
        return [] if first is None else [first]

    def _object(self, key: str, kind: type, depth: int) -> Any:
        if issubclass(kind, Enum):
            return next(iter(kind)).value
        if issubclass(kind, pulumi.Resource):
            return self.child(getattr(kind, "pulumi_type", ""), key)
        # What AWS computes inside of objects is optional to the SDK, such as a certificate's DNS record.
        members = sdk.members(kind, optional=True)
        parts = {name: self._value(name, part, depth + 1) for name, part in members.items()}
        return {name: value for name, value in parts.items() if value is not None}

    def _text(self, key: str) -> str:
        service = self.token.partition(":")[2].partition("/")[0]
        host = f"{self.name.removesuffix('-placeholder')}.{service}.placeholder.invalid".lower()
        meanings = (
            (_ARN, self.arn),
            (_REGION, self.region),
            (_URL, f"https://{host}"),
            (_HOST, host),
            (_NAME, self.name),
            (_TIME, "1970-01-01T00:00:00Z"),
            (_JSON, "{}"),
        )
        return next((text for name, text in meanings if name.search(key)), f"{self.name}-{key}")


def find(value: Any) -> str | None:
    """Return a placeholder that is in a value, such as a resource's inputs."""
    if isinstance(value, Mapping):
        return next(filter(None, map(find, value.values())), None)
    if isinstance(value, list):
        return next(filter(None, map(find, value)), None)
    return value if isinstance(value, str) and _MARK.search(value) else None


def empty(types: sdk.Types) -> dict[str, Any]:
    """Return what the provider gives for properties that nothing set: `""`, 0, false, no items."""
    values = {key: _empty(hint, 0) for key, hint in types.items()}
    return {key: value for key, value in values.items() if value is not None}


def _empty(hint: Any, depth: int) -> Any:
    kind, _ = _taken_apart(hint)
    if kind in _EMPTY:
        return _EMPTY[kind]
    if kind in (list, dict):
        return kind()
    if not isinstance(kind, type) or issubclass(kind, pulumi.Resource | Enum) or depth > _DEPTH:
        return None
    parts = {name: _empty(part, depth + 1) for name, part in sdk.members(kind).items()}
    return {name: value for name, value in parts.items() if value is not None}


def _taken_apart(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    """Return a type's kind (a plain type, `list`, `dict`, class) and its arguments; of a union the first."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is None:
        return hint, (Any,)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return dict, arguments
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return list, arguments
    return _taken_apart(arguments[0]) if arguments else (None, ())
