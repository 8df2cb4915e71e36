"""The trace store: segment documents as they came, and a digest per trace that queries scan.

Documents are only appended or overwritten here, never read for their meaning. What a trace means
(`Digest`) is worked out when somebody asks, and kept until the next document of that trace arrives.
"""

from __future__ import annotations

import json
import math
from itertools import chain
from typing import TYPE_CHECKING, Any

from embedded_aws.host.retention import MAX_AGE
from embedded_aws.xray.query import packs
from embedded_aws.xray.query.digests import columns
from embedded_aws.xray.query.packed_store import PackedStore, StoreError
from embedded_aws.xray.query.rows import Change, PeriodState, Row
from embedded_aws.xray.query.schema import PUT_DOCUMENT, PUT_TRACES

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from embedded_aws.xray.intake.documents import SegmentDocument
    from embedded_aws.xray.query.digests import Digest
    from embedded_aws.xray.query.rows import TimeRangeType

__all__ = ["RETENTION_SECONDS", "Store", "StoreError"]

RETENTION_SECONDS = MAX_AGE
"""X-Ray keeps traces for 30 days."""
_LET_GO_AT_ONCE = 256
"""Traces that one transaction deletes, at most or twice as many as it brings: some 10 ms of work."""
_STEP = 16
_READ_AT_ONCE = 500

_TRACES_AT_ONCE = 100
_TIME_COLUMN: Mapping[TimeRangeType, str] = {"TraceId": "time", "Event": "updated", "Service": "ended"}


