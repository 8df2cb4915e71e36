"""The file of the trace store, in which quiet traces are packed: see `packs`."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from embedded_aws.aws.errors import NamedError
from embedded_aws.host.bounded_store import BoundedStore
from embedded_aws.xray.query import packs
from embedded_aws.xray.query.digests import Digest, stored
from embedded_aws.xray.query.packs import Document, Loose, Packs
from embedded_aws.xray.query.rows import Row
from embedded_aws.xray.query.schema import SCHEMA

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from embedded_aws.xray.query.packs import Pack, Packed

T = TypeVar("T")
W = TypeVar("W")
_PAUSE = 0.001
_READ_AT_ONCE = 50
"""Documents and traces: some 1 ms."""


class StoreError(NamedError, code="InternalFailure", status=500):
    """The database file cannot be used; the message names it and says what to do."""


class PackedStore(BoundedStore):
    """Traces, packed or not; raises `StoreError`."""

    def __init__(self, path: Path | None, most_bytes: int | None = None) -> None:
        super().__init__(path, SCHEMA, StoreError, most_bytes)
        with self._database.transaction() as connection:
            self._packs = Packs(connection)

    def loose_part(self, before: float) -> list[Loose]:
        """Return the traces of a part that can be packed: it has got nothing since `before`."""
        with self._database.transaction() as connection:
            numbers = self._packs.next_part(connection, before)
            if numbers is None:
                return []
            where = "WHERE number >= ? AND number < ? ORDER BY number"
            rows = self._select(connection, "time", where, (numbers.start, numbers.stop))
        return [trace for some in _in_turns(packs.steps(self._loose(rows))) for trace in some]

    def _loose(self, rows: Iterable[Row]) -> Iterator[Loose]:
        """Yield the rows' traces with their documents, but those that have changed meanwhile."""

        def read(connection: sqlite3.Connection, row: Row) -> Loose | None:
            digest = row.digest if isinstance(row.digest, Digest) else None
            query = "SELECT 1 FROM trace WHERE number = ? AND id = ? AND revision = ?"
            if not connection.execute(query, (row.number, row.id, row.revision)).fetchone():
                return None
            documents = self._documents(connection, row.number)
            return Loose(row.number, row.id, row.revision, row.time, row.updated, documents, digest)

        found = self._read_in_turns(rows, read, lambda trace: len(trace.documents) if trace else 0)
        return (trace for trace in found if trace)

    def _read_in_turns(
        self,
        wanted: Iterable[W],
        read: Callable[[sqlite3.Connection, W], T],
        documents_in: Callable[[T], int],
    ) -> Iterator[T]:
        """Yield what is read of each, some in one transaction.

        One for each would wait for whoever stores each time, and many keep whoever stores waiting.
        """
        left = iter(wanted)
        while True:
            found: list[T] = []
            documents = 0
            with self._database.transaction() as connection:
                for one in left:
                    found.append(read(connection, one))
                    documents += 1 + documents_in(found[-1])
                    if documents > _READ_AT_ONCE:
                        break
            if not found:
                return
            yield from found

    def put_packed(self, made: Packed, of: Sequence[Loose]) -> None:
        """Keep traces packed; those that changed meanwhile stay as they are.

        Until the last step some may have the same documents twice; after a crash the part is packed again.
        """
        part = of[0].number // packs.PART
        left = {pack.first: pack for pack in made.packs}
        with self._changing() as connection:
            self._packs.begin(connection, part)
        for some in _in_turns(packs.steps(of)):
            with self._changing() as connection:
                self._put_some(connection, part, left, some)
        with self._changing() as connection:
            if self._packs.is_begun(part):
                self._delete("digest", connection, of)
                self._packs.finish(connection, part, made.facts)
                self._forget_others(connection, of, range(part * packs.PART, (part + 1) * packs.PART))

    def _put_some(
        self, connection: sqlite3.Connection, part: int, left: dict[int, Pack], some: Sequence[Loose]
    ) -> None:
        if not self._packs.is_begun(part):  # meanwhile all of it was let go of
            return
        numbers = [trace.number for trace in some]
        self._packs.put(connection, numbers, left)
        self._delete("document", connection, some)
        self._forget_others(connection, some, range(numbers[0], numbers[-1] + 1))
        self._packs.drop_gone(connection, numbers)

    def _delete(self, table: str, connection: sqlite3.Connection, traces: Iterable[Loose]) -> None:
        """Delete what is packed, if it is still that."""
        query = f"""
            DELETE FROM {table} WHERE trace = ?1
            AND EXISTS (SELECT 1 FROM trace WHERE number = ?1 AND id = ?2 AND revision = ?3)"""  # noqa: S608 - of the schema
        connection.executemany(query, [(trace.number, trace.id, trace.revision) for trace in traces])

    def _forget_others(self, connection: sqlite3.Connection, traces: Iterable[Loose], numbers: range) -> None:
        """Let nothing that is packed count for other traces, which have got these numbers meanwhile."""
        ids = {trace.number: trace.id for trace in traces}
        query = "SELECT number, id FROM trace WHERE number >= ? AND number < ?"
        for number, trace_id in connection.execute(query, (numbers.start, numbers.stop)).fetchall():
            if ids.get(number) != trace_id:
                self._packs.forget(connection, number)

    def not_packed(self, traces: Sequence[Loose]) -> None:
        """Take note that traces could not be packed."""
        self._packs.has_failed(traces[0].number // packs.PART)

    def packed_as(self, part: int) -> int | None:
        """Return what the part of this number is known by while it is packed; waits for nobody."""
        return self._packs.serial(part)

    def packed_facts(self, part: int, name: str) -> bytes:
        """Return a blob of `packed_tables`, an empty one when there is none of this name."""
        query = "SELECT body FROM fact WHERE part = ? AND name = ?"
        with self._database.transaction() as connection:
            found = connection.execute(query, (part, name)).fetchone()
        return bytes(found[0]) if found else b""

    def loose_in(self, part: int) -> list[int]:
        """Return the traces of a packed part that have changed since."""
        query = "SELECT DISTINCT trace FROM document WHERE trace >= ? AND trace < ?"
        with self._database.transaction() as connection:
            found = connection.execute(query, (part * packs.PART, (part + 1) * packs.PART)).fetchall()
        return [number for (number,) in found]

    def _changing(self) -> AbstractContextManager[sqlite3.Connection]:
        return self._database.transaction(self._packs.undo)

    def _documents(self, connection: sqlite3.Connection, number: int) -> list[Document]:
        query = "SELECT id, complete, ended, body FROM document WHERE trace = ?"
        loose = [Document(*row) for row in connection.execute(query, (number,))]
        return loose or (self._packs.documents(connection, number) if self._packs.has(number) else [])

    def _unpack(self, connection: sqlite3.Connection, number: int) -> None:
        rows = [(number, *document) for document in self._documents(connection, number)]
        connection.executemany("INSERT OR IGNORE INTO document VALUES (?, ?, ?, ?, ?)", rows)

    def _select(
        self, connection: sqlite3.Connection, time: str, where: str, values: tuple[float | str, ...]
    ) -> list[Row]:
        query = f"""
            SELECT number, id, {time}, updated, trace.revision, summary, graph, facts
            FROM trace LEFT JOIN digest ON digest.trace = number AND digest.revision = trace.revision
            {where}"""  # noqa: S608 - built from columns of the schema and question marks
        found = connection.execute(query, values)
        rows = [
            Row(number, trace_id, moment, updated, revision, stored(*digest))
            for number, trace_id, moment, updated, revision, *digest in found
        ]
        packed = [row.number for row in rows if row.digest is None and self._packs.has(row.number)]
        if not packed:
            return rows
        digests = self._packs.digests(connection, packed)
        return [
            row if row.digest else replace(row, digest=digests.get((row.number, row.revision)))
            for row in rows
        ]


def _in_turns(steps: Iterable[T]) -> Iterator[T]:
    """Yield steps, and let others have the database after each: a lock is not given to who waits for it."""
    for step in steps:
        yield step
        time.sleep(_PAUSE)
