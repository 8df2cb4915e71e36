"""The Trace Event Format, checked against what its description asks for.

https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU/preview
"""

from __future__ import annotations

import json
from collections import defaultdict
from itertools import pairwise
from typing import Any

import pytest

from tests.waterfall import samples
from tests.waterfall.files.test_kept import KINDS
from waterfall.files.chrome import chrome_shape

NEEDED = {
    "X": {"name": str, "cat": str, "ts": int, "dur": int, "pid": int, "tid": int, "args": dict},
    "M": {"name": str, "pid": int, "args": dict},
    "s": {"name": str, "cat": str, "id": int, "ts": int, "pid": int, "tid": int},
    "f": {"name": str, "cat": str, "id": int, "ts": int, "pid": int, "tid": int, "bp": str},
}
"""The fields of each phase that is written here, of those that the description has."""
METADATA = {"process_name": ("name", str), "process_sort_index": ("sort_index", int)}


def events_of(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return valid_events(json.loads(json.dumps(chrome_shape(samples.trace(documents)))))


def valid_events(shape: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the events of a file, each of which has what the description asks of its phase.

    Times are whole microseconds, durations are not negative, metadata has its argument, and events of one
    thread lie within each other: a viewer draws a thread as a stack, what overlaps otherwise is drawn wrong.
    """
    assert set(shape) == {"traceEvents", "displayTimeUnit", "otherData"}
    assert shape["displayTimeUnit"] in {"ms", "ns"}
    events: list[dict[str, Any]] = shape["traceEvents"]
    for event in events:
        needed = NEEDED[event["ph"]]
        assert {key: type(event[key]) for key in needed} == needed
        assert set(event) == {*needed, "ph"}
        assert event.get("dur", 0) >= 0
        if event["ph"] == "M":
            key, kind = METADATA[event["name"]]
            assert type(event["args"][key]) is kind
    for spans in threads_of(events).values():
        open_ends: list[int] = []
        for start, end in spans:
            while open_ends and open_ends[-1] <= start:
                open_ends.pop()
            assert not open_ends or end <= open_ends[-1]
            open_ends.append(end)
    return events


def threads_of(events: list[dict[str, Any]]) -> dict[tuple[int, int], list[tuple[int, int]]]:
    """Return start and end of the complete events of each thread, in the order in which they open."""
    found = defaultdict(list)
    for event in events:
        if event["ph"] == "X":
            found[event["pid"], event["tid"]].append((event["ts"], event["ts"] + event["dur"]))
    return {key: sorted(spans, key=lambda span: (span[0], -span[1])) for key, spans in found.items()}


@pytest.mark.parametrize("documents", KINDS.values(), ids=KINDS)
def test_a_file_is_as_the_format_is_described(documents: list[dict[str, Any]]) -> None:
    """Every event has the fields of its phase, and those of one thread lie within each other."""
    assert [event["ph"] for event in events_of(documents)].count("X") >= 1


def test_work_at_the_same_time_has_threads_of_its_own() -> None:
    """Three calls of which two overlap need two threads; each of them is the segment's process."""
    calls = [
        samples.subsegment("one", "b000000000000001", 0, 2),
        samples.subsegment("two", "b000000000000002", 1, 3),
        samples.subsegment("three", "b000000000000003", 3, 4),
    ]
    whole = samples.segment("app", "a000000000000001", 0, 4, subsegments=calls)
    tids = {event["name"]: event["tid"] for event in events_of([whole]) if event["ph"] == "X"}
    assert tids == {"app": 1, "one": 1, "two": 2, "three": 1}


def test_every_segment_is_a_process_with_its_name() -> None:
    """Gateway, Lambda and functions stand below each other, in the order of the waterfall."""
    events = events_of(samples.request())
    names = [event["args"]["name"] for event in events if event["name"] == "process_name"]
    assert names[0] == "traced-api/dev (AWS::ApiGateway::Stage)"
    assert "front (AWS::Lambda::Function)" in names
    pids = [event["pid"] for event in events if event["name"] == "process_name"]
    assert pids == list(range(1, len(pids) + 1))


def test_flows_lead_from_calls_to_what_they_called() -> None:
    """Both ends have one id, lie in events of their threads, and time does not run backwards."""
    events = events_of(samples.request())
    ends: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for event in events:
        if event["ph"] in "sf":
            ends[event["id"]].append(event)
    assert len(ends) >= 3
    threads = threads_of(events)
    for pair in ends.values():
        assert [event["ph"] for event in pair] == ["s", "f"]
        assert all(one["ts"] <= other["ts"] for one, other in pairwise(pair))
        for event in pair:
            around = threads[event["pid"], event["tid"]]
            assert any(start <= event["ts"] <= end for start, end in around)
