from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from embedded_aws.aws.interfaces import LogEvent, LogStream
from embedded_aws.host.retention import LEAST_BYTES
from embedded_aws.logs.store import EventRange, Store, StoreError

STREAM = LogStream("us-east-1", "g", "s")
NOW = 1_700_000_000_000


def messages(store: Store) -> list[str]:
    return [event.message for event in store.events("us-east-1", "g", EventRange(), 1000)]


def events(*numbers: int, size: int = 0) -> list[LogEvent]:
    return [LogEvent(number, f"{number}".ljust(size, "x")) for number in numbers]


def test_events_outlive_the_store(tmp_path: Path) -> None:
    """Another store on the same file has what the first one kept."""
    first = Store(tmp_path / "logs.db")
    first.put({STREAM: events(1, 2)}, NOW)
    first.close()
    second = Store(tmp_path / "logs.db")
    assert messages(second) == ["1", "2"]
    assert [stream.name for stream in second.streams("us-east-1", "g")] == ["s"]
    second.close()


def test_a_full_group_lets_go_of_its_oldest() -> None:
    """The newest events stay, within the limit; streams without any go, the others are counted anew."""
    store = Store(None, group_bytes=1000)
    old = LogStream("us-east-1", "g", "old")
    assert store.put({old: events(1, 2, size=74)}, NOW) == []
    assert store.put({STREAM: events(*range(3, 13), size=74)}, NOW) == ["g"]
    kept = [event.at.time for event in store.events("us-east-1", "g", EventRange(), 1000)]
    assert kept == list(range(12 - len(kept) + 1, 13))
    (stream,) = store.streams("us-east-1", "g")
    assert (stream.name, stream.first, stream.bytes) == ("s", kept[0], 100 * len(kept))
    assert 800 <= stream.bytes <= 1000
    store.close()


def test_one_group_does_not_crowd_another_out() -> None:
    """The limit is each group's own."""
    store = Store(None, group_bytes=1000)
    store.put({STREAM: events(1)}, NOW)
    store.put({LogStream("us-east-1", "loud", "s"): events(*range(50), size=74)}, NOW)
    assert messages(store) == ["1"]
    store.close()


def test_old_events_are_forgotten() -> None:
    """Those before a time go, and streams with nothing else."""
    store = Store(None)
    store.put({STREAM: events(1, 5), LogStream("us-east-1", "g", "old"): events(2)}, NOW)
    while store.tidy(5):
        pass
    assert messages(store) == ["5"]
    assert [(stream.name, stream.first) for stream in store.streams("us-east-1", "g")] == [("s", 5)]
    store.close()


@pytest.mark.parametrize("content", [b"no database at all" * 100, None])
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: bytes | None) -> None:
    """The error names the file and says to choose another directory; the file is left alone."""
    file = tmp_path / "logs.db"
    if content is None:
        with sqlite3.connect(file) as other:
            other.execute("CREATE TABLE theirs (x)")
        other.close()
    else:
        file.write_bytes(content)
    before = file.read_bytes()
    with pytest.raises(StoreError, match=r"logs\.db is .*database.* another"):
        Store(file)
    assert file.read_bytes() == before


def test_a_second_owner_is_refused(tmp_path: Path) -> None:
    """Two servers never share the file."""
    store = Store(tmp_path / "logs.db")
    with pytest.raises(StoreError, match="cannot be used"):
        Store(tmp_path / "logs.db")
    store.close()


def test_a_full_file_lets_go_of_the_oldest_of_all_groups(tmp_path: Path) -> None:
    """However many groups there are, the file takes no more than it may."""
    store = Store(tmp_path / "logs.db", most_bytes=LEAST_BYTES // 4)
    for number in range(40):
        stream = LogStream("us-east-1", f"group-{number}", "s")
        store.put({stream: events(*range(number * 500, number * 500 + 500), size=1000)}, NOW)
        assert store.size() <= LEAST_BYTES // 4
    kept = [row.name for row in store.groups("us-east-1") if row.bytes]
    assert (kept[-1], "group-0" in kept, store.dropped > 0) == ("group-39", False, True)
    store.close()


def test_a_stream_of_an_earlier_run_is_made_again(tmp_path: Path) -> None:
    """A program that makes its stream at every start does so after a restart, once, and the events stay."""
    first = Store(tmp_path / "logs.db")
    assert first.create_stream(STREAM, NOW)
    first.put({STREAM: events(1)}, NOW)
    assert not first.create_stream(STREAM, NOW)
    first.close()
    second = Store(tmp_path / "logs.db")
    assert second.create_stream(STREAM, NOW + 1)
    assert not second.create_stream(STREAM, NOW + 1)
    assert messages(second) == ["1"]
    second.close()


def test_a_stream_of_an_earlier_run_that_is_in_use_is_not_made_again(tmp_path: Path) -> None:
    """Whoever has written to it in this run has it."""
    first = Store(tmp_path / "logs.db")
    first.put({STREAM: events(1)}, NOW)
    first.close()
    second = Store(tmp_path / "logs.db")
    second.put({STREAM: events(2)}, NOW)
    assert not second.create_stream(STREAM, NOW)
    second.close()
