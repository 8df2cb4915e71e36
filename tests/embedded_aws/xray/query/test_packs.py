"""Quiet traces are packed: they take less room, and nobody can tell otherwise."""

from __future__ import annotations

import json
import sqlite3
import zlib
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from embedded_aws.host.retention import MAX_AGE
from embedded_aws.xray.query import packed_store, packs, trace_index
from embedded_aws.xray.query.packer import Packer
from embedded_aws.xray.query.store import StoreError
from embedded_aws.xray.service import QUIET, XRay
from tests.embedded_aws.disks import full_disk
from tests.embedded_aws.xray.builders import NOW, TRACE, Api, identifier, segment, subsegment, trace_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from embedded_aws.xray.query.packs import Loose

PART = 32
HOUR = {"StartTime": NOW - 10, "EndTime": NOW + 3600}


@pytest.fixture(scope="module")
def packer() -> Iterator[Packer]:
    """One process for all tests."""
    running = Packer(lambda: 0.0)
    yield running
    running.close()


class Packing:
    """An X-Ray whose parts are small; `passed` is the time since NOW."""

    def __init__(self, database: Path | None, packer: Packer) -> None:
        self.passed = 0.0
        self.xray = XRay(database, clock=lambda: NOW + self.passed, monotonic=lambda: self.passed)
        self.xray._packer, self._packer = packer, self.xray._packer
        self.api = Api(self.xray)

    def restart(self, packer: Packer) -> None:
        """Let a server die and another one open its file."""
        database = self.xray.store._database._path
        self.close()
        self.__init__(database, packer)  # type: ignore[misc] # all of it anew

    def put(self, *numbers: int, **fields: Any) -> None:
        """Send traces of two segments."""
        for number in numbers:
            place: dict[str, Any] = {"trace_id": trace_id(number, NOW + number), "at": number}
            self.api.put(
                segment("a", **place, fault=number % 5 == 0, **fields),
                segment("b", **place, parent_id=identifier("a"), annotations={"order": number}),
            )

    def pack(self) -> int:
        """Let traces become quiet, and return how many rows of documents are left."""
        self.passed += QUIET + 1
        while self.xray.pack():
            pass
        return self.count("document")

    def count(self, table: str) -> int:
        query = f"SELECT count(*) FROM {table}"  # noqa: S608 - of the schema
        with self.xray.store._database.transaction() as connection:
            return int(connection.execute(query).fetchone()[0])

    def everything(self) -> list[Any]:
        """Ask for all that can be asked of the traces."""
        listed = self.api.ask("/TraceSummaries", **HOUR)["TraceSummaries"]
        ids = [summary["Id"] for summary in listed]
        filters = ("fault", "annotation.order = 7", 'service("b")', 'edge("a", "b")', "responsetime > 5")
        return [
            listed,
            [self.api.ids(text) for text in filters],
            self.api.ask("/ServiceGraph", **HOUR),
            [self.api.documents(each) for each in ids],
            self.xray.store.sizes(ids),
            self.xray.store.counts(ids),
        ]

    def close(self) -> None:
        self.xray._packer = self._packer
        self.xray.close()


@pytest.fixture
def packing(packer: Packer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Packing]:
    monkeypatch.setattr(packs, "PART", PART)
    made = Packing(None, packer)
    yield made
    made.close()


def test_nothing_that_is_asked_changes_when_traces_are_packed(packing: Packing) -> None:
    """Lists, filters, maps, documents and their sizes are the same; the newest part stays as it is."""
    packing.put(*range(1, 90))
    before = packing.everything()
    left = packing.pack()
    assert left == 2 * (89 - 2 * PART + 1)
    assert packing.everything() == before


def test_traces_are_packed_before_anybody_looked_at_them(packing: Packing) -> None:
    """What queries need of them is worked out while they are packed, and the same as elsewhere."""
    packing.put(*range(1, 90))
    packing.pack()
    assert packing.count("digest") == 0
    after = packing.everything()
    other = XRay(None, clock=lambda: NOW)
    for number in range(1, 90):
        Api(other).put(*packing.api.documents(trace_id(number, NOW + number)))
    assert Api(other).ask("/ServiceGraph", **HOUR) == after[2]
    other.close()


