"""What the setting `sampling` says beyond reservoir and rate, and the X-Ray rules that follow.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-configuring-xray-sampling-rules.html
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .kinds import Check, Number, SettingError, Whole, checked
from .routes import A_ROUTE, any_method, split_route

MOST_RULES = 25
"""X-Ray's quota of custom rules for an account and Region; other stacks share it."""

MOST_HEADERS = 5
_MOST_HEADER_CHARACTERS = 32
_MOST_PATH_CHARACTERS = 128
_NAME = re.compile(r"[a-z0-9-]{1,32}")
_KINDS = ("fault", "error", "throttle")
_CLIENT_ERROR = re.compile(r"4\d\d")
_KEYS = ("critical", "ignored", "rules", "keepErrors", "keepSlowerThan", "keepPerSecond")
_RULE_KEYS = ("name", "route", "reservoir", "rate", "headers")
_FIRST_PRIORITY = {"critical": 100, "ignored": 200, "rules": 300}
_LAST_PRIORITY = 1000
_WHOLE = Whole(0)
_SHARE = Number(0, 1, "a number from 0 to 1, such as 0.05 for 5 %")
_SECONDS = Number(math.ulp(0), None, "seconds above 0, such as 1.5")


@dataclass(frozen=True)
class Keep:
    """Which unsampled invocations are sent after all: kinds of failure, seconds; and how many per second."""

    kinds: tuple[str, ...]
    slower_than: float | None = None
    per_second: int | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What tells the tracing library."""
        found = {"TRACING_KEEP": ",".join(self.kinds)}
        if self.slower_than is not None:
            found["TRACING_KEEP_SLOWER_THAN"] = f"{self.slower_than:g}"
        if self.per_second is not None:
            found["TRACING_KEEP_PER_SECOND"] = str(self.per_second)
        return found


@dataclass(frozen=True)
class Special:
    """One kind of request with sampling of its own; `method` may be `*`, `path` has X-Ray's wildcards."""

    name: str
    priority: int
    method: str
    path: str
    reservoir: int
    rate: float
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Extras:
    """The setting `sampling`, checked."""

    specials: tuple[Special, ...] = ()
    keep: Keep | None = None


@dataclass(frozen=True)
class Sampling:
    """Requests traced per second, the share (0 to 1) of those beyond that, and what differs from both."""

    reservoir: int
    rate: float
    specials: tuple[Special, ...] = ()

    def rules(self) -> list[Special]:
        """Return the rules in the order in which X-Ray tries them; the last one matches every request."""
        everything = Special("", _LAST_PRIORITY, "*", "*", self.reservoir, self.rate)
        return [*self.specials, everything]


def read_extras(given: Mapping[str, Any]) -> Extras:
    """Check the setting `sampling`; raises SettingError saying what is wrong with which key, and the fix."""
    for key in given:
        if key in {"reservoir", "rate"}:
            raise SettingError(
                f"sampling has the key {key}; set sampling{key.capitalize()} for all other requests"
            )
    _refuse_unknown(given, _KEYS, "the key")
    specials = [
        *_routes(given, "critical", rate=1.0),
        *_routes(given, "ignored", rate=0.0),
        *_rules(given),
    ]
    _refuse_contradictions(specials)
    return Extras(tuple(specials), _keep(given))


def _routes(given: Mapping[str, Any], key: str, *, rate: float) -> Iterator[Special]:
    for number, text in enumerate(_list(given, key)):
        method, path = _route(text, key)
        yield Special(f"{key}-{number + 1}", _FIRST_PRIORITY[key] + number, method, path, 0, rate)


def _rules(given: Mapping[str, Any]) -> Iterator[Special]:
    for number, rule in enumerate(_list(given, "rules")):
        place = f"rules[{number}]"
        if not isinstance(rule, Mapping):
            raise SettingError(
                f"sampling has {place} {rule!r}; a rule is an object with {', '.join(_RULE_KEYS)}"
            )
        _refuse_unknown(rule, _RULE_KEYS, f"{place} with the key")
        name = rule.get("name")
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise SettingError(f"sampling has {place} with the name {name!r}; give 1 to 32 of a-z, 0-9 and -")
        method, path = _route(rule.get("route", "ANY /*"), f"{place}.route")
        yield Special(
            name,
            _FIRST_PRIORITY["rules"] + number,
            method,
            path,
            _value(f"{place}.reservoir", rule.get("reservoir", 0), _WHOLE),
            _value(f"{place}.rate", rule.get("rate"), _SHARE),
            _headers(rule.get("headers", {}), place),
        )


