"""Quiet traces as they are on disk: compressed, few together, with their digests.

A part is as many neighbouring numbers as are packed at a time, a pack those that are compressed together:
what they have in common is stored once, and to read one trace of them takes a fraction of a millisecond.
"""

from __future__ import annotations

import logging
import zlib
from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import count, groupby
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from embedded_aws.xray.query import graph_json
from embedded_aws.xray.query.digests import Digest
from embedded_aws.xray.query.filters import packed_tables
from embedded_aws.xray.query.filters.packed_tables import DamagedError
from embedded_aws.xray.query.filters.tables import StoredTrace
from embedded_aws.xray.query.graph import Graph

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

_LOG = logging.getLogger(__name__)

PART = 256
"""Traces, by number. Whoever stores or reads waits 3 ms while they are read, and while they are replaced."""
_AT_ONCE = 4_000
"""Documents for which whoever stores or reads waits some 10 ms: traces of very many take turns with them."""
_PACK = 16
_READ, _READ_CHARACTERS = 256, 16_000_000
"""Packs whose digests are held once they were read, 40 kB each: a list that is asked for again has 100.

Traces of very many segments may have a hundred times as much."""
_ATTEMPTS = 3
"""How often a part is packed that cannot be."""

SCHEMA = """
-- Of the traces that have no row in `document`. What was let go of stays here until all of its pack is.
-- A part that has got some of its packs only is known as -1 - number.
CREATE TABLE pack (
    first INTEGER PRIMARY KEY, revisions BLOB NOT NULL,
    summaries BLOB NOT NULL, graphs BLOB NOT NULL, documents BLOB NOT NULL
);
CREATE TABLE part (number INTEGER PRIMARY KEY);
-- What filters ask of the traces of a part, by column: see `packed_tables`; and its `minutes`.
CREATE TABLE fact (part INTEGER NOT NULL, name TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (part, name))
    WITHOUT ROWID;
"""
MINUTES = "minutes"
"""Of a part's facts, the service graph of each minute."""


class Document(NamedTuple):
    """A row of the table `document`, without its trace."""

    id: str
    complete: int
    ended: float
    body: str


class Loose(NamedTuple):
    """A trace that is to be packed; `digest` is `None` when it is not worked out yet."""

    number: int
    id: str
    revision: int
    time: float
    updated: float
    documents: list[Document]
    digest: Digest | None


class Pack(NamedTuple):
    """A row of the table `pack`."""

    first: int
    revisions: bytes
    summaries: bytes
    graphs: bytes
    documents: bytes


class Packed(NamedTuple):
    """A part of the traces as it is stored: its packs, and rows of the table `fact` without their part."""

    packs: list[Pack]
    facts: list[tuple[str, bytes]]


def packed(first: int, traces: Sequence[Loose]) -> Packed:
    """Pack the traces of the part that begins with the number `first`, in the order of their numbers.

    One whose digest could not be worked out has none here either, and is looked at again when somebody asks.
    """
    stored = {
        trace.number - first: StoredTrace(trace.digest.facts, trace.digest.summary, trace.updated)
        for trace in traces
        if trace.digest
    }
    return Packed(list(_packs(traces)), [*packed_tables.packed(stored), (MINUTES, _minutes(traces))])


def minute(blob: bytes, *wanted: int) -> Graph | None:
    """Return the graph of a part's traces of one minute.

    If these are what they were: `wanted` are the minute, how many, and the sums of their revisions and
    numbers. Parts of earlier versions lack the last one.
    """
    with suppress(DamagedError):
        for *sums, graph in _read(blob):
            if sums == [*wanted][: len(sums)]:
                return graph_json.load(graph)
    return None


def _minutes(traces: Iterable[Loose]) -> bytes:
    graphs: defaultdict[int, Graph] = defaultdict(Graph)
    summed: defaultdict[int, list[Loose]] = defaultdict(list)
    for trace in traces:
        if trace.digest:
            place = int(trace.time / 60)
            graphs[place].merge(graph_json.load(trace.digest.graph))
            summed[place].append(trace)
    return _compressed(
        [
            [
                place,
                len(some),
                sum(trace.revision for trace in some),
                sum(trace.number for trace in some),
                graph_json.dump(graphs[place]),
            ]
            for place, some in summed.items()
        ]
    )


