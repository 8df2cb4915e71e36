"""The log store: events by group and stream, in SQLite, so that they outlive the server as traces do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from embedded_aws.aws.errors import NamedError
from embedded_aws.host.bounded_store import BoundedStore
from embedded_aws.host.database import Schema

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from embedded_aws.aws.interfaces import LogEvent, LogStream

GROUP_BYTES = 16 * 1024 * 1024
"""What a group keeps: its newest events. AWS has no such limit, a laptop does."""

_LET_GO_AT_ONCE = 2_000
"""Events that one transaction deletes for their age, or for want of room in the file: some 20 ms of work."""

_OVERHEAD = 26
"""Bytes that CloudWatch Logs counts for each event beside its message."""

_SCRIPT = """
CREATE TABLE log_group (
    number INTEGER PRIMARY KEY, region TEXT NOT NULL, name TEXT NOT NULL, created INTEGER NOT NULL,
    UNIQUE (region, name)
);
CREATE TABLE stream (
    number INTEGER PRIMARY KEY, log_group INTEGER NOT NULL, name TEXT NOT NULL,
    created INTEGER NOT NULL, first INTEGER, last INTEGER, ingested INTEGER, bytes INTEGER NOT NULL DEFAULT 0,
    UNIQUE (log_group, name)
);
CREATE TABLE event (
    number INTEGER PRIMARY KEY AUTOINCREMENT, log_group INTEGER NOT NULL, stream INTEGER NOT NULL,
    time INTEGER NOT NULL, ingested INTEGER NOT NULL, size INTEGER NOT NULL, message TEXT NOT NULL
);
CREATE INDEX event_time ON event (log_group, time, number);
"""
_SCHEMA = Schema(application_id=0x4C4F4753, version=1, script=_SCRIPT, holds="logs")
_ADD_TO_STREAM = """
UPDATE stream SET
    first = min(coalesce(first, ?1), ?1), last = max(coalesce(last, ?2), ?2),
    ingested = ?3, bytes = bytes + ?4
WHERE number = ?5
"""


class StoreError(NamedError, code="ServiceUnavailableException", status=500):
    """The database file cannot be used; the message names it and says what to do."""


class Position(NamedTuple):
    """A place in the order of a group's events."""

    time: int
    number: int


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One event; times in milliseconds since the epoch."""

    at: Position
    stream: str
    ingested: int
    message: str


@dataclass(frozen=True, slots=True)
class StreamRow:
    """A stream; `first`, `last` and `ingested` are `None` as long as it has no event."""

    name: str
    created: int
    first: int | None
    last: int | None
    ingested: int | None
    bytes: int


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group that has, or had, streams."""

    name: str
    created: int
    bytes: int


@dataclass(frozen=True, slots=True)
class EventRange:
    """Which events to read: times in [start, end), places between `after` and `before`, of these streams.

    The message contains each text of `contains`.
    """

    start: int | None = None
    end: int | None = None
    after: Position | None = None
    before: Position | None = None
    streams: Sequence[str] | None = None
    contains: Sequence[str] = ()


