"""SQLite files: what is said about a file that takes nothing, and how much they take on disk."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from embedded_aws.host.database import LOG_BYTES, Database, Schema
from tests.embedded_aws.disks import full_disk

SCHEMA = Schema(1, 1, "CREATE TABLE thing (number INTEGER PRIMARY KEY, text TEXT)", holds="things")
MANY = [("x" * 1000,)] * 2_000


class ThingsError(Exception):
    """The file cannot be used."""


def fill(database: Database) -> None:
    with database.transaction() as connection:
        connection.executemany("INSERT INTO thing (text) VALUES (?)", MANY)


def count(database: Database) -> int:
    with database.transaction() as connection:
        return int(connection.execute("SELECT count(*) FROM thing").fetchone()[0])


def opened(path: Path, most_bytes: int | None = None) -> Database:
    return Database(path, SCHEMA, ThingsError, most_bytes)


def test_a_full_disk_is_named_as_the_cause(tmp_path: Path) -> None:
    """The advice is about room on the disk, not about another process."""
    database = opened(tmp_path / "things.db")
    with (
        full_disk(),
        pytest.raises(ThingsError, match=r"things\.db cannot be used: .* free some space") as told,
    ):
        fill(database)
    assert "process" not in str(told.value)
    database.close()


def test_what_is_stored_can_be_read_while_the_disk_is_full(tmp_path: Path) -> None:
    """A failed write leaves what was there, also for the next one to read."""
    database = opened(tmp_path / "things.db")
    fill(database)
    with full_disk():
        for _ in range(2):
            with pytest.raises(ThingsError):
                fill(database)
            assert count(database) == len(MANY)
    database.close()


def test_the_store_takes_more_once_there_is_room_again(tmp_path: Path) -> None:
    """No restart is needed after a full disk."""
    database = opened(tmp_path / "things.db")
    with full_disk(), pytest.raises(ThingsError):
        fill(database)
    fill(database)
    assert count(database) == len(MANY)
    database.close()


def test_a_transaction_without_room_for_its_end_is_rolled_back(tmp_path: Path) -> None:
    """What fails at its COMMIT is undone, and the next one begins anew."""
    database = opened(tmp_path / "things.db")
    fill(database)
    with full_disk(), pytest.raises(ThingsError), database.transaction() as connection:
        connection.execute("INSERT INTO thing (text) VALUES ('small enough to wait for COMMIT')")
    assert count(database) == len(MANY)
    database.close()


def test_wrong_values_are_no_damage(tmp_path: Path) -> None:
    """Only a damaged file is told to be deleted."""
    database = opened(tmp_path / "things.db")
    with pytest.raises(ThingsError) as told, database.transaction() as connection:
        connection.executemany("INSERT INTO thing (number) VALUES (?)", [(1,), (1,)])
    assert "Delete the file" not in str(told.value)
    database.close()


def test_freed_space_goes_back_to_the_disk(tmp_path: Path) -> None:
    """What was deleted makes the file smaller, a little at a time."""
    database = opened(tmp_path / "things.db")
    for _ in range(10):
        fill(database)
    before = database.size()
    with database.transaction() as connection:
        connection.execute("DELETE FROM thing WHERE number > 1000")
    while database.give_back():
        pass
    assert (tmp_path / "things.db").stat().st_size < before / 2
    database.close()


def test_a_file_from_before_the_limit_can_shrink(tmp_path: Path) -> None:
    """A database that was made without the means to shrink is taken over with all that is in it."""
    path = tmp_path / "things.db"
    with sqlite3.connect(path) as old:
        old.execute("PRAGMA journal_mode = WAL")
        old.execute(SCHEMA.script)
        old.execute("PRAGMA application_id = 1")
        old.execute("PRAGMA user_version = 1")
        for _ in range(10):
            old.executemany("INSERT INTO thing (text) VALUES (?)", MANY)
    old.close()
    database = opened(path)
    assert count(database) == 10 * len(MANY)
    with database.transaction() as connection:
        connection.execute("DELETE FROM thing")
    while database.give_back():
        pass
    fill(database)
    assert path.stat().st_size < 10 * len(MANY) * 1000 / 2
    database.close()


def test_a_file_is_full_before_it_takes_more_than_it_may(tmp_path: Path) -> None:
    """The limit is about the file and what SQLite writes beside it."""
    most = LOG_BYTES + 4_000_000
    database = opened(tmp_path / "things.db", most)
    full = False
    while not full:
        with database.transaction() as connection:
            connection.executemany("INSERT INTO thing (text) VALUES (?)", MANY[:50])
            full = database.is_full(connection)
        assert database.size() <= most
    assert database.size() > most / 4
    database.close()


def test_text_that_is_no_text_fails_once(tmp_path: Path) -> None:
    """From then on it is read as far as it can be."""
    database = opened(tmp_path / "things.db")
    with database.transaction() as connection:
        connection.execute("INSERT INTO thing VALUES (1, CAST(x'61ff62' AS TEXT))")
    query = "SELECT text FROM thing"
    told = pytest.raises(ThingsError, match=r"things\.db has damaged text.*try again")
    with told, database.transaction() as connection:
        connection.execute(query).fetchall()
    with database.transaction() as connection:
        assert connection.execute(query).fetchall() == [("a\ufffdb",)]
    database.close()


def test_a_table_that_is_not_there_is_damage(tmp_path: Path) -> None:
    """No other directory is needed for that: the advice is to delete the file."""
    database = opened(tmp_path / "things.db")
    with database.transaction() as connection:
        connection.execute("DROP TABLE thing")
    with pytest.raises(ThingsError, match=r"things\.db is damaged.* Delete the file"):
        count(database)
    database.close()


def test_a_damaged_schema_is_told_in_one_line(tmp_path: Path) -> None:
    """Also where SQLite's own message about it is no text."""
    opened(tmp_path / "things.db").close()
    file = tmp_path / "things.db"
    file.write_bytes(file.read_bytes().replace(b"CREATE TABLE thing", b"CREATE TABLE \xb8hi(("))
    with pytest.raises(ThingsError, match=r"^\S+things\.db is damaged.* Delete the file"):
        opened(file)
