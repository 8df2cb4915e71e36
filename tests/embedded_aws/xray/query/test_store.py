"""The database file: what survives, and what is said about a file that cannot be used."""

from __future__ import annotations

import json
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from embedded_aws.host.database import LOG_BYTES
from embedded_aws.host.retention import LEAST_BYTES
from embedded_aws.xray.intake.sink import Intake
from embedded_aws.xray.query.lists import Wanted
from embedded_aws.xray.query.store import RETENTION_SECONDS, StoreError
from embedded_aws.xray.service import XRay
from tests.embedded_aws.disks import full_disk
from tests.embedded_aws.xray.builders import NOW, TRACE, Api, identifier, segment, subsegment, trace_id


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
    with pytest.raises(StoreError, match=r"traces\.db has schema version 99, this version reads 3\. Delete"):
        XRay(database)


def test_file_of_the_first_version_is_taken_over(database: Path) -> None:
    """A file without facts and settings keeps its traces, and what is missing is added."""
    old = XRay(database, clock=lambda: NOW)
    Api(old).put(segment("a", fault=True))
    before = Api(old).summary()
    old.close()
    connection = sqlite3.connect(database)
    connection.executescript("""
        DROP TABLE digest; DROP TABLE setting; DROP TABLE pack; DROP TABLE part;
        DROP TABLE fact;
        DROP TRIGGER trace_comes; DROP TRIGGER trace_changes; DROP TRIGGER trace_goes; DROP TABLE minute;
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


def test_a_segment_that_finds_the_disk_full_is_counted(database: Path) -> None:
    """Whoever served a request hears nothing; the loss is told with its reason, what comes later is kept."""
    xray = XRay(database, clock=lambda: NOW)
    with full_disk():
        Intake(xray).emit(segment("a"))
    (loss,) = xray.losses.told().values()
    assert loss["count"] == 1
    assert "free some space" in loss["reason"]
    Intake(xray).emit(segment("b"))
    assert [document["name"] for document in Api(xray).documents()] == ["b"]
    xray.close()


def test_a_client_is_told_that_the_disk_is_full(database: Path) -> None:
    """PutTraceSegments fails with the reason, so that an SDK can send again."""
    xray = XRay(database, clock=lambda: NOW)
    with full_disk():
        status, answer = Api(xray).call("/TraceSegments", TraceSegmentDocuments=[json.dumps(segment("a"))])
    assert status == 500
    assert "free some space" in answer["Message"]
    xray.close()


def test_a_segment_that_is_none_fails_nobody(api: Api) -> None:
    """A segment of a service that X-Ray does not take is a loss like others."""
    Intake(api.xray).emit(segment("a", trace_id="none"))
    (loss,) = api.xray.losses.told().values()
    assert "trace_id" in loss["reason"].lower() or "TraceId" in loss["reason"]


def test_everything_can_be_read_while_the_disk_is_full(database: Path) -> None:
    """What a reading works out and cannot keep is worked out again."""
    xray = XRay(database, clock=lambda: NOW)
    api = Api(xray)
    api.put(segment("a"))
    with full_disk():
        assert (len(api.documents()), api.summary()["Id"]) == (1, TRACE)
        assert api.ids("ok") == [TRACE]
        assert api.ask("/ServiceGraph", StartTime=NOW - 10, EndTime=NOW + 60)["Services"]
    xray.close()


def test_a_full_store_lets_go_of_its_oldest_while_it_runs(database: Path) -> None:
    """The newest traces are there, the oldest are not, and the files never take more than they may."""
    now = iter(range(10**9))
    xray = XRay(database, clock=lambda: NOW + next(now) / 1000, most_bytes=LEAST_BYTES)
    padding = "x" * 40_000
    for number in range(1_500):
        api = Api(xray)
        api.put(segment("a", trace_id=trace_id(number), metadata={"default": {"padding": padding}}))
        assert xray.store.size() <= LEAST_BYTES
    assert xray.store.dropped > 0
    assert api.documents(trace_id(0)) == []
    assert len(api.documents(trace_id(1_499))) == 1
    kept = 1_500 - xray.store.dropped
    assert api.documents(trace_id(1_500 - kept)) != []
    assert kept * len(padding) > LEAST_BYTES / 2
    xray.close()


def test_a_full_store_keeps_what_comes_after_the_clock_was_ahead(database: Path) -> None:
    """It lets go of what came then: that would be the newest for years."""
    now = NOW + 1e7
    xray = XRay(database, clock=lambda: now, most_bytes=LOG_BYTES + 3_000_000)
    api = Api(xray)
    padding = {"default": {"padding": "x" * 60_000}}
    for number in range(60):
        api.put(segment("a", trace_id=trace_id(number), metadata=padding))
    assert xray.store.dropped > 0
    now = NOW
    for number in range(100, 160):
        api.put(segment("a", trace_id=trace_id(number), metadata=padding))
    assert all(api.documents(trace_id(number)) for number in range(140, 160))
    xray.close()


def test_old_traces_go_while_the_server_runs(database: Path) -> None:
    """Age counts during a run, not only at its start."""
    passed = 0.0
    xray = XRay(database, clock=lambda: NOW + passed, monotonic=lambda: passed)
    Api(xray).put(*(segment("a", trace_id=trace_id(number)) for number in range(600)))
    passed = RETENTION_SECONDS + 1
    Api(xray).put(segment("a", trace_id=trace_id(1000)))
    while xray.tidy():
        pass
    assert xray.store.expired == 600
    assert [found.id for found in xray.store.between(0, NOW * 2)] == [trace_id(1000)]
    xray.close()


def test_a_clock_that_is_ahead_deletes_nothing(database: Path) -> None:
    """A run with a wrong clock keeps what is there, whatever it stores itself; the next one has it all."""
    first = XRay(database, clock=lambda: NOW)
    Api(first).put(segment("a"))
    first.close()
    ahead = XRay(database, clock=lambda: NOW + RETENTION_SECONDS + 86_400)
    Api(ahead).put(segment("a", trace_id=trace_id(1, NOW + RETENTION_SECONDS)))
    while ahead.tidy():
        pass
    assert len(Api(ahead).documents()) == 1
    ahead.close()
    right = XRay(database, clock=lambda: NOW + 60)
    assert len(Api(right).documents()) == 1
    right.close()


def test_reading_goes_on_while_traces_are_let_go(database: Path) -> None:
    """Lists, filters and maps never fail for a trace that goes while they look at it."""
    now = iter(range(10**9))
    xray = XRay(database, clock=lambda: NOW + next(now) / 1000, most_bytes=LEAST_BYTES)
    api = Api(xray)
    done = threading.Event()
    failures: list[BaseException] = []

    def read() -> None:
        try:
            while not done.is_set():
                api.ids("ok")
                api.ask("/TraceSummaries", StartTime=NOW - 10, EndTime=NOW + 3600)
                api.ask("/ServiceGraph", StartTime=NOW - 10, EndTime=NOW + 3600)
        except BaseException as error:  # noqa: BLE001 - told to the test's own thread
            failures.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    padding = {"default": {"padding": "x" * 60_000}}
    for number in range(1_000):
        api.put(segment("a", trace_id=trace_id(number, NOW + number), at=number, metadata=padding))
    done.set()
    reader.join()
    assert (failures, xray.store.dropped > 0) == ([], True)
    xray.close()


def change(database: Path, statement: str, *values: str) -> None:
    """Write to the file past X-Ray."""
    with closing(sqlite3.connect(database)) as connection, connection:
        assert connection.execute(statement, values).rowcount == 1


@pytest.mark.parametrize(
    "body",
    [
        "",
        "garbage",
        "[]",
        "5",
        '{"id": 5}',
        "[" * 100_000,
        '{"id": "a", "name": "b", "start_time": "c", "end_time": 1}',
    ],
)
def test_a_document_that_cannot_be_read_is_left_out(
    database: Path, body: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Something else wrote to the file: the trace is shown without the document, and the log says so once."""
    first = XRay(database, clock=lambda: NOW)
    Api(first).put(segment("a"), subsegment("b", "a"))
    first.close()
    change(database, "UPDATE document SET body = ? WHERE id = ?", body, identifier("b"))
    second = XRay(database, clock=lambda: NOW)
    assert [document["id"] for document in Api(second).documents()] == [identifier("a")]
    assert Api(second).summary()["Id"] == TRACE
    assert len(caplog.records) == 1
    assert TRACE in caplog.text
    second.close()


def test_a_trace_without_a_document_that_can_be_read(database: Path) -> None:
    """It is in no list and no graph, with a filter or without; all others are."""
    other = trace_id(7)
    first = XRay(database, clock=lambda: NOW)
    Api(first).put(segment("a"), segment("b", trace_id=other))
    first.close()
    change(database, "UPDATE document SET body = 'x' WHERE id = ?", identifier("a"))
    second = XRay(database, clock=lambda: NOW)
    api = Api(second)
    assert api.documents() == []
    window = {"StartTime": NOW - 1, "EndTime": NOW + 1}
    for expression in ("", "duration >= 0", "!error", 'service("b")'):
        found = api.ask("/TraceSummaries", **window, FilterExpression=expression)["TraceSummaries"]
        assert [summary["Id"] for summary in found] == [other]
    assert {service["Name"] for service in api.ask("/ServiceGraph", **window)["Services"]} == {"b"}
    second.close()


def asked(xray: XRay) -> list[Any]:
    """Ask for what is read of digests."""
    api, hour = Api(xray), Wanted(NOW - 10, NOW + 3600)
    return [
        api.summary(), api.graph(), api.ids("ok"), api.ids('service("a")'), xray.lists.figures(hour),
        xray.lists.page(hour, "request", descending=True, after=None, limit=9),
    ]  # fmt: skip


@pytest.mark.parametrize("column", ["summary", "graph", "facts"])
@pytest.mark.parametrize(
    "damaged",
    [
        "'garbage'",
        "x'00ff'",
        "5",
        *(f"substr(@, 1, {at}) || '~' || substr(@, {at} + 2)" for at in (0, 9, 70)),
    ],
)
def test_a_digest_that_cannot_be_read_is_worked_out_again(database: Path, column: str, damaged: str) -> None:
    """Digests are derived: what is lost of them, be it a byte, is in the documents."""
    first = XRay(database, clock=lambda: NOW)
    Api(first).put(segment("a"))
    before = asked(first)
    first.close()
    change(database, f"UPDATE digest SET {column} = {damaged.replace('@', column)}")  # noqa: S608 - of the schema
    second = XRay(database, clock=lambda: NOW)
    assert asked(second) == before
    second.close()
