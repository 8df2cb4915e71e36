"""A SQLite file of ours: opened by one owner, created or recognised, with errors that say what to do."""

from __future__ import annotations

import errno
import math
import sqlite3
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from embedded_aws.host.data_directory import private_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

LOG_BYTES = 8 * 1024 * 1024
"""What SQLite's write-ahead log may take beside the file: twice the size at which it is emptied."""
_LOG_KEPT = LOG_BYTES // 2
_SPARE = 0.1
"""The share of free pages that a file keeps: to give back and to take again what comes anyway costs time."""
_FREED_AT_ONCE = 500
_ELSEWHERE = "or choose another data directory"
_ADVICE = {
    sqlite3.SQLITE_FULL: f"The disk is full: free some space, {_ELSEWHERE}.",
    sqlite3.SQLITE_IOERR: f"The disk failed, or has no room: free some space, {_ELSEWHERE}.",
    sqlite3.SQLITE_BUSY: f"Stop the other process that uses it, {_ELSEWHERE}.",
    sqlite3.SQLITE_LOCKED: f"Stop the other process that uses it, {_ELSEWHERE}.",
    sqlite3.SQLITE_READONLY: f"Make the file and its directory writable, {_ELSEWHERE}.",
    sqlite3.SQLITE_PERM: f"Make the file and its directory writable, {_ELSEWHERE}.",
    sqlite3.SQLITE_CANTOPEN: f"Make the file and its directory writable, free some space, {_ELSEWHERE}.",
}
_INCREMENTAL = 2
_NO_UTF_8 = "Could not decode to UTF-8"
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR})


@dataclass(frozen=True)
class Schema:
    """What a file must hold; `holds` is the plural for messages, such as `traces`.

    `upgrades` are scripts from earlier versions to this one; statements end with a semicolon and a newline.
    """

    application_id: int
    version: int
    script: str
    holds: str
    upgrades: Mapping[int, str] = field(default_factory=dict)