def _route(text: Any, place: str) -> tuple[str, str]:
    """Read `POST /orders/{id}` as X-Ray's patterns.

    Nothing documents whether the path that rules see begins with the stage's name, so the pattern begins
    with a wildcard, which matches with it and without.
    """
    route = split_route(text)
    if route is None:
        raise SettingError(f"sampling has {place} {text!r}; a route is {A_ROUTE}, like 'POST /checkout/*'")
    path = "*" + re.sub(r"\{[^/{}]*\}", "*", route[1])
    if len(path) > _MOST_PATH_CHARACTERS:
        raise SettingError(
            f"sampling has {place} {text!r} of {len(path)} characters; X-Ray takes paths of up to "
            f"{_MOST_PATH_CHARACTERS}: end it sooner with *"
        )
    return any_method(route[0]), ("*" if path == "*/*" else path)


def _headers(given: Any, place: str) -> Mapping[str, str]:
    if not isinstance(given, Mapping) or len(given) > MOST_HEADERS:
        raise SettingError(
            f"sampling has {place}.headers {given!r}; give an object of up to {MOST_HEADERS} headers"
        )
    for text in (*given, *given.values()):
        if not isinstance(text, str) or not 1 <= len(text) <= _MOST_HEADER_CHARACTERS:
            raise SettingError(
                f"sampling has {text!r} in {place}.headers; names and values are text of 1 to "
                f"{_MOST_HEADER_CHARACTERS} characters"
            )
    return dict(given)


def _keep(given: Mapping[str, Any]) -> Keep | None:
    wanted = given.get("keepErrors", False)
    if wanted is False:
        lonely = [key for key in ("keepSlowerThan", "keepPerSecond") if key in given]
        if lonely:
            raise SettingError(
                f"sampling has {lonely[0]}, but keeps no errors; set keepErrors to true, or remove it"
            )
        return None
    kinds = [] if wanted is True else [str(kind) for kind in _list(given, "keepErrors")]
    for kind in kinds:
        if kind not in _KINDS and not _CLIENT_ERROR.fullmatch(kind):
            raise SettingError(
                f"sampling has keepErrors {kind!r}; allowed are true, or a list of {', '.join(_KINDS)} "
                "and statuses from 400 to 499 (faults are always kept)"
            )
    slower = given.get("keepSlowerThan")
    if slower is not None:
        slower = _value("keepSlowerThan", slower, _SECONDS)
    most = given.get("keepPerSecond")
    if most is not None and _value("keepPerSecond", most, _WHOLE) == 0:
        raise SettingError(
            "sampling has keepPerSecond 0, which would keep nothing; give 1 or more, or remove keepErrors"
        )
    return Keep(tuple(dict.fromkeys(["fault", *kinds])), slower, most)


def _refuse_contradictions(specials: Sequence[Special]) -> None:
    seen: dict[tuple[Any, ...], str] = {}
    for special in specials:
        match = (special.method, special.path, *sorted(special.headers.items()))
        if match in seen:
            raise SettingError(
                f"sampling has {seen[match]} and {special.name} for the same requests, {special.method} "
                f"{special.path}; the second would never apply: remove one"
            )
        seen[match] = special.name
    name, count = Counter(special.name for special in specials).most_common(1)[0] if specials else ("", 0)
    if count > 1:
        raise SettingError(f"sampling has {count} rules named {name}; names must differ")
    if len(specials) + 1 > MOST_RULES:
        raise SettingError(
            f"sampling makes {len(specials) + 1} rules; X-Ray allows {MOST_RULES} in an account and Region: "
            "join routes with wildcards"
        )


def _refuse_unknown(given: Mapping[str, Any], known: Sequence[str], what: str) -> None:
    for key in given:
        if key not in known:
            raise SettingError(f"sampling has {what} {key!r}; allowed are {', '.join(known)}")


def _list(given: Mapping[str, Any], key: str) -> list[Any]:
    found = given.get(key, [])
    if not isinstance(found, list):
        raise SettingError(f"sampling has {key} {found!r}; it must be a list")
    return found


def _value(place: str, value: Any, check: Check) -> Any:
    return checked(check, value, f"sampling has {place} {{value!r}}; give {{allowed}}")
