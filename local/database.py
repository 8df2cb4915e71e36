"""A SQLite file of ours: opened by one owner, created or recognised, with errors that say what to do."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


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
    """One connection, one lock, usable from any thread; every failure is raised as an `error`."""

    def __init__(self, path: Path | None, schema: Schema, error: type[Exception]) -> None:
        self._path = path
        self._schema = schema
        self._error = error
        self._lock = threading.Lock()
        with self._explained():
            self._connection = self._open()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Hold the connection; what was done is kept unless something is raised."""
        with self._lock, self._explained():
            self._connection.execute("BEGIN")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def _open(self) -> sqlite3.Connection:
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
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
        connection.execute("PRAGMA journal_mode = WAL")
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
        except sqlite3.OperationalError as error:
            raise self._error(
                f"{self._path} cannot be used: {error}. "
                "Stop the other process that uses it, or choose another data directory."
            ) from error
        except sqlite3.DatabaseError as error:
            raise self._error(
                f"{self._path} is damaged or no database: {error}. {self._delete_it()}"
            ) from error
        except OSError as error:
            raise self._error(
                f"{self._path} cannot be used: {error}. Choose another data directory."
            ) from error


def _is_empty(connection: sqlite3.Connection) -> bool:
    return not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