class Store(PackedStore):
    """Traces; raises `StoreError`. A store that is full lets go of those that were changed longest ago."""

    _now = math.inf

    @property
    def gone(self) -> int:
        """How many traces were let go since the start."""
        return self.dropped + self.expired

    def put(self, entries: Sequence[SegmentDocument], now: float) -> list[Change]:
        """Keep documents in one transaction, and return which traces changed."""
        traces: dict[str, tuple[str, float, float, float, float, int]] = {}
        for entry in entries:
            known = traces.get(entry.trace_id)
            start, end, count = (known[2], known[3], known[5]) if known else (entry.start, entry.end, 0)
            span = min(start, entry.start), max(end, entry.end)
            epoch = float(int(entry.trace_id[2:10], 16))
            traces[entry.trace_id] = (entry.trace_id, epoch, *span, now, count + 1)
        self._now = now
        with self._changing() as connection:
            changed = dict(_put_traces(connection, list(traces.values())))
            for trace_id, change in changed.items():
                if not self._packs.has(change.number):
                    continue
                if change.revision > traces[trace_id][5]:
                    self._unpack(connection, change.number)
                else:
                    self._packs.forget(connection, change.number)
            connection.executemany(
                PUT_DOCUMENT,
                [
                    (changed[item.trace_id].number, item.id, item.complete, item.end, item.text)
                    for item in entries
                ],
            )
            dropped = self._make_room(connection, 2 * len(traces))
        self.dropped += dropped
        return list(changed.values())

    def documents(self, trace_id: str) -> list[str]:
        """Return the documents of a trace; none when it is unknown."""
        return next(self.documents_of([trace_id]))

    def documents_of(self, trace_ids: Iterable[str]) -> Iterator[list[str]]:
        """Yield the documents of each of the traces."""

        def read(connection: sqlite3.Connection, trace_id: str) -> list[str]:
            found = connection.execute("SELECT number FROM trace WHERE id = ?", (trace_id,)).fetchone()
            return [document.body for document in self._documents(connection, found[0])] if found else []

        return self._read_in_turns(trace_ids, read, len)

    def sizes(self, trace_ids: Collection[str]) -> dict[str, int]:
        """Return how many characters of documents are kept of each trace that is known."""
        return self._of_documents("sum(length(body))", trace_ids, lambda bodies: sum(map(len, bodies)))

    def between(
        self, start: float, end: float, before: tuple[float, int] | None = None, limit: int = -1
    ) -> list[Row]:
        """List traces that began in [start, end), newest first, after (time, number) `before`."""
        return self._rows("time", *_range(start, end, "TraceId", before, limit))

    def batches(self, start: float, end: float, without: Collection[int] = ()) -> Iterator[list[Row]]:
        """Yield the traces that began in [start, end), newest first, few at a time, `without` some parts.

        A minute may have 30,000, whose digests are two hundred megabytes; and whoever stores need not wait.
        """
        parts = ",".join(map(str, without))
        before = None
        while True:
            where, values = _range(start, end, "TraceId", before, _READ_AT_ONCE)
            if parts:
                where = where.replace(" ORDER", f" AND number / {packs.PART} NOT IN ({parts}) ORDER")
            rows = self._rows("time", where, values)
            if not rows:
                return
            yield rows
            before = rows[-1].time, rows[-1].number

    def parts_between(self, start: float, end: float) -> list[tuple[int, int, int, int]]:
        """Return the parts that have traces in [start, end): how many, the sums of revisions and numbers."""
        query = """
            SELECT number / ?, count(*), sum(revision), sum(number)
            FROM trace WHERE time >= ? AND time < ? GROUP BY 1"""
        with self._database.transaction() as connection:
            return connection.execute(query, (packs.PART, start, end)).fetchall()

    def numbers(
        self,
        start: float,
        end: float,
        by: TimeRangeType = "TraceId",
        *,
        before: tuple[float, int] | None = None,
        limit: int = -1,
    ) -> list[int]:
        """List the numbers of traces in [start, end), newest first, after (time, number) `before`."""
        where, values = _range(start, end, by, before, limit)
        with self._database.transaction() as connection:
            return [number for (number,) in connection.execute(f"SELECT number FROM trace {where}", values)]  # noqa: S608 - built from columns of the schema

    def times(self) -> Iterator[tuple[float, int]]:
        """Yield time and number of all traces, oldest first; whoever stores need not wait for all of them."""
        after = "FROM trace WHERE (time, number) > (?, ?) ORDER BY time, number LIMIT 2000"
        last: tuple[float, int] | None = (-1.0, 0)
        while last:
            with self._database.transaction() as connection:
                found = connection.execute(f"SELECT time, number {after}", last).fetchall()
            yield from found
            last = found[-1] if found else None

    def numbered(self, numbers: Sequence[int], by: TimeRangeType = "TraceId") -> list[Row]:
        """Return these traces, in this order."""
        rows = self._rows(_TIME_COLUMN[by], f"WHERE number IN ({_marks(numbers)})", tuple(numbers))
        places = {number: place for place, number in enumerate(numbers)}
        return sorted(rows, key=lambda row: places[row.number])

    def last_of(self, numbers: Sequence[int], by: TimeRangeType = "TraceId") -> tuple[float, int] | None:
        """Return time and number of the last of these traces that is still there.

        There may be as many numbers as traces; those at the end are the first that a full store lets go of.
        """
        end, look = len(numbers), _STEP
        while end > 0:
            part = numbers[max(0, end - look) : end]
            query = f"SELECT number, {_TIME_COLUMN[by]} FROM trace WHERE number IN ({_marks(part)})"  # noqa: S608 - a column of the schema and question marks
            with self._database.transaction() as connection:
                times = dict(connection.execute(query, tuple(part)).fetchall())
            for number in reversed(part):
                if number in times:
                    return times[number], number
            end, look = end - look, _READ_AT_ONCE
        return None

    def periods(self, length: int, first: int, last: int) -> list[PeriodState]:
        """Return the periods in [first, last) in which traces began; a period has `length` seconds."""
        query = """
            SELECT CAST(time / ?1 AS INTEGER) AS period, count(*), sum(number), sum(revision), max(updated)
            FROM trace WHERE time >= ?2 AND time < ?3 GROUP BY period"""
        if length % 60 == 0:
            query = """
                SELECT number * 60 / ?1 AS period, sum(traces), sum(numbers), sum(revisions), max(updated)
                FROM minute WHERE number >= ?2 / 60 AND number < ?3 / 60 GROUP BY period"""
        with self._database.transaction() as connection:
            found = connection.execute(query, (length, first * length, last * length)).fetchall()
        return [PeriodState(*columns) for columns in found]

    def find(self, trace_ids: Sequence[str]) -> list[Row]:
        """Return the known ones of these traces, oldest first."""
        where = f"WHERE id IN ({_marks(trace_ids)}) ORDER BY time, number"
        return self._rows("time", where, tuple(trace_ids))

    def counts(self, trace_ids: Collection[str]) -> dict[str, int]:
        """Return how many documents each of the known ones of these traces has."""
        return self._of_documents("count(*)", trace_ids, len)

    def put_digests(self, digests: Iterable[tuple[Row, Digest]]) -> None:
        """Keep digests of the rows' revisions; one of a past revision is never read again."""
        values = [(row.number, row.revision, *columns(digest), row.id) for row, digest in digests]
        with self._changing() as connection:
            # Of a trace that was let go meanwhile, nobody would delete it.
            query = """
                INSERT OR REPLACE INTO digest
                SELECT ?1, ?2, ?3, ?4, ?5 FROM trace WHERE number = ?1 AND id = ?6"""
            connection.executemany(query, values)
            dropped = self._make_room(connection, 2 * len(values))
        self.dropped += dropped

    def count(self, numbers: range) -> int:
        """Return how many of the traces with these numbers there are."""
        query = "SELECT count(*) FROM trace WHERE number >= ? AND number < ?"
        with self._database.transaction() as connection:
            return int(connection.execute(query, (numbers.start, numbers.stop)).fetchone()[0])

    def has_updated(self, start: float, end: float, since: float, until: float) -> bool:
        """Tell whether a trace that began in [start, end) got its last document in [since, until)."""
        query = "SELECT 1 FROM trace WHERE time >= ? AND time < ? AND updated >= ? AND updated < ? LIMIT 1"
        with self._database.transaction() as connection:
            return bool(connection.execute(query, (start, end, since, until)).fetchall())

    def settings(self, kind: str) -> dict[str, Any]:
        """Return all of one kind of setting by name."""
        with self._database.transaction() as connection:
            query = "SELECT name, body FROM setting WHERE kind = ? ORDER BY name"
            return {name: json.loads(body) for name, body in connection.execute(query, (kind,))}

    def keep_setting(self, kind: str, name: str, value: Any) -> None:
        """Keep a setting, which is anything that JSON can say."""
        row = (kind, name, json.dumps(value))
        with self._database.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO setting VALUES (?, ?, ?)", row)

    def drop_setting(self, kind: str, name: str) -> None:
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM setting WHERE kind = ? AND name = ?", (kind, name))

    def newest_update(self) -> float | None:
        """Return when the last document came, of all; `None` when there is none."""
        with self._database.transaction() as connection:
            newest: float | None = connection.execute("SELECT max(updated) FROM trace").fetchone()[0]
        return newest

    def _expire(self, connection: sqlite3.Connection, time: float) -> int:
        return self._let_go(connection, "WHERE updated < ?", (time,), _LET_GO_AT_ONCE)

    def _make_room(self, connection: sqlite3.Connection, most: int) -> int:
        gone = 0
        while gone < max(most, _LET_GO_AT_ONCE) and self._database.is_full(connection):
            # What came while the clock was ahead would outlive all that comes now.
            step = self._let_go(connection, "WHERE updated > ?", (self._now,), _STEP)
            step = step or self._let_go(connection, "", (), _STEP)
            if not step:
                break
            gone += step
        return gone

    def _let_go(
        self, connection: sqlite3.Connection, where: str, values: tuple[float, ...], limit: int
    ) -> int:
        query = f"SELECT number FROM trace {where} ORDER BY updated, number LIMIT ?"  # noqa: S608 - conditions of ours
        numbers = connection.execute(query, (*values, limit)).fetchall()
        for table, column in (("document", "trace"), ("digest", "trace"), ("trace", "number")):
            connection.executemany(f"DELETE FROM {table} WHERE {column} = ?", numbers)  # noqa: S608 - of the schema
        self._packs.drop_gone(connection, [number for (number,) in numbers])
        return len(numbers)

    def _of_documents(
        self, what: str, trace_ids: Collection[str], packed: Callable[[list[str]], int]
    ) -> dict[str, int]:
        """Return something of the documents of each known trace: by SQL, or of their bodies if packed."""
        query = f"""
            SELECT id, number, (SELECT {what} FROM document WHERE trace = number) FROM trace
            WHERE id IN ({_marks(trace_ids)})"""  # noqa: S608 - an expression of ours and question marks
        with self._database.transaction() as connection:
            return {
                trace_id: found or packed([each.body for each in self._documents(connection, number)])
                for trace_id, number, found in connection.execute(query, tuple(trace_ids)).fetchall()
            }

    def _rows(self, time: str, where: str, values: tuple[float | str, ...]) -> list[Row]:
        with self._database.transaction() as connection:
            return self._select(connection, time, where, values)


def _put_traces(
    connection: sqlite3.Connection, traces: Sequence[tuple[str | float, ...]]
) -> Iterator[tuple[str, Change]]:
    """Put some in one statement each: one statement a trace takes half as long again."""
    for first in range(0, len(traces), _TRACES_AT_ONCE):
        part = traces[first : first + _TRACES_AT_ONCE]
        rows = ",".join([f"({_marks(part[0])})"] * len(part))
        for trace_id, *change in connection.execute(PUT_TRACES % rows, list(chain(*part))).fetchall():
            yield trace_id, Change(*change)


def _range(
    start: float, end: float, by: TimeRangeType, before: tuple[float, int] | None, limit: int
) -> tuple[str, tuple[float, ...]]:
    """Return the part of a query after FROM, and its values."""
    column = _TIME_COLUMN[by]
    where = f"{column} >= ? AND {column} < ? AND ({column}, number) < (?, ?)"
    order = f"ORDER BY {column} DESC, number DESC LIMIT ?"
    return f"WHERE {where} {order}", (start, end, *(before or (end, 0)), limit)


def _marks(values: Collection[object]) -> str:
    return ",".join("?" * len(values))
