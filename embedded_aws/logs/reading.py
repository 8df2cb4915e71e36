"""Pages of log events, as GetLogEvents and FilterLogEvents give them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from embedded_aws.aws.errors import InvalidParameterError
from embedded_aws.logs.patterns import Pattern
from embedded_aws.logs.store import EventRange, Position, Store, StoredEvent, event_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from embedded_aws.aws.interfaces import LogStream

_PAGE_BYTES = 1024 * 1024
_SCANNED = 2_000
"""Events read from the store at a time."""

_START = Position(0, 0)
_NUMBER = re.compile(r"\d{1,18}")

Output = dict[str, Any]


def stream_page(
    store: Store, stream: LogStream, within: EventRange, token: str | None, limit: int, *, backwards: bool
) -> Output:
    """Return a stream's next events, or its previous ones, the last at first; oldest first all the same.

    At the end of the stream the token stays the same.
    """
    bound = _read(token, "b" if backwards else "f") if token else None
    wanted = replace(within, before=bound) if backwards else replace(within, after=bound)
    found = _sized(store.events(stream.region, stream.group, wanted, limit, backwards=backwards))
    if backwards:
        found.reverse()
    first, last = (found[0].at, found[-1].at) if found else (bound or _START, bound or _START)
    return _page(found, first, last)


class Wanted(NamedTuple):
    """What FilterLogEvents asks for; `token` is where the page before ended."""

    within: EventRange
    selects: Pattern
    limit: int
    token: str | None


def filtered_page(store: Store, group: tuple[str, str], wanted: Wanted) -> Output:
    """Return events of a (region, group), oldest first, and where the next page begins."""
    selects = wanted.selects
    after = _read(wanted.token, "f") if wanted.token else None
    within = replace(wanted.within, after=after, contains=selects.terms)
    found, size = [], 0
    for event in _all(store, group, within):
        if selects.matches(event.message):
            found.append(event)
            size += event_size(event.message)
            if len(found) == wanted.limit or size > _PAGE_BYTES:
                return {**_filtered(found), "nextToken": _token("f", event.at)}
    return _filtered(found)


def _all(store: Store, group: tuple[str, str], within: EventRange) -> Iterator[StoredEvent]:
    while True:
        batch = store.events(*group, within, _SCANNED)
        yield from batch
        if len(batch) < _SCANNED:
            return
        within = replace(within, after=batch[-1].at)


def _filtered(found: Iterable[StoredEvent]) -> Output:
    events = [
        {**_shown(event), "logStreamName": event.stream, "eventId": f"{event.at.number:056d}"}
        for event in found
    ]
    return {"events": events, "searchedLogStreams": []}


def _page(found: Iterable[StoredEvent], first: Position, last: Position) -> Output:
    tokens = {"nextForwardToken": _token("f", last), "nextBackwardToken": _token("b", first)}
    return {"events": [_shown(event) for event in found], **tokens}


def _shown(event: StoredEvent) -> Output:
    return {"timestamp": event.at.time, "message": event.message, "ingestionTime": event.ingested}


def _sized(events: list[StoredEvent]) -> list[StoredEvent]:
    """Return as many as a page holds, and at least one."""
    size = 0
    for count, event in enumerate(events):
        size += event_size(event.message)
        if count and size > _PAGE_BYTES:
            return events[:count]
    return events


def _token(direction: str, at: Position) -> str:
    return f"{direction}/{at.time}/{at.number}"


def _read(token: str, direction: str) -> Position:
    way, _, place = token.partition("/")
    time, _, number = place.partition("/")
    if way != direction or not _NUMBER.fullmatch(time) or not _NUMBER.fullmatch(number):
        raise InvalidParameterError("The specified nextToken is invalid.")
    return Position(int(time), int(number))