def _packs(traces: Iterable[Loose]) -> Iterator[Pack]:
    for place, together in groupby(traces, key=lambda trace: trace.number // _PACK):
        some = list(together)
        digests = [trace.digest for trace in some]
        yield Pack(
            place * _PACK,
            orjson.dumps([[trace.number, trace.revision if trace.digest else -1] for trace in some]),
            _compressed([digest and digest.summary for digest in digests]),
            _compressed([digest and digest.graph for digest in digests]),
            _compressed([[[*document] for document in trace.documents] for trace in some]),
        )


def steps(traces: Iterable[Loose]) -> Iterator[list[Loose]]:
    """Yield traces, as many at a time as nobody has to wait for long."""
    some: list[Loose] = []
    documents = 0
    for trace in traces:
        some.append(trace)
        documents += len(trace.documents)
        if documents >= _AT_ONCE:
            yield some
            some, documents = [], 0
    if some:
        yield some


class _Digests:
    """The digests of a pack, read as far as somebody asks; `size` counts the characters."""

    def __init__(self, summaries: bytes, graphs: bytes) -> None:
        self._blobs = summaries, graphs
        self.size = 0

    @cached_property
    def summaries(self) -> Any:
        return self._texts(self._blobs[0])

    @cached_property
    def graphs(self) -> Any:
        return self._texts(self._blobs[1])

    def _texts(self, blob: bytes) -> Any:
        texts = _read(blob)
        self.size += sum(len(text) for text in texts if text)
        return texts


@dataclass(frozen=True, slots=True)
class PackedDigest:
    """A `Digest` in a pack, without its facts: those of a part are together, by column.

    Raises `DamagedError`.
    """

    _pack: _Digests
    _place: int

    @property
    def summary(self) -> str:
        return str(self._pack.summaries[self._place])

    @property
    def graph(self) -> str:
        return str(self._pack.graphs[self._place])


class Packs:
    """The packed traces of a database; all but `serial` and `has_failed` is for within its transactions."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._serials = count(1)
        self._parts: dict[int, int] = {}
        self._begun: set[int] = set()
        self._is_changed = False
        self._failed: Counter[int] = Counter()
        self._unreadable: set[int] = set()
        self._digests: dict[int, tuple[list[tuple[int, int]], _Digests]] = {}
        self._read(connection)

    def _read(self, connection: sqlite3.Connection) -> None:
        numbers = [number for (number,) in connection.execute("SELECT number FROM part")]
        self._begun = {-1 - number for number in numbers if number < 0}
        self._parts = {
            number: self._parts.get(number) or next(self._serials) for number in numbers if number >= 0
        }
        self._next = 0
        self._digests.clear()
        self._is_changed = False

    def undo(self, connection: sqlite3.Connection) -> None:
        """Take note of what is packed when what was done was not kept."""
        if self._is_changed:
            self._read(connection)

    def has(self, number: int) -> bool:
        """Tell whether the trace's part is packed; the trace may have changed since, and be loose again."""
        return number // PART in self._parts or number // PART in self._begun

    def is_begun(self, part: int) -> bool:
        """Tell whether the part has got some of its packs only."""
        return part in self._begun

    def serial(self, part: int) -> int | None:
        """Return a number that the part, if all of it is packed, has alone: numbers may be used again."""
        return self._parts.get(part)

    def next_part(self, connection: sqlite3.Connection, before: float) -> range | None:
        """Return the first part that is not packed and got its last document `before` this time."""
        # Both at once would read all rows.
        ends = "SELECT (SELECT min(number) FROM trace), (SELECT max(number) FROM trace)"
        lowest, highest = connection.execute(ends).fetchone()
        query = "SELECT max(updated) FROM trace WHERE number >= ? AND number < ?"
        self._next = max(self._next, (lowest or 0) // PART)
        while self._next in self._parts:
            self._next += 1
        for part in range(self._next, (highest or 0) // PART):
            if part not in self._parts and self._failed[part] < _ATTEMPTS:
                numbers = range(part * PART, (part + 1) * PART)
                updated = connection.execute(query, (numbers.start, numbers.stop)).fetchone()[0]
                if updated is not None and updated < before:
                    return numbers
        return None

    def has_failed(self, part: int) -> None:
        """Take note that a part could not be packed: after a few times the others come first, for good."""
        self._failed[part] += 1

    def forget(self, connection: sqlite3.Connection, number: int) -> None:
        """Hold nothing more of a trace that was let go of: its number is another one's."""
        first = number - number % _PACK
        self._digests.pop(first, None)
        query = "SELECT revisions FROM pack WHERE first = ?"
        for (blob,) in connection.execute(query, (first,)).fetchall():
            with suppress(DamagedError):
                kept = [[each, -1 if each == number else revision] for each, revision in _revisions(blob)]
                query = "UPDATE pack SET revisions = ? WHERE first = ?"
                connection.execute(query, (orjson.dumps(kept), first))
        # As many traces of as many revisions as were summed would not be the same ones.
        query = "DELETE FROM fact WHERE part = ? AND name = ?"
        connection.execute(query, (number // PART, MINUTES))

    def begin(self, connection: sqlite3.Connection, part: int) -> None:
        """Add a part without packs, or go on with one that is not finished."""
        connection.execute("INSERT OR IGNORE INTO part VALUES (?)", (-1 - part,))
        self._begun.add(part)
        self._is_changed = True

    def put(self, connection: sqlite3.Connection, numbers: Iterable[int], left: dict[int, Pack]) -> None:
        """Add the packs of these traces to a part that is begun, if they are among those that are left."""
        for first in {number - number % _PACK for number in numbers} & left.keys():
            connection.execute("INSERT OR REPLACE INTO pack VALUES (?, ?, ?, ?, ?)", left.pop(first))
            self._digests.pop(first, None)

    def finish(self, connection: sqlite3.Connection, part: int, facts: Iterable[tuple[str, bytes]]) -> None:
        """Add the facts of a part that has its packs."""
        connection.executemany("INSERT INTO fact VALUES (?, ?, ?)", [(part, *fact) for fact in facts])
        connection.execute("UPDATE part SET number = ? WHERE number = ?", (part, -1 - part))
        self._begun.discard(part)
        self._parts[part] = next(self._serials)
        self._is_changed = True

    def documents(self, connection: sqlite3.Connection, number: int) -> list[Document]:
        """Return the documents of a trace, as they were when it was packed; none that cannot be read."""
        first = number - number % _PACK
        query = "SELECT revisions, documents FROM pack WHERE first = ?"
        for revisions, documents in connection.execute(query, (first,)).fetchall():
            try:
                numbers = [each for each, _ in _revisions(revisions)]
                rows = _read(documents)[numbers.index(number)] if number in numbers else []
            except DamagedError as error:
                if first not in self._unreadable:
                    self._unreadable.add(first)
                    _LOG.warning("packed traces in the database cannot be read, and are left out: %s", error)
            else:
                return [Document(*row) for row in rows]
        return []

    def digests(
        self, connection: sqlite3.Connection, numbers: Iterable[int]
    ) -> dict[tuple[int, int], PackedDigest]:
        """Return the packed digests of these traces, and maybe of others, by number and revision."""
        packs = {
            first: self._digests.pop(first, None) for first in {number - number % _PACK for number in numbers}
        }
        missing = [first for first, known in packs.items() if known is None]
        marks = ",".join("?" * len(missing))
        query = f"SELECT first, revisions, summaries, graphs FROM pack WHERE first IN ({marks})"  # noqa: S608 - question marks
        for first, revisions, *blobs in connection.execute(query, missing) if missing else ():
            with suppress(DamagedError):
                packs[first] = _revisions(revisions), _Digests(*blobs)
        read = {first: pack for first, pack in packs.items() if pack}
        self._digests.update(read)
        size = sum(digests.size for _, digests in self._digests.values())
        while len(self._digests) > _READ or size > _READ_CHARACTERS:
            size -= self._digests.pop(next(iter(self._digests)))[1].size
        return {
            of: PackedDigest(pack, place)
            for revisions, pack in read.values()
            for place, of in enumerate(revisions)
        }

    def drop_gone(self, connection: sqlite3.Connection, numbers: Sequence[int]) -> None:
        """Delete the packs in which these traces were the last ones."""
        gone = [number for number in numbers if self.has(number)]
        none_left = "NOT EXISTS (SELECT 1 FROM trace WHERE number >= ? AND number < ?)"
        for first in {number - number % _PACK for number in gone}:
            query = f"DELETE FROM pack WHERE first = ? AND {none_left}"  # noqa: S608 - a condition of ours
            if connection.execute(query, (first, first, first + _PACK)).rowcount:
                self._digests.pop(first, None)
        for part in {number // PART for number in gone}:
            query = f"DELETE FROM part WHERE number IN (?, ?) AND {none_left}"  # noqa: S608 - a condition of ours
            if connection.execute(query, (part, -1 - part, part * PART, (part + 1) * PART)).rowcount:
                self._parts.pop(part, None)
                self._begun.discard(part)
                self._is_changed = True
                connection.execute("DELETE FROM fact WHERE part = ?", (part,))
                self._next = min(self._next, part)


def _compressed(value: Any) -> bytes:
    return zlib.compress(orjson.dumps(value))


def _read(blob: bytes) -> Any:
    try:
        return orjson.loads(zlib.decompress(blob))
    except (zlib.error, ValueError) as error:
        raise DamagedError(str(error)) from error


def _revisions(blob: bytes) -> list[tuple[int, int]]:
    try:
        return [(number, revision) for number, revision in orjson.loads(blob)]
    except (TypeError, ValueError) as error:
        raise DamagedError(str(error)) from error
