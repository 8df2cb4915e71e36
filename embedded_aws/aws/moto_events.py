"""What happened inside moto while it answered one request, for those who act on it.

moto would deliver it by itself, at once, in its own thread and without a trace header; `moto_patches` lets it
note instead. Who answers a request collects the notes around it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Published:
    """A message of an SNS topic; `attributes` have `Type` and `Value`.

    `is_structured`: the message is JSON with one text for each protocol.
    """

    topic_arn: str
    message_id: str
    message: str
    subject: str | None
    attributes: Mapping[str, Mapping[str, Any]]
    group_id: str | None
    deduplication_id: str | None
    is_structured: bool


@dataclass(frozen=True)
class EventPut:
    """An entry of PutEvents that was accepted under an id."""

    region: str
    bus: str
    id: str
    entry: Mapping[str, Any]


@dataclass(frozen=True)
class ObjectChanged:
    """A change of an object, such as `ObjectCreated:Put`; `configuration` is moto's of the bucket then."""

    event: str
    region: str
    bucket: str
    key: str
    size: int
    etag: str
    version_id: str | None
    configuration: Any


@dataclass(frozen=True)
class NotificationsSet:
    """A bucket got a notification configuration, which is moto's."""

    region: str
    bucket: str
    configuration: Any


Note = Published | EventPut | ObjectChanged | NotificationsSet

_NOTES: ContextVar[list[Note]] = ContextVar("moto_notes")


@contextmanager
def collected() -> Iterator[list[Note]]:
    """Collect what is noted inside, also in the threads that `run_in_thread` makes there."""
    notes: list[Note] = []
    token = _NOTES.set(notes)
    try:
        yield notes
    finally:
        _NOTES.reset(token)


def note(happened: Note) -> None:
    """Note something, if anybody collects."""
    notes = _NOTES.get(None)
    if notes is not None:
        notes.append(happened)