class Store(BoundedStore):
    """Log events; raises `StoreError`. A full store lets go of those that came first."""

    def __init__(
        self, path: Path | None, group_bytes: int = GROUP_BYTES, *, most_bytes: int | None = None
    ) -> None:
        self._group_bytes = group_bytes
        super().__init__(path, _SCHEMA, StoreError, most_bytes)
        with self._database.transaction() as connection:
            query = "SELECT coalesce(max(number), 0) FROM stream"
            self._last_left: int = connection.execute(query).fetchone()[0]
        self._taken_over: set[int] = set()

    def put(self, events: Mapping[LogStream, Sequence[LogEvent]], now: int) -> list[str]:
        """Append events in one transaction; return the groups that had to let go of their oldest."""
        with self._database.transaction() as connection:
            groups = {}
            for stream, batch in events.items():
                group = _group(connection, stream.region, stream.group, now)
                groups[group] = stream.group
                self._taken_over.add(_append(connection, group, stream.name, batch, now))
            full = [name for number, name in groups.items() if self._trim(connection, number)]
            dropped = self._make_room(connection, 2 * sum(map(len, events.values())))
        self.dropped += dropped
        return full

    def create_stream(self, stream: LogStream, now: int) -> bool:
        """Make an empty stream; false when there is one of that name.

        A program is deployed anew at every start, with groups and streams that it makes: a stream that an
        earlier run left is taken over, with its events, by whoever makes it or writes to it first.
        """
        with self._database.transaction() as connection:
            group = _group(connection, stream.region, stream.group, now)
            query = "INSERT OR IGNORE INTO stream (log_group, name, created) VALUES (?, ?, ?)"
            if connection.execute(query, (group, stream.name, now)).rowcount == 1:
                return True
            number = _stream_number(connection, group, stream.name)
            is_left = number <= self._last_left and number not in self._taken_over
        self._taken_over.add(number)
        return is_left

    def delete_stream(self, stream: LogStream) -> bool:
        """Delete a stream with its events; false when there is none."""
        with self._database.transaction() as connection:
            query = """
                SELECT stream.number FROM stream JOIN log_group ON log_group.number = log_group
                WHERE region = ? AND log_group.name = ? AND stream.name = ?"""
            found = connection.execute(query, stream).fetchone()
            if found:
                connection.execute("DELETE FROM event WHERE stream = ?", found)
                connection.execute("DELETE FROM stream WHERE number = ?", found)
            return found is not None

    def delete_group(self, region: str, name: str) -> bool:
        """Delete a group with its streams and events; false when there is none."""
        with self._database.transaction() as connection:
            query = "DELETE FROM log_group WHERE region = ? AND name = ? RETURNING number"
            found = connection.execute(query, (region, name)).fetchone()
            if found:
                connection.execute("DELETE FROM event WHERE log_group = ?", found)
                connection.execute("DELETE FROM stream WHERE log_group = ?", found)
            return found is not None

    def groups(self, region: str) -> list[GroupRow]:
        """List the groups of a region that have, or had, streams."""
        query = """
            SELECT name, created, (SELECT total(bytes) FROM stream WHERE log_group = log_group.number)
            FROM log_group WHERE region = ?"""
        with self._database.transaction() as connection:
            rows = connection.execute(query, (region,)).fetchall()
        return [GroupRow(name, created, int(size)) for name, created, size in rows]

    def streams(self, region: str, group: str) -> list[StreamRow]:
        """List the streams of a group."""
        query = """
            SELECT stream.name, stream.created, first, last, ingested, bytes
            FROM stream JOIN log_group ON log_group.number = log_group
            WHERE region = ? AND log_group.name = ?"""
        with self._database.transaction() as connection:
            return [StreamRow(*columns) for columns in connection.execute(query, (region, group))]

    def events(
        self, region: str, group: str, within: EventRange, limit: int, *, backwards: bool = False
    ) -> list[StoredEvent]:
        """Return the first events of a within, oldest first; with `backwards` the last ones, newest first."""
        where, values = _conditions(within)
        order = "DESC" if backwards else "ASC"
        query = f"""
            SELECT time, event.number, stream.name, event.ingested, message
            FROM event JOIN stream ON stream.number = event.stream
            WHERE event.log_group = (SELECT number FROM log_group WHERE region = ? AND name = ?){where}
            ORDER BY time {order}, event.number {order} LIMIT ?"""  # noqa: S608 - conditions of ours, with question marks
        with self._database.transaction() as connection:
            rows = connection.execute(query, (region, group, *values, limit)).fetchall()
        return [StoredEvent(Position(time, number), *rest) for time, number, *rest in rows]

    def newest(self) -> int | None:
        """Return when the last event came, in milliseconds; `None` when there is none."""
        with self._database.transaction() as connection:
            query = "SELECT max(ingested) FROM stream"
            newest: int | None = connection.execute(query).fetchone()[0]
        return newest

    def _expire(self, connection: sqlite3.Connection, time: float) -> int:
        for (group,) in connection.execute("SELECT number FROM log_group").fetchall():
            query = "SELECT number FROM event WHERE log_group = ? AND time < ? ORDER BY time LIMIT ?"
            if old := connection.execute(query, (group, time, _LET_GO_AT_ONCE)).fetchall():
                connection.executemany("DELETE FROM event WHERE number = ?", old)
                _refresh(connection, group)
                return len(old)
        return 0

    def _make_room(self, connection: sqlite3.Connection, most: int) -> int:
        if not self._database.is_full(connection):
            return 0
        query = "SELECT number, log_group FROM event ORDER BY number LIMIT ?"
        oldest = connection.execute(query, (max(most, _LET_GO_AT_ONCE),)).fetchall()
        if oldest:
            connection.execute("DELETE FROM event WHERE number <= ?", (oldest[-1][0],))
        for group in {group for _, group in oldest}:
            _refresh(connection, group)
        return len(oldest)

    def _trim(self, connection: sqlite3.Connection, group: int) -> bool:
        """Let go of the oldest tenth, at once, so that this is not done with every event."""
        query = "SELECT total(bytes) FROM stream WHERE log_group = ?"
        excess = connection.execute(query, (group,)).fetchone()[0] - self._group_bytes
        if excess <= 0:
            return False
        excess += self._group_bytes // 10
        oldest = "SELECT time, number, size FROM event WHERE log_group = ? ORDER BY time, number"
        place = (0, 0)
        for time, number, size in connection.execute(oldest, (group,)):
            place = (time, number)
            excess -= size
            if excess <= 0:
                break
        connection.execute(
            "DELETE FROM event WHERE log_group = ? AND (time, number) <= (?, ?)", (group, *place)
        )
        _refresh(connection, group)
        return True


