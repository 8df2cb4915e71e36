from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from embedded_aws.aws.interfaces import LogEvent, LogStream
from embedded_aws.host.losses import Losses
from embedded_aws.logs.service import Logs
from embedded_aws.logs.store import EventRange, Store
from tests.embedded_aws.disks import full_disk

STREAM = LogStream("us-east-1", "g", "s")


def count(store: Store) -> int:
    return len(store.events("us-east-1", "g", EventRange(), 10**6))


def test_events_are_stored_without_a_reader(tmp_path: Path) -> None:
    """What is written reaches the file by itself, soon."""
    logs = Logs(Store(tmp_path / "logs.db"), time.time)
    logs.write(STREAM, [LogEvent(int(time.time() * 1000), "hello")])
    deadline, pause = time.monotonic() + 10, threading.Event()
    while not count(logs.store):
        assert time.monotonic() < deadline
        pause.wait(0.01)
    logs.close()


def test_closing_keeps_what_waits(tmp_path: Path) -> None:
    """Nothing that was written before is lost."""
    logs = Logs(Store(tmp_path / "logs.db"), time.time)
    logs.write(STREAM, [LogEvent(int(time.time() * 1000), "last words")])
    logs.close()
    again = Store(tmp_path / "logs.db")
    assert count(again) == 1
    again.close()


def test_memory_is_bounded() -> None:
    """A burst is stored as it comes: at no time does much more than 4 MB wait."""
    logs = Logs(Store(None), time.time)
    now = int(time.time() * 1000)
    for _ in range(100):
        logs.write(STREAM, [LogEvent(now, "x" * 100_000)])
        waiting = sum(len(event.message) for batch in list(logs._pending.values()) for event in batch)
        assert waiting < 5_000_000
    logs.flush()
    assert count(logs.store) == 100
    logs.close()


def test_empty_lines_leave_no_room_either() -> None:
    """Each event counts beside its text: to store 30,000 takes as long, whatever they say."""
    logs = Logs(Store(None), time.time)
    with logs._flushing:  # what waits cannot be stored meanwhile
        logs.write(STREAM, [LogEvent(int(time.time() * 1000), "\n")] * 30_000)
        assert not logs.has_room()
    logs.flush()
    assert logs.has_room()
    assert count(logs.store) == 30_000
    logs.close()


def test_a_full_group_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    """The server's log says that old events go, and does not repeat it."""
    logs = Logs(Store(None, group_bytes=1000), time.time)
    now = int(time.time() * 1000)
    for _ in range(5):
        logs.write(STREAM, [LogEvent(now, "x" * 600)])
        logs.flush()
    logs.close()
    assert [record.getMessage() for record in caplog.records] == [
        "log group g is full: its oldest events are dropped from now on"
    ]


def test_old_events_go_at_the_start(tmp_path: Path) -> None:
    """Logs are kept for 30 days, as traces are."""
    now = int(time.time() * 1000)
    store = Store(tmp_path / "logs.db")
    store.put({STREAM: [LogEvent(now - 31 * 24 * 3600 * 1000, "old"), LogEvent(now, "new")]}, now)
    store.close()
    logs = Logs(Store(tmp_path / "logs.db"), time.time)
    deadline, pause = time.monotonic() + 10, threading.Event()
    while count(logs.store) > 1:
        assert time.monotonic() < deadline
        pause.wait(0.01)
    logs.close()


def test_events_that_find_the_disk_full_are_counted(tmp_path: Path) -> None:
    """Whoever logs hears nothing; what can be read is read, and later events are kept."""
    losses = Losses()
    logs = Logs(Store(tmp_path / "logs.db"), time.time, losses)
    with full_disk():
        logs.write(STREAM, [LogEvent(1, "one"), LogEvent(2, "two")])
        logs.flush()
        assert count(logs.store) == 0
    assert losses.told()["log events"]["count"] == 2
    logs.write(STREAM, [LogEvent(3, "three")])
    logs.flush()
    assert count(logs.store) == 1
    logs.close()