def test_traces_are_found_that_are_packed_while_somebody_asks(
    packing: Packing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever began to ask before reads them one by one."""
    packing.put(*range(1, 90))
    packing.pack()
    monkeypatch.setattr(packing.xray.store, "packed_as", lambda _: None)
    assert len(packing.api.ids("fault")) == 17


def test_memory_of_traces_that_are_packed_is_given_back(
    packing: Packing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What filters held of them is read from the disk from then on; of the newest part it is kept."""
    monkeypatch.setattr(trace_index, "SHARD", PART)
    packing.put(*range(1, 90))
    loose = packing.api.ids("fault")
    assert len(packing.xray._index._shards) == 3
    packing.pack()
    lately = {"StartTime": NOW + 80, "EndTime": NOW + 90}
    packing.api.ask("/TraceSummaries", **lately, FilterExpression="fault")
    assert len(packing.xray._index._shards) == 1
    assert packing.api.ids("fault") == loose
    assert len(packing.xray._index._shards) == 1


def test_a_document_that_comes_later_is_added_to_its_trace(packing: Packing) -> None:
    """The trace is unpacked; its other documents are kept, and of two with one id the later end counts."""
    packing.put(*range(1, 90))
    packing.pack()
    late = trace_id(7, NOW + 7)
    packing.api.put(subsegment("c", "a", trace_id=late))
    assert [each["id"] for each in packing.api.documents(late)] == [identifier("a"), identifier("b")]
    assert packing.api.documents(late)[0]["subsegments"][0]["id"] == identifier("c")
    packing.api.put(segment("a", trace_id=late, at=7, takes=0.5, error=True))
    assert late not in packing.api.ids("error")
    packing.api.put(segment("a", trace_id=late, at=7, takes=9, error=True))
    assert late in packing.api.ids("error")
    assert len(packing.api.ids("annotation.order = 7")) == 1


QUESTIONS = (
    "ok",
    "fault = true",
    "!fault",
    "responsetime > 1",
    "responsetime >= 1 AND responsetime < 3 OR error",
    'http.url CONTAINS "/3"',
    "http.status = 200",
    'user = "ada"',
    "annotation.kind",
    "annotation.kind = 1",
    "annotation.kind = true",
    'annotation.kind = "1"',
    "annotation.kind != 1",
    'annotation.kind BEGINSWITH "é"',
    "annotation.kind > 2",
    "annotation.absent",
    'service("a") { fault }',
    'service("b") { annotation.kind = 1 }',
    'service(id(name: "orders", type: "AWS::DynamoDB::Table")) { error }',
    'edge("a", "orders") { error }',
    'rootcause.fault.service { name = "orders" }',
    'rootcause.fault.exception { message CONTAINS "no" }',
    'rootcause.responsetime.entity { name = "a" AND coverage > 0.5 }',
    'group.name = "slow"',
    "!duration > 2",
)


def test_each_question_is_answered_as_before(packing: Packing, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of every sort of value, asked for the first time and again."""
    packing.api.ask("/CreateGroup", GroupName="slow", FilterExpression="responsetime > 2")
    kinds = (1, True, "1", "é\ud800", 2.5, 10**30, None)
    for number in range(1, 90):
        failed = {"fault": True, "cause": {"exceptions": [{"id": "1" * 16, "type": "E", "message": "no"}]}}
        call = subsegment(
            "c",
            "a",
            name="DynamoDB",
            namespace="aws",
            aws={"operation": "GetItem", "table_name": "orders"},
            **(failed if number % 3 == 0 else {"error": True} if number % 4 == 0 else {}),
        )
        packing.put(
            number,
            takes=number % 4,
            http={"request": {"url": f"https://api.test/{number}"}, "response": {"status": 200 + number % 2}},
            annotations={} if number % 7 == 6 else {"kind": kinds[number % 7]},
            **({"subsegments": [call]} if number % 2 else {}),
            **({"user": "ada"} if number % 9 == 0 else {}),
        )
    before = [packing.api.ids(question) for question in QUESTIONS]
    assert sum(map(bool, before)) > 18
    packing.pack()
    assert [packing.api.ids(question) for question in QUESTIONS] == before
    assert [packing.api.ids(question) for question in QUESTIONS] == before
    monkeypatch.setattr("embedded_aws.xray.service._FIRST_LOOK", 3)
    monkeypatch.setattr("embedded_aws.xray.api.traces.SUMMARIES_PER_PAGE", 7)
    assert [packing.api.ids(question) for question in QUESTIONS] == before
    window = {"StartTime": NOW + 20, "EndTime": NOW + 70}
    found = packing.api.ask("/TraceSummaries", **window, FilterExpression="!responsetime < 9")
    assert (found["TraceSummaries"], found["TracesProcessedCount"]) == ([], 50)
    late = trace_id(40, NOW + 40)
    packing.api.put(segment("a", trace_id=late, at=40, takes=30))
    found = packing.api.ask("/TraceSummaries", **window, FilterExpression="!responsetime < 9")
    assert [summary["Id"] for summary in found["TraceSummaries"]] == [late]


def counted(packing: Packing) -> int:
    """Return how many requests the map counts at `a`."""
    services = packing.api.ask("/ServiceGraph", **HOUR)["Services"]
    (service,) = [each for each in services if each["Name"] == "a" and each.get("Type") != "client"]
    return int(service["SummaryStatistics"]["TotalCount"])


def test_the_map_counts_each_trace_once(packing: Packing) -> None:
    """Packed ones by the minute, those that changed since as they are now, and none that was let go of."""
    packing.put(*range(1, 90))
    packing.pack()
    assert counted(packing) == 89
    packing.put(100)
    packing.put(7, takes=3)
    assert counted(packing) == 90
    packing.passed += MAX_AGE
    packing.put(20, takes=4)
    while packing.xray.store.tidy(NOW + 5):
        pass
    assert counted(packing) == packing.count("trace") < 90


def test_traces_that_still_get_documents_are_not_packed(packing: Packing) -> None:
    """A part waits for its last trace to be quiet."""
    packing.put(*range(1, 70))
    packing.passed += QUIET + 1
    packing.put(3, takes=2)
    packing.put(60, takes=2)
    assert not packing.xray.pack()
    assert packing.pack() < 30


def test_a_trace_that_changes_while_it_is_packed_stays_as_it_is(packing: Packing) -> None:
    """What the packer returns is of an earlier revision, and counts for the other traces alone."""
    packing.put(*range(1, 40))
    loose = packing.xray.store.loose_part(NOW + 100)
    packing.put(7, user="ada")
    made = packing.xray._packer.pack(loose)
    assert made is not None
    packing.xray.store.put_packed(made, loose)
    assert packing.count("document") == 2 * (39 - PART + 1 + 1)
    packing.api.put(segment("a", trace_id=trace_id(7, NOW + 7), at=7, takes=3, user="ada"))
    assert packing.api.ids('user = "ada"') == [trace_id(7, NOW + 7)]


def test_packed_traces_are_let_go_of(packing: Packing) -> None:
    """When the last trace of a pack goes its room is free; a number that is used again has nothing of it."""
    packing.put(*range(1, 90))
    packing.pack()
    assert packing.count("pack") == 4
    packing.passed += MAX_AGE + 1
    while packing.xray.store.tidy(NOW + 1):
        pass
    assert (packing.count("pack"), packing.count("part"), packing.count("trace")) == (0, 0, 0)
    packing.put(5)
    assert [each["id"] for each in packing.api.documents(trace_id(5, NOW + 5))] == [
        identifier("a"),
        identifier("b"),
    ]


def test_the_queue_of_a_packed_message_is_known(packing: Packing) -> None:
    """A consumer's trace names the producer's, which the packer does not see."""
    queue = {"operation": "SendMessage", "queue_url": "https://sqs.us-east-1.amazonaws.com/1/jobs"}
    sent = subsegment("s", "a", name="SQS", namespace="aws", aws=queue)
    packing.api.put(segment("a", subsegments=[sent]))
    links = [{"trace_id": TRACE, "id": identifier("s")}]
    packing.api.put(segment("c", trace_id=trace_id(1), at=1, links=links))
    packing.put(*range(2, 60))
    before = packing.api.ask("/ServiceGraph", **HOUR)
    packing.pack()
    assert packing.api.ask("/ServiceGraph", **HOUR) == before
    assert any("ReceivedEventAgeHistogram" in json.dumps(service) for service in before["Services"])


def test_packed_traces_survive_a_restart_and_take_less_room(
    tmp_path: Path, packer: Packer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are in the file alone, and whoever opens it finds them."""
    monkeypatch.setattr(packs, "PART", PART)
    first = Packing(tmp_path / "traces.db", packer)
    first.put(*range(1, 300), metadata={"default": {"text": "x" * 2_000}})
    before = first.everything()
    first.pack()
    while first.xray.tidy():
        pass
    first.close()
    with closing(sqlite3.connect(tmp_path / "traces.db")) as connection:
        pages, free = (
            connection.execute(f"PRAGMA {what}").fetchone()[0] for what in ("page_count", "freelist_count")
        )
    assert (pages - free) * 4096 < 299 * 2_000
    second = Packing(tmp_path / "traces.db", packer)
    assert second.everything() == before
    second.close()


def test_a_file_without_packs_is_taken_over(
    tmp_path: Path, packer: Packer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The traces of version 2 are there, and are packed then."""
    monkeypatch.setattr(packs, "PART", PART)
    old = Packing(tmp_path / "traces.db", packer)
    old.put(*range(1, 60))
    before = old.everything()
    old.close()
    with closing(sqlite3.connect(tmp_path / "traces.db")) as connection:
        connection.executescript(
            "DROP TABLE pack; DROP TABLE part; DROP TABLE fact; DROP TRIGGER trace_comes;"
            "DROP TRIGGER trace_changes; DROP TRIGGER trace_goes; DROP TABLE minute; PRAGMA user_version = 2;"
        )
    new = Packing(tmp_path / "traces.db", packer)
    assert new.everything() == before
    assert new.pack() < 118
    assert new.everything() == before
    new.close()


def test_a_packer_that_was_killed_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The traces stay as they are, and the next process packs them."""
    monkeypatch.setattr(packs, "PART", PART)
    packer = Packer(lambda: 0.0)
    packing = Packing(None, packer)
    packing.put(*range(1, 40))
    before = packing.everything()
    assert packer.pack(packing.xray.store.loose_part(NOW + 100)) is not None
    assert packer._worker is not None
    packer._worker[0].kill()
    packing.passed += QUIET + 1
    assert not packing.xray.pack()
    assert packing.everything() == before
    assert packing.pack() < 78
    assert packing.everything() == before
    packer.close()
    packing.close()


def test_a_number_that_is_used_again_has_nothing_of_the_trace_before(packing: Packing) -> None:
    """Also where others of its pack are still there, so that this was not let go of."""
    packing.put(*range(1, 90), user="old")
    packing.pack()
    assert len(packing.everything()[0]) == 89
    packing.put(5, takes=3)
    packing.passed += MAX_AGE
    while packing.xray.store.tidy(NOW + QUIET):
        pass
    assert [row.number for row in packing.xray.store.between(0, NOW * 2)] == [5]
    packing.put(95, user="new", takes=4)
    listed = packing.api.ask("/TraceSummaries", **HOUR)["TraceSummaries"]
    assert [each["Id"] for each in listed] == [trace_id(95, NOW + 95), trace_id(5, NOW + 5)]
    assert packing.api.ids('user = "old"') == []
    assert packing.api.ids('user = "new"') == [trace_id(95, NOW + 95)]


def test_a_part_that_is_packed_again_is_read_anew(packing: Packing) -> None:
    """What was read of the traces whose numbers it has is not what they say."""
    packing.put(*range(1, 90))
    packing.pack()
    assert len(packing.everything()[0]) == 89
    packing.passed += MAX_AGE + 1
    while packing.xray.store.tidy(NOW + 1):
        pass
    packing.passed = 0
    packing.put(*range(101, 190))
    packing.pack()
    listed = packing.everything()[0]
    assert [each["Id"] for each in listed] == [trace_id(each, NOW + each) for each in range(189, 100, -1)]
    assert packing.count("pack") == 4


def test_the_map_has_the_trace_that_a_number_is_used_again_for(packing: Packing) -> None:
    """Its minute has as many traces of as many documents as when it was packed, and others."""
    packing.passed = 5
    packing.put(*range(1, 31))
    packing.passed = 0
    packing.put(*range(31, 90))
    packing.passed = 5
    packing.pack()
    assert packing.count("part") == 2
    while packing.xray.store.tidy(NOW + 3):
        pass
    place: dict[str, Any] = {"trace_id": trace_id(200, NOW + 31), "at": 31}
    packing.api.put(segment("new", **place), segment("b", parent="new", **place))
    assert packing.xray.store.find([place["trace_id"]])[0].number == 31
    minute = NOW // 60 * 60
    graph = packing.api.ask("/ServiceGraph", StartTime=minute, EndTime=minute + 60)
    assert "new" in {each["Name"] for each in graph["Services"]}


def test_the_map_has_the_trace_that_comes_from_another_minute_for_one_that_goes(packing: Packing) -> None:
    """There are as many traces of as many documents in the minute as when it was packed."""
    packing.api.put(*(segment(each, trace_id=trace_id(1)) for each in ("gone", "b", "c")))
    packing.passed = 5
    moving = trace_id(2, 5)
    packing.api.put(*(segment(each, trace_id=moving, at=50) for each in ("moved", "b")))
    packing.put(*range(3, 90))
    packing.pack()
    packing.api.put(segment("first", trace_id=moving, at=30))
    while packing.xray.store.tidy(NOW + 3):
        pass
    minute = NOW // 60 * 60
    graph = packing.api.ask("/ServiceGraph", StartTime=minute, EndTime=minute + 60)
    names = {each["Name"] for each in graph["Services"]}
    assert ("moved" in names, "gone" in names) == (True, False)


@pytest.fixture
def on_disk(tmp_path: Path, packer: Packer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Packing]:
    monkeypatch.setattr(packs, "PART", PART)
    made = Packing(tmp_path / "traces.db", packer)
    yield made
    made.close()


def test_a_disk_that_is_full_while_traces_are_packed_loses_nothing(on_disk: Packing) -> None:
    """They stay as they are, and are packed when there is room."""
    on_disk.put(*range(1, 90))
    before = on_disk.everything()
    on_disk.passed += QUIET + 1
    with full_disk(), pytest.raises(StoreError, match="free some space"):
        on_disk.xray.pack()
    assert on_disk.everything() == before
    assert on_disk.pack() < 60
    assert on_disk.everything() == before


def test_a_disk_that_is_full_while_packed_traces_go_loses_nothing(on_disk: Packing) -> None:
    """What could not be deleted can be read, and goes later."""
    on_disk.put(*range(1, 90))
    on_disk.pack()
    before = on_disk.everything()
    for _ in range(2):
        with full_disk(), pytest.raises(StoreError, match="free some space"):
            on_disk.xray.store.tidy(NOW + QUIET)
    assert on_disk.everything() == before
    while on_disk.xray.store.tidy(NOW + QUIET):
        pass
    assert (on_disk.count("pack"), on_disk.count("trace")) == (0, 0)


@pytest.mark.parametrize("damage", [b"", b"\0" * 100, zlib.compress(b"[]")[:-3]])
def test_queries_that_meet_damage_read_the_documents(packing: Packing, damage: bytes) -> None:
    """What is derived of them is worked out again: the answers are the same."""
    packing.put(*range(1, 90))
    before = packing.everything()
    packing.pack()
    with packing.xray.store._database.transaction() as connection:
        connection.execute("UPDATE fact SET body = ? WHERE part = 1", (damage,))
        connection.execute("UPDATE fact SET body = ? WHERE part = 0 AND name LIKE '%/%'", (damage,))
        connection.execute("UPDATE pack SET summaries = ? WHERE first = 16", (damage,))
        connection.execute("UPDATE pack SET graphs = ? WHERE first = 32", (damage,))
    assert packing.everything() == before
    assert packing.everything() == before


def test_documents_that_are_damaged_are_left_out(packing: Packing, caplog: pytest.LogCaptureFixture) -> None:
    """A trace of which nothing can be read is not listed; a document that comes later is kept."""
    packing.put(*range(1, 90))
    packing.pack()
    with packing.xray.store._database.transaction() as connection:
        connection.execute("UPDATE pack SET documents = x'00', summaries = x'00' WHERE first = 16")
        connection.execute("UPDATE pack SET revisions = x'00' WHERE first = 32")
    listed = packing.api.ask("/TraceSummaries", **HOUR)["TraceSummaries"]
    assert len(listed) == 89 - 32
    assert caplog.text.count("cannot be read") == 2
    packing.put(20)
    assert len(packing.api.documents(trace_id(20, NOW + 20))) == 2


def test_traces_that_cannot_be_packed_do_not_keep_the_others_from_it(
    packing: Packing, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """They are tried a few times, and stay as they are; the log has the reason."""
    packing.put(*range(1, 90))
    part = packing.xray.store.loose_part

    def broken(before: float) -> list[Loose]:
        return [
            trace._replace(time="never") if trace.number == 1 else trace  # type: ignore[arg-type] # wrong on purpose
            for trace in part(before)
        ]

    monkeypatch.setattr(packing.xray.store, "loose_part", broken)
    packing.passed += QUIET + 1
    assert [packing.xray.pack() for _ in range(5)] == [False, False, False, True, False]
    assert (packing.count("part"), caplog.text.count("31 traces cannot be packed")) == (1, 3)


def test_between_the_steps_in_which_traces_are_packed_all_is_as_before(
    packing: Packing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Traces of many documents are packed a few at a time, so that nobody waits for all of them."""
    monkeypatch.setattr(packs, "_AT_ONCE", 24)
    packing.put(*range(1, 90))
    before = packing.everything()
    others: list[list[Any]] = []

    def in_turns(steps: Iterable[Any]) -> Iterator[Any]:
        for step in steps:
            yield step
            others.append(packing.everything())

    monkeypatch.setattr(packed_store, "_in_turns", in_turns)
    assert packing.pack() == 2 * (89 - 2 * PART + 1)
    assert len(others) > 8
    assert [other for other in others if other != before] == []
    assert packing.everything() == before


@pytest.mark.parametrize("steps", [0, 2])
def test_a_part_that_was_begun_when_the_server_died_is_packed_again(
    on_disk: Packing, packer: Packer, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    """What is there twice is there once then, and nothing is lost."""
    monkeypatch.setattr(packs, "_AT_ONCE", 24)
    on_disk.put(*range(1, 90))
    before = on_disk.everything()
    on_disk.passed += QUIET + 1
    store = on_disk.xray.store
    monkeypatch.setattr(store, "_delete", _interrupted(store._delete, steps))
    with pytest.raises(KeyboardInterrupt):
        on_disk.xray.pack()
    assert on_disk.everything() == before
    on_disk.restart(packer)
    assert on_disk.everything() == before
    on_disk.put(7, user="ada", takes=2)
    after = on_disk.everything()
    assert on_disk.pack() == 2 * (89 - 2 * PART + 1)
    assert on_disk.everything() == after
    assert on_disk.api.ids('user = "ada"') == [trace_id(7, NOW + 7)]


def _interrupted(work: Callable[..., None], after: int) -> Callable[..., None]:
    left = iter(range(after))

    def some(*arguments: Any) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt
        work(*arguments)

    return some


def test_a_number_that_is_used_again_while_its_part_is_packed_keeps_its_trace(packing: Packing) -> None:
    """What the packer returns is of the trace before, which has as many documents."""
    packing.passed = 5
    packing.put(*range(1, 31))
    packing.passed = 0
    packing.put(*range(31, 40))
    loose = packing.xray.store.loose_part(NOW + 100)
    made = packing.xray._packer.pack(loose)
    assert made is not None
    while packing.xray.store.tidy(NOW + 3):
        pass
    packing.put(200, user="new")
    assert packing.xray.store.find([trace_id(200, NOW + 200)])[0].number == 31
    before = packing.everything()
    packing.xray.store.put_packed(made, loose)
    assert packing.everything() == before
    assert packing.api.ids('user = "new"') == [trace_id(200, NOW + 200)]


def test_parts_are_not_read_anew_for_each_segment_that_finds_the_disk_full(on_disk: Packing) -> None:
    """Nothing of what is packed has changed."""
    on_disk.put(*range(1, 90))
    on_disk.pack()
    on_disk.api.ids("fault")
    known = dict(on_disk.xray._index._packed)
    with full_disk():
        assert on_disk.api.call("/TraceSegments", TraceSegmentDocuments=[json.dumps(segment("a"))])[0] == 500
        on_disk.api.ids("error")
    assert on_disk.xray._index._packed == known


def test_few_digests_are_held_if_they_are_large(packing: Packing, monkeypatch: pytest.MonkeyPatch) -> None:
    """Traces of hundreds of segments have graphs of as many services."""
    packing.put(*range(1, 90))
    packing.pack()
    packing.everything()
    assert len(packing.xray.store._packs._digests) == 4
    monkeypatch.setattr(packs, "_READ_CHARACTERS", 10_000)
    packing.everything()
    assert len(packing.xray.store._packs._digests) < 4
