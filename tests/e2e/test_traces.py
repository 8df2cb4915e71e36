"""How traces are written into the messages of tests that fail."""

from __future__ import annotations

from tests.e2e.traces import Trace


def test_what_hangs_below_an_orphan_is_written_too() -> None:
    """An orphan is marked, and what it encloses stands below it."""
    orphan = {"id": "b", "name": "lost", "parent_id": "a", "start_time": 1, "end_time": 2}
    child = {"id": "c", "name": "child", "start_time": 1.5, "end_time": 2}
    root = {"id": "r", "name": "root", "start_time": 0, "end_time": 3}
    assert str(Trace([root, {**orphan, "subsegments": [child]}])).splitlines() == [
        "root [-] r <- None",
        "?? lost [-] b <- a",
        "  child [-] c <- b",
    ]
