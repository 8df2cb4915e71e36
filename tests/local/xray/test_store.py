"""The database file: what survives, and what is said about a file that cannot be used."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from local.xray.service import XRay
from local.xray.store import RETENTION_SECONDS, StoreError
from tests.local.xray.builders import NOW, TRACE, Api, identifier, segment, subsegment, trace_id


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "data" / "traces.db"


def test_traces_survive_a_restart(database: Path) -> None:
    """What was put is there, summarised or not, after the process ended."""
    first = XRay(database, clock=lambda: NOW)
    Api(first).put(segment("a"))
    before = Api(first).documents(), Api(first).summary(), Api(first).graph()
    first.close()
    second = XRay(database, clock=lambda: NOW)
    assert (Api(second).documents(), Api(second).summary(), Api(second).graph()) == before
    Api(second).put(subsegment("b", "a"))
    assert Api(second).documents()[0]["subsegments"][0]["id"] == identifier("b")
    second.close()


def test_traces_survive_a_kill(database: Path) -> None:
    """Without a close the committed documents are in the file and its log."""
    running = XRay(database, clock=lambda: NOW)
    Api(running).put(segment("a"))
    copy = database.parent / "copy.db"
    for suffix in ("", "-wal"):
        Path(f"{copy}{suffix}").write_bytes(Path(f"{database}{suffix}").read_bytes())
    running.close()
    restarted = XRay(copy, clock=lambda: NOW)
    assert len(Api(restarted).documents()) == 1
    restarted.close()


def test_old_traces_are_forgotten_at_the_start(database: Path) -> None:
    """A trace that got nothing for 30 days is gone; X-Ray keeps it no longer either."""
    old = XRay(database, clock=lambda: NOW)
    Api(old).put(segment("a"))
    old.close()
    recent = XRay(database, clock=lambda: NOW + RETENTION_SECONDS - 1)
    Api(recent).put(segment("a", trace_id=trace_id(1)))
    assert len(Api(recent).documents()) == 1
    recent.close()
    later = XRay(database, clock=lambda: NOW + RETENTION_SECONDS + 1)
    assert Api(later).documents() == []
    assert len(Api(later).documents(trace_id(1))) == 1
    later.close()


def test_second_owner_is_refused(database: Path) -> None:
    """A file in use is refused at once, with its name and what to do."""
    owner = XRay(database, clock=lambda: NOW)
    with pytest.raises(StoreError, match=r"traces\.db cannot be used: .*locked.* Stop the other process"):
        XRay(database)
    Api(owner).put(segment("a"))
    owner.close()


def test_damaged_file_is_named(database: Path) -> None:
    """A file that is no database is named, kept, and the way out told."""
    database.parent.mkdir()
    database.write_text("no database" * 100)
    with pytest.raises(StoreError, match=r"traces\.db is damaged or no database: .* Delete the file"):
        XRay(database)
    assert database.read_text().startswith("no database")


def test_truncated_file_is_named(database: Path) -> None:
    """A database that lost its end is refused instead of losing traces silently."""
    xray = XRay(database, clock=lambda: NOW)
    Api(xray).put(*(segment("a", trace_id=trace_id(number)) for number in range(200)))
    xray.close()
    database.write_bytes(database.read_bytes()[:8192])
    with pytest.raises(StoreError, match=r"traces\.db is damaged or no database"):
        XRay(database)


def test_foreign_database_is_left_alone(database: Path) -> None:
    """Another program's database is refused and not changed."""
    database.parent.mkdir()
    connection = sqlite3.connect(database)
    connection.execute("CREATE TABLE mine (x)")
    connection.close()
    with pytest.raises(StoreError, match="database of another program"):
        XRay(database)
    connection = sqlite3.connect(database)
    assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("mine",)]
    connection.close()


def test_other_schema_version_is_refused(database: Path) -> None:
    """A file of another version names both versions and the fix."""
    XRay(database).close()
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreError, match=r"traces\.db has schema version 99, this version reads 2\. Delete"):
        XRay(database)


def test_file_of_the_first_version_is_taken_over(database: Path) -> None:
    """A file without facts and settings keeps its traces, and what is missing is added."""
    old = XRay(database, clock=lambda: NOW)
    Api(old).put(segment("a", fault=True))
    before = Api(old).summary()
    old.close()
    connection = sqlite3.connect(database)
    connection.executescript("""
        DROP TABLE digest; DROP TABLE setting;
        CREATE TABLE digest (
            trace INTEGER PRIMARY KEY, revision INTEGER NOT NULL, summary TEXT NOT NULL, graph TEXT NOT NULL);
        INSERT INTO digest VALUES (1, 1, '{}', '[]');
        PRAGMA user_version = 1;""")
    connection.close()
    new = XRay(database, clock=lambda: NOW)
    assert Api(new).summary() == before
    assert Api(new).ids("fault") == [TRACE]
    Api(new).ask("/CreateGroup", GroupName="slow")
    new.close()


def test_unusable_folder_is_named(tmp_path: Path) -> None:
    """A path that cannot be a file is refused with the reason."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"traces\.db cannot be used: .* Choose another data directory"):
        XRay(tmp_path / "file" / "traces.db")


def test_threads_share_the_store(database: Path) -> None:
    """Writers and readers on many threads see whole traces, and nothing is lost."""
    xray = XRay(database, clock=lambda: NOW)
    api = Api(xray)
    failures: list[BaseException] = []

    def work(worker: int) -> None:
        try:
            for number in range(50):
                api.put(subsegment(f"{worker}-{number}", "a"))
                api.summary()
                api.graph()
        except BaseException as error:  # noqa: BLE001 - told to the test's own thread
            failures.append(error)

    api.put(segment("a"))
    workers = [threading.Thread(target=work, args=(worker,)) for worker in range(4)]
    for thread in workers:
        thread.start()
    for thread in workers:
        thread.join()
    assert failures == []
    (document,) = api.documents(TRACE)
    assert len(document["subsegments"]) == 200
    xray.close()
