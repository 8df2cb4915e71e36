"""A SQLite file that lets go of what is too old, and of what came first when it has no room."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from embedded_aws.host.database import Database, Schema

if TYPE_CHECKING:
    import sqlite3
    from contextlib import AbstractContextManager
    from pathlib import Path


class BoundedStore(ABC):
    """Usable from any thread; raises `error` of its own kind. `most_bytes` is what it may take on disk."""

    def __init__(
        self, path: Path | None, schema: Schema, error: type[Exception], most_bytes: int | None
    ) -> None:
        self._database = Database(path, schema, error, most_bytes)
        self.dropped = 0
        """What was let go for want of room since the start."""
        self.expired = 0
        """What was let go for its age."""

    def tidy(self, time: float) -> bool:
        """Let go of some of what is older than `time` or has no room; true while there is more.

        The file shrinks as well, if much of it is free.
        """
        with self._changing() as connection:
            expired = self._expire(connection, time)
            dropped = self._make_room(connection, 0)
        self.expired += expired
        self.dropped += dropped
        return bool(expired or dropped) or self._database.give_back()

    def size(self) -> int:
        """Return the bytes on disk."""
        return self._database.size()

    def close(self) -> None:
        self._database.close()

    def _changing(self) -> AbstractContextManager[sqlite3.Connection]:
        """Hold the connection to change something."""
        return self._database.transaction()

    @abstractmethod
    def _expire(self, connection: sqlite3.Connection, time: float) -> int:
        """Let go of a few that are older than `time`, and return how many."""

    @abstractmethod
    def _make_room(self, connection: sqlite3.Connection, most: int) -> int:
        """Let go of the oldest, about `most` of them, while the file is full, and return how many."""
