"""Where a trace failed and of what, as its summary tells.

https://docs.aws.amazon.com/xray/latest/api/API_FaultRootCause.html
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from waterfall.traces.documents import list_of, mapping_of, text_of

_VARYING = re.compile(r"\b0x[0-9a-f]+\b|\b[0-9a-f]{8,}(?:-[0-9a-f]{4,})*\b|\d+", re.IGNORECASE)
_LONGEST_MESSAGE = 300

_Place: TypeAlias = tuple[str, Mapping[str, Any]]
"""A service's name, and an entity of its path."""


@dataclass(frozen=True, slots=True)
class Failure:
    """`span` is what failed in `service`; `exception` and `message` are `None` where none was recorded."""

    kind: Literal["fault", "error"]
    service: str
    span: str
    exception: str | None
    message: str | None

    @property
    def key(self) -> str:
        """The same for failures that differ in numbers and ids of the message alone."""
        alike = _VARYING.sub("#", self.message or "")
        parts = (self.kind, self.service, self.span, self.exception or "", alike)
        return hashlib.blake2s("\0".join(parts).encode("utf-8", "replace"), digest_size=6).hexdigest()


def failure_of(answer: Mapping[str, Any]) -> Failure | None:
    """Return the first root cause of a TraceSummary: a fault's, or that of an error which the client got.

    A fault's without an exception gives way to the nearest one behind it that has some: Lambda's own
    segments of a function that answered 502 are well, and end its path.
    """
    if faults := _paths(answer.get("FaultRootCauses")):
        return _failure("fault", _told(faults))
    if answer.get("HasError") is True and (errors := _paths(answer.get("ErrorRootCauses"))):
        return _failure("error", errors[0])
    return None


def _paths(causes: object) -> list[list[_Place]]:
    return [
        [
            (text_of(service.get("Name")) or "(no name)", mapping_of(entity))
            for service in map(mapping_of, list_of(cause.get("Services")))
            for entity in list_of(service.get("EntityPath"))
        ]
        for cause in map(mapping_of, list_of(causes))
    ]


def _told(paths: list[list[_Place]]) -> list[_Place]:
    first = paths[0]
    if _has_exception(first):
        return first
    names = _names(first)
    behind = [path for path in paths[1:] if _names(path)[: len(names)] == names and _has_exception(path)]
    return min(behind, key=len, default=first)


def _has_exception(path: list[_Place]) -> bool:
    return any(entity.get("Exceptions") for _, entity in path)


def _names(path: list[_Place]) -> list[tuple[str, str | None]]:
    return [(service, text_of(entity.get("Name"))) for service, entity in path]


def _origin(path: list[_Place]) -> _Place:
    """Return the deepest place that has the exceptions of those above it, or else the end of the path.

    What a place has put others in place of, it has handled: it is no reason.
    """
    found = path[-1]
    known: set[tuple[str | None, str | None]] = set()
    for place in path:
        exceptions = map(mapping_of, list_of(place[1].get("Exceptions")))
        raised = {(text_of(one.get("Name")), text_of(one.get("Message"))) for one in exceptions}
        if known and raised and not known & raised:
            break
        if raised:
            found, known = place, raised
    return found


def _failure(kind: Literal["fault", "error"], path: list[_Place]) -> Failure | None:
    if not path:
        return None
    service, entity = _origin(path)
    exception = mapping_of(next(iter(list_of(entity.get("Exceptions"))), None))
    message = text_of(exception.get("Message"))
    return Failure(
        kind,
        service,
        text_of(entity.get("Name")) or service,
        text_of(exception.get("Name")),
        message and message[:_LONGEST_MESSAGE],
    )
