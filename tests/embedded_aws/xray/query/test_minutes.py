"""Service graphs over ranges of many minutes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from embedded_aws.xray.query.graph import Graph
from embedded_aws.xray.query.minutes import SETTLED, MinuteGraphs
from embedded_aws.xray.service import XRay
from tests.embedded_aws.xray.builders import NOW, Api, segment, trace_id

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

    from embedded_aws.xray.query.rows import Row


def put(api: Api, number: int, second: int, *, fault: bool = False) -> None:
    api.put(segment("a", trace_id=trace_id(number, NOW + second), at=second, fault=fault))


def total(api: Api, start: float, end: float) -> tuple[int, int]:
    """Return how many requests and faults the graph of a range, in seconds after NOW, counts."""
    services = api.ask("/ServiceGraph", StartTime=NOW + start, EndTime=NOW + end)["Services"]
    counts = [service["SummaryStatistics"] for service in services if service.get("Type") != "client"]
    return sum(item["TotalCount"] for item in counts), sum(
        item["FaultStatistics"]["TotalCount"] for item in counts
    )


@settings(deadline=None)
@given(st.lists(st.integers(0, 400), max_size=12), st.integers(0, 400), st.integers(1, 400))
def test_any_range_counts_exactly_its_traces(seconds: list[int], start: int, length: int) -> None:
    """However a range lies across minutes, each of its traces is counted once, now and when asked again."""
    xray = XRay(None, clock=lambda: NOW)
    api = Api(xray)
    expected = 0
    for number, second in enumerate(seconds):
        put(api, number, second)
        expected += start <= second < start + length
        assert total(api, start, start + length) == (expected, 0)
    xray.close()


def test_minute_is_summed_again_after_a_change(api: Api) -> None:
    """A minute that was summed before shows a trace's new documents and new traces."""
    put(api, 1, 90)
    assert total(api, 0, 600) == (1, 0)
    api.put(segment("a", trace_id=trace_id(1, NOW + 90), at=90, takes=2, fault=True))
    assert total(api, 0, 600) == (1, 1)
    put(api, 2, 95)
    assert total(api, 0, 600) == (2, 1)


def test_only_a_number_of_minutes_is_kept(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is forgotten is summed again: the answer does not depend on it."""
    monkeypatch.setattr("embedded_aws.xray.query.minutes.MAX_PERIODS", 2)
    for number in range(5):
        put(api, number, number * 60)
    assert total(api, 0, 600) == total(api, 0, 600) == (5, 0)


def test_only_a_number_of_counts_is_kept(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Minutes of a busy test run have many response times: fewer of them are kept."""
    monkeypatch.setattr("embedded_aws.xray.query.minutes.MOST_COUNTS", 100)
    for number in range(300):
        takes = 1 + number / 1000
        api.put(segment("a", trace_id=trace_id(number, NOW + number), at=number, takes=takes))
    assert total(api, 0, 600) == total(api, 0, 600) == (300, 0)
    assert kept_counts(api) <= 100


def test_the_ends_of_a_range_are_kept_where_minutes_find_no_room(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A range that is asked for again is not summed from its traces."""
    monkeypatch.setattr("embedded_aws.xray.query.minutes.MOST_COUNTS", 800)
    for number in range(600):
        takes = 1 + number / 1000
        api.put(segment("a", trace_id=trace_id(number, NOW + number), at=number, takes=takes))
    assert total(api, 7, 593) == (586, 0)
    assert kept_counts(api) <= 800
    minutes = api.xray._minutes
    sum_up = minutes._graph_of
    summed: list[Iterable[Row]] = []

    def noted(rows: Iterable[Row]) -> Graph:
        summed.append(rows)
        return sum_up(rows)

    monkeypatch.setattr(minutes, "_graph_of", noted)
    assert total(api, 7, 593) == (586, 0)
    assert summed == []


def kept_counts(api: Api) -> int:
    """Look into the memory, which shows nowhere else."""
    kept = api.xray._minutes._kept
    return sum(graph.size for periods in kept.values() for _, graph in periods.values())


def test_minutes_without_traces_are_not_kept(api: Api) -> None:
    """What was let go of takes no memory, once somebody asks for its time again."""
    for number in range(300):
        put(api, number, number)
    assert total(api, 0, 600) == (300, 0)
    assert kept_counts(api) > 0
    while api.xray.store.tidy(NOW + 3600):
        pass
    assert total(api, 0, 600) == (0, 0)
    assert kept_counts(api) == 0


def test_few_short_periods_are_kept(api: Api) -> None:
    """Every range ends at another second: what was summed for one is of no use to the next."""
    for second in range(200):
        put(api, second, second)
    for second in range(1, 200):
        assert total(api, 0, second) == (second, 0)
    kept = api.xray._minutes._kept
    assert max(len(periods) for length, periods in kept.items() if length < 60) <= 24


def test_a_settled_minute_that_loses_its_oldest_is_not_summed_again() -> None:
    """A full store takes from its oldest minute all the time, and every map would pay for it."""
    passed = 0.0
    xray = XRay(None, clock=lambda: NOW + passed)
    sums: list[int] = []

    def sum_up(rows: Iterable[Row]) -> Graph:
        sums.append(len(list(rows)))
        return Graph()

    minutes = MinuteGraphs(xray.store, sum_up)
    api = Api(xray)
    first = NOW - NOW % 60
    for number in range(4):
        passed = float(number)
        api.put(segment("a", trace_id=trace_id(number, first), start_time=first, end_time=first + 1))
    passed = 2 * SETTLED
    api.put(segment("a", trace_id=trace_id(9, first + 60), start_time=first + 60, end_time=first + 61))
    minutes.between(first, first + 120)
    assert sums == [4, 1]
    xray.store.tidy(NOW + 2)
    minutes.between(first, first + 120)
    assert sums == [4, 1]
    xray.close()
