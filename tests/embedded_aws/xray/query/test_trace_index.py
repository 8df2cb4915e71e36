"""The traces in memory: bounded, and in step with a store that lets go of them."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from embedded_aws.xray import service
from embedded_aws.xray.query import packs, trace_index
from embedded_aws.xray.query.filters.parser import parse
from embedded_aws.xray.query.lists import Wanted
from embedded_aws.xray.query.trace_index import TraceIndex
from embedded_aws.xray.service import QUIET, XRay
from tests.embedded_aws.xray.builders import NOW, Api, segment, trace_id
from tests.fuzz.packing import InProcess

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def api(passed: list[float], monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    monkeypatch.setattr(trace_index, "SHARD", 8)
    monkeypatch.setattr(trace_index, "MOST_CHANGES", 20)
    xray = XRay(None, clock=lambda: NOW + passed[0], monotonic=lambda: passed[0])
    yield Api(xray)
    xray.close()


def put(api: Api, *numbers: int, fault: bool = True, takes: float = 1.0) -> None:
    """Send traces; of a segment that is sent again, the longer one counts."""
    for number in numbers:
        api.put(segment("a", trace_id=trace_id(number, NOW + number), at=number, takes=takes, fault=fault))


def expire(api: Api, passed: list[float], seconds: float) -> None:
    """Let go of what is as many seconds older than 30 days."""
    passed[0] += seconds
    while api.xray.store.tidy(NOW + passed[0] - 1):
        pass


def faults(*numbers: int) -> list[str]:
    return [trace_id(number, NOW + number) for number in sorted(numbers, reverse=True)]


def index_of(api: Api) -> TraceIndex:
    return api.xray._index


def test_filters_find_traces_of_all_shards(api: Api) -> None:
    """However many shards there are, the list is newest first and complete."""
    put(api, *range(30))
    put(api, *range(30, 40), fault=False)
    assert api.ids("fault") == faults(*range(30))


def test_a_changed_trace_is_found_as_it_is_now(api: Api) -> None:
    """A new document reaches the shard that holds the trace."""
    put(api, *range(30), fault=False)
    assert api.ids("fault") == []
    put(api, 3, 20, takes=2.0)
    assert api.ids("fault") == faults(3, 20)


def test_more_changes_than_are_noted_are_found(api: Api) -> None:
    """After a burst between two questions everything is read anew."""
    put(api, *range(10))
    assert len(api.ids("fault")) == 10
    put(api, *range(10, 60))
    put(api, 5, fault=False, takes=2.0)
    assert api.ids("fault") == faults(*(number for number in range(60) if number != 5))


def test_changes_are_not_collected_for_nobody(api: Api) -> None:
    """Without any filter, what is noted for the next one stays small."""
    put(api, *range(100))
    assert not index_of(api)._changes


def test_traces_that_are_gone_are_found_no_more(api: Api, passed: list[float]) -> None:
    """A filter right after some were let go lists the others."""
    put(api, *range(20))
    assert len(api.ids("fault")) == 20
    expire(api, passed, 10)
    put(api, *range(20, 30))
    assert api.ids("fault") == faults(*range(20, 30))


def test_a_long_list_whose_end_is_gone_is_read_on(api: Api, passed: list[float]) -> None:
    """Of all that a filter has looked at, the last ones may be gone; what is asked of SQLite stays small."""
    put(api, *range(7))
    passed[0] = 1
    put(api, *range(7, 700), fault=False)
    assert api.ids("fault") == faults(*range(7))
    expire(api, passed, 0.5)
    connection = api.xray.store._database._connection
    connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 600)
    assert api.ids("fault") == []


def test_a_page_never_ends_where_it_began(
    api: Api, passed: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when all that comes after the page before was let go meanwhile: SDKs refuse a token twice."""
    monkeypatch.setattr(service, "_FIRST_LOOK", 4)
    monkeypatch.setattr(service, "_FRESH", 4)
    asked = {"StartTime": NOW, "EndTime": NOW + 100, "FilterExpression": "fault"}
    put(api, *range(6))
    passed[0] = 1
    put(api, *range(6, 10), fault=False)
    token = api.ask("/TraceSummaries", **asked)["NextToken"]
    expire(api, passed, 0.5)
    page = api.ask("/TraceSummaries", **asked, NextToken=token)
    assert (page["TraceSummaries"], page.get("NextToken")) == ([], None)


def test_memory_of_traces_that_are_gone_is_given_back(api: Api, passed: list[float]) -> None:
    """A server that runs for weeks holds as many traces in memory as it keeps."""
    for first in range(0, 400, 20):
        put(api, *range(first, first + 20))
        assert len(api.ids("fault")) == 20
        expire(api, passed, 10)
    assert len(index_of(api)._shards) < 6


def test_a_number_that_is_used_again_between_two_questions_has_the_time_of_its_trace(
    api: Api, passed: list[float]
) -> None:
    """However often the trace before had changed."""
    assert api.ids("fault") == []
    for takes in (1, 2, 3):
        put(api, 1, takes=takes)
    expire(api, passed, 60)
    put(api, 900)
    assert [row.number for row in api.xray.store.between(0, NOW * 2)] == [1]
    found = api.ask("/TraceSummaries", StartTime=NOW + 800, EndTime=NOW + 1000, FilterExpression="fault")[
        "TraceSummaries"
    ]
    assert [summary["Id"] for summary in found] == faults(900)


@pytest.mark.parametrize("limit", [1, 7, 30, 100])
def test_a_page_has_the_newest_of_all_that_match(
    api: Api, passed: list[float], monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    """Wherever they are: packed in whatever order they came, or not packed."""
    monkeypatch.setattr(packs, "PART", 16)
    monkeypatch.setattr(trace_index, "_SPARE", 3)
    put(api, *(number * 37 % 90 for number in range(90)))
    passed[0] += QUIET + 1
    api.xray._packer = InProcess()
    while api.xray.pack():
        pass
    put(api, 200, 3, 55, takes=2)
    expression = parse("fault")
    found = api.xray.lists.page(
        Wanted(NOW + 10, NOW + 300, expression), "began", descending=True, after=None, limit=limit
    )
    all_ = faults(200, *range(10, 90))
    assert [each["Id"] for each in api.xray.summarized(found.numbers)] == all_[:limit]
    rest = api.xray.lists.page(
        Wanted(NOW + 10, NOW + 300, expression), "began", descending=True, after=found.last, limit=200
    )
    if found.last:
        assert [each["Id"] for each in api.xray.summarized(rest.numbers)] == all_[limit:]
