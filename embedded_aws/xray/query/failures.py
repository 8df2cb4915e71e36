"""Where a trace failed and of what, so that traces which failed alike can be counted together."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeAlias

    _Place: TypeAlias = tuple[str, Mapping[str, Any]]
    """A service's name, and an entity of its path."""

_VARYING = re.compile(r"\b0x[0-9a-f]+\b|\b[0-9a-f]{8,}(?:-[0-9a-f]{4,})*\b|\d+", re.IGNORECASE)
_MOST = 300


@dataclass(frozen=True, slots=True)
class Failure:
    """`span` is what failed in `service`; `exception` and `message` are empty where nothing was recorded.

    `key` is the same for failures that differ in numbers and ids of the message alone.
    """

    key: str
    kind: str
    service: str
    span: str
    exception: str
    message: str


def failure_of(summary: Mapping[str, Any]) -> Failure | None:
    """Return the first root cause of a TraceSummary: a fault's, or that of an error which the client got.

    A fault's without an exception gives way to the nearest one behind it that has some: Lambda's own
    segments of a function that answered 502 are well, and end its path.
    """
    for kind, causes, counts in (
        ("fault", summary["FaultRootCauses"], True),
        ("error", summary["ErrorRootCauses"], summary["HasError"]),
    ):
        if causes and counts:
            paths = [_path(cause) for cause in causes]
            return _failure(kind, _told(paths) if kind == "fault" else paths[0])
    return None


def _path(cause: Mapping[str, Any]) -> list[_Place]:
    return [(service["Name"], entity) for service in cause["Services"] for entity in service["EntityPath"]]


def _told(paths: list[list[_Place]]) -> list[_Place]:
    first = paths[0]
    if _has_exception(first):
        return first
    names = _names(first)
    behind = [path for path in paths[1:] if _names(path)[: len(names)] == names and _has_exception(path)]
    return min(behind, key=len, default=first)


def _has_exception(path: list[_Place]) -> bool:
    return any(entity.get("Exceptions") for _, entity in path)


def _names(path: list[_Place]) -> list[tuple[str, str]]:
    return [(service, entity["Name"]) for service, entity in path]


def _origin(path: list[_Place]) -> _Place:
    """Return the deepest place that has the exceptions of those above it, or else the end of the path.

    What a place has put others in place of, it has handled: it is no reason.
    """
    found = path[-1]
    known: set[tuple[str, str]] = set()
    for place in path:
        raised = {(one["Name"], one["Message"]) for one in place[1].get("Exceptions") or ()}
        if known and raised and not known & raised:
            break
        if raised:
            found, known = place, raised
    return found


def _failure(kind: str, path: list[_Place]) -> Failure:
    service, entity = _origin(path)
    exceptions = entity.get("Exceptions") or [{"Name": "", "Message": ""}]
    name, message = exceptions[0]["Name"], exceptions[0]["Message"]
    alike = "\0".join((kind, service, entity["Name"], name, _VARYING.sub("#", message[:_MOST])))
    key = hashlib.blake2s(alike.encode("utf-8", "replace"), digest_size=6).hexdigest()
    return Failure(key, kind, service, entity["Name"], name, message[:_MOST])