def _group(connection: sqlite3.Connection, region: str, name: str, now: int) -> int:
    query = "INSERT OR IGNORE INTO log_group (region, name, created) VALUES (?, ?, ?)"
    connection.execute(query, (region, name, now))
    query = "SELECT number FROM log_group WHERE region = ? AND name = ?"
    return int(connection.execute(query, (region, name)).fetchone()[0])


def _append(
    connection: sqlite3.Connection, group: int, name: str, events: Sequence[LogEvent], now: int
) -> int:
    """Append events to a stream, which is made if there is none; return its number."""
    query = "INSERT OR IGNORE INTO stream (log_group, name, created) VALUES (?, ?, ?)"
    connection.execute(query, (group, name, now))
    stream = _stream_number(connection, group, name)
    rows = [
        # Half of a surrogate pair is no text that could be stored.
        (group, stream, time, now, event_size(message), message.encode(errors="replace").decode())
        for time, message in events
    ]
    connection.executemany(
        "INSERT INTO event (log_group, stream, time, ingested, size, message) VALUES (?, ?, ?, ?, ?, ?)", rows
    )
    if rows:
        times = [row[2] for row in rows]
        values = (min(times), max(times), now, sum(row[4] for row in rows), stream)
        connection.execute(_ADD_TO_STREAM, values)
    return stream


def _stream_number(connection: sqlite3.Connection, group: int, name: str) -> int:
    query = "SELECT number FROM stream WHERE log_group = ? AND name = ?"
    return int(connection.execute(query, (group, name)).fetchone()[0])


def event_size(message: str) -> int:
    """Return the bytes that an event counts."""
    return _OVERHEAD + len(message.encode(errors="replace"))


def _refresh(connection: sqlite3.Connection, group: int) -> None:
    """Work out streams anew after events went; those that have none any more go too."""
    connection.execute(
        "DELETE FROM stream WHERE log_group = ?1 AND ingested NOT NULL "
        "AND number NOT IN (SELECT stream FROM event WHERE log_group = ?1)",
        (group,),
    )
    query = "SELECT stream, min(time), sum(size) FROM event WHERE log_group = ? GROUP BY stream"
    rows = connection.execute(query, (group,)).fetchall()
    connection.executemany("UPDATE stream SET first = ?2, bytes = ?3 WHERE number = ?1", rows)


def _conditions(within: EventRange) -> tuple[str, list[int | str]]:
    """Return what follows the group's condition, and its values."""
    where = ""
    values: list[int | str] = []
    bounds: Iterable[tuple[str, tuple[int, ...] | None]] = (
        ("time >= ?", None if within.start is None else (within.start,)),
        ("time < ?", None if within.end is None else (within.end,)),
        ("(time, event.number) > (?, ?)", within.after),
        ("(time, event.number) < (?, ?)", within.before),
    )
    for condition, bound in bounds:
        if bound is not None:
            where += f" AND {condition}"
            values += bound
    if within.streams is not None:
        where += f" AND stream.name IN ({','.join('?' * len(within.streams))})"
        values += within.streams
    where += " AND instr(message, ?) > 0" * len(within.contains)
    values += within.contains
    return where, values