class Database:
    """One connection, one lock, usable from any thread; every failure is raised as an `error`.

    `most_bytes` is what the file and its write-ahead log should take on disk at most: `is_full` tells the
    owner to let something go, and what was let go makes room for what comes.
    """

    def __init__(
        self, path: Path | None, schema: Schema, error: type[Exception], most_bytes: int | None = None
    ) -> None:
        self._path = path
        self._schema = schema
        self._error = error
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        with self._explained():
            self._connection = self._open()

    @contextmanager
    def transaction(
        self, undone: Callable[[sqlite3.Connection], None] = lambda _: None
    ) -> Iterator[sqlite3.Connection]:
        """Hold the connection; what was done is kept unless something is raised, which `undone` is told."""
        with self._lock, self._explained():
            self._connection.execute("BEGIN")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                # After some errors, such as a full disk, SQLite has rolled back by itself.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                undone(self._connection)
                raise

    def is_full(self, connection: sqlite3.Connection) -> bool:
        """Tell, within a transaction, whether what is stored takes more than it may."""
        used = _number(connection, "page_count") - _number(connection, "freelist_count")
        return used > self._most_pages(connection)

    def size(self) -> int:
        """Return the bytes that the file and its write-ahead log take on disk; waits for nobody."""
        if self._path is None:
            return 0
        size = 0
        for file in (self._path, self._path.with_name(f"{self._path.name}-wal")):
            with suppress(FileNotFoundError):
                size += file.stat().st_size
        return size

    def give_back(self) -> bool:
        """Give some free pages back to the file system; true when there are more to give."""
        with self.transaction() as connection:
            pages, free = _number(connection, "page_count"), _number(connection, "freelist_count")
            most = self._most_pages(connection)
        excess = min(free, max(pages - most, free - int(pages * _SPARE) - _FREED_AT_ONCE))
        if excess <= 0:
            return False
        with self._lock, self._explained():
            # A script, because `execute` ends after the first page: the statement has no rows to fetch.
            self._connection.executescript(
                f"PRAGMA incremental_vacuum({_FREED_AT_ONCE}); PRAGMA wal_checkpoint"
            )
        return excess > _FREED_AT_ONCE

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def _most_pages(self, connection: sqlite3.Connection) -> float:
        if self._most_bytes is None:
            return math.inf
        return (self._most_bytes - LOG_BYTES) // _number(connection, "page_size")

    def _open(self) -> sqlite3.Connection:
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # SQLite gives the files beside it the same rights; a crash may have left some with others.
            private_file(self._path)
            for beside in self._path.parent.glob(f"{self._path.name}-*"):
                private_file(beside)
        connection = sqlite3.connect(
            self._path or ":memory:", timeout=1, isolation_level=None, check_same_thread=False
        )
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        # Exclusive: a second process must fail at once instead of showing half of it.
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._check_owner(connection)
        # Before the first table: a file is made with it, or can only be written anew to get it.
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA journal_size_limit = {_LOG_KEPT}")
        # To sort must not need room on a disk that may have none.
        connection.execute("PRAGMA temp_store = MEMORY")
        # A crash of the machine may lose what came last, a crash of the process loses nothing.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("BEGIN IMMEDIATE")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if _is_empty(connection):
            self._run(connection, self._schema.script)
        elif version in self._schema.upgrades:
            self._run(connection, self._schema.upgrades[version])
        elif version != self._schema.version:
            raise self._error(
                f"{self._path} has schema version {version}, this version reads {self._schema.version}. "
                f"{self._delete_it()}"
            )
        connection.execute("COMMIT")
        if _number(connection, "auto_vacuum") != _INCREMENTAL:
            # A file of before there was a limit: written anew, once, so that it can shrink to it.
            with suppress(sqlite3.OperationalError):
                connection.execute("VACUUM")

    def _check_owner(self, connection: sqlite3.Connection) -> None:
        owner = connection.execute("PRAGMA application_id").fetchone()[0]
        if owner != self._schema.application_id and not _is_empty(connection):
            raise self._error(
                f"{self._path} is a database of another program. Choose another data directory."
            )

    def _run(self, connection: sqlite3.Connection, script: str) -> None:
        for statement in script.split(";\n"):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {self._schema.application_id}")
        connection.execute(f"PRAGMA user_version = {self._schema.version}")

    def _delete_it(self) -> str:
        return (
            f"Delete the file, which loses the {self._schema.holds} in it, or choose another data directory."
        )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.ProgrammingError as error:
            raise self._error(f"The store of {self._schema.holds} is closed: {error}") from error
        except sqlite3.DatabaseError as error:
            if _NO_UTF_8 in str(error):
                # To decode each text by a function of ours would cost all who read.
                self._connection.text_factory = _decoded
                raise self._error(
                    f"{self._path} has damaged text, which is read from now on: try again."
                ) from error
            raise self._error(self._told(error)) from error
        except UnicodeDecodeError as error:  # of the message of an error
            raise self._error(f"{self._path} is damaged. {self._delete_it()}") from error
        except OSError as error:
            full = error.errno in {errno.ENOSPC, errno.EDQUOT}
            advice = _ADVICE[sqlite3.SQLITE_FULL] if full else "Choose another data directory."
            raise self._error(f"{self._path} cannot be used: {error}. {advice}") from error

    def _told(self, error: sqlite3.DatabaseError) -> str:
        """Say what is wrong and what helps, by SQLite's code of the error.

        All that our statements can get wrong is that the file lacks a table of its version, or has one more.
        """
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF  # the rest is detail
        if code in _DAMAGED:
            return f"{self._path} is damaged or no database: {error}. {self._delete_it()}"
        advice = _ADVICE.get(code, "Choose another data directory.")
        return f"{self._path} cannot be used: {error}. {advice}"


def _decoded(text: bytes) -> str:
    return text.decode(errors="replace")


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])


def _is_empty(connection: sqlite3.Connection) -> bool:
    return not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
