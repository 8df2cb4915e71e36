"""The keywords of filter expressions: what kind of value each has, and where it may stand.

https://docs.aws.amazon.com/xray/latest/devguide/xray-console-filters.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedded_aws.xray.query.filters.syntax import Operator

Kind = Literal["flag", "number", "text", "any"]
Place = Literal["trace", "service", "edge", "root cause service", "root cause entity", "root cause exception"]

_FLAGS = ("ok", "error", "throttle", "fault", "partial", "inferred")
_NUMBERS = ("responsetime", "duration", "http.status")
_HTTP = ("http.url", "http.method", "http.useragent", "http.clientip")
_OWNERS = ("user", "availabilityzone", "instance.id", "resource.arn")

FLAGS = frozenset({*_FLAGS, "first", "last", "remote", "root"})
NUMBERS = frozenset({*_NUMBERS, "index", "coverage"})
TEXTS = frozenset({*_HTTP, *_OWNERS, "name", "type", "message", "group.name", "group.arn"})

_LISTED = ("first", "last", "index")
PLACES: Mapping[Place, frozenset[str]] = {
    "trace": frozenset({*_FLAGS, *_NUMBERS, *_HTTP, *_OWNERS, "group.name", "group.arn", "annotation"}),
    "service": frozenset({*_FLAGS, *_NUMBERS, *_HTTP, *_OWNERS, "name", "type", "root", "annotation"}),
    "edge": frozenset({*_FLAGS, *_NUMBERS, *_HTTP, "annotation"}),
    "root cause service": frozenset({"name", "type", "inferred", *_LISTED}),
    "root cause entity": frozenset({"name", "type", "inferred", "remote", "coverage", *_LISTED}),
    "root cause exception": frozenset({"name", "message", *_LISTED}),
}
"""Which keywords AWS allows in which block is only told by its examples."""

_TESTS: Mapping[Kind, tuple[Operator, ...]] = {
    "flag": ("=", "!="),
    "number": ("=", "!=", "<", "<=", ">", ">="),
    "text": ("=", "!=", "CONTAINS", "BEGINSWITH", "ENDSWITH"),
    "any": ("=", "!=", "<", "<=", ">", ">=", "CONTAINS", "BEGINSWITH", "ENDSWITH"),
}
_VALUES: Mapping[Kind, tuple[type, ...]] = {
    "flag": (bool,),
    "number": (float,),
    "text": (str,),
    "any": (bool, float, str),
}
_SAID = {bool: "true or false", float: "a number", str: 'a "string"'}


def kind_of(keyword: str) -> Kind:
    if keyword in FLAGS:
        return "flag"
    if keyword in NUMBERS:
        return "number"
    return "text" if keyword in TEXTS else "any"


def operators(kind: Kind) -> tuple[Operator, ...]:
    return _TESTS[kind]


def values(kind: Kind, operator: Operator) -> tuple[type, ...]:
    """Return the types of value that an operator takes for a keyword of this kind."""
    of_operator = tuple(
        value
        for value, of in ((bool, "flag"), (float, "number"), (str, "text"))
        if operator in operators(of)  # type: ignore[arg-type]
    )
    return tuple(value for value in _VALUES[kind] if value in of_operator)


def said(types: tuple[type, ...]) -> str:
    return " or ".join(_SAID[value] for value in types)


def where(keyword: str) -> str:
    """Say where a keyword may stand."""
    return ", ".join(said_place(place) for place in get_args(Place) if keyword in PLACES[place])


def said_place(place: Place) -> str:
    return f"an {place}" if place == "edge" else f"a {place}"
