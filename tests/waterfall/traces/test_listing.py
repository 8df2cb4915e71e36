"""Summaries and service graphs, complete and with holes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.waterfall import answers
from waterfall.traces.listing import Counts, Edge, percentile, service_map, summary


@pytest.mark.parametrize(
    ("flags", "status", "throttled"),
    [
        ({}, "ok", False),
        ({"HasError": True}, "error", False),
        ({"HasError": True, "HasThrottle": True}, "throttle", True),
        ({"HasThrottle": True}, "ok", True),
        ({"HasFault": True, "HasError": True, "HasThrottle": True}, "fault", True),
    ],
)
def test_status_is_the_roots(flags: dict[str, bool], status: str, throttled: bool) -> None:  # noqa: FBT001 - a column
    """A throttle somewhere below does not make the trace one, but is told."""
    found = summary({"Id": "1-6553f100-0", **flags})
    assert (found.status, found.throttled) == (status, throttled)


def test_bare_summary_is_read() -> None:
    """A summary of nothing but an id has the time that the id carries."""
    found = summary({"Id": "1-6553f100-0123456789abcdef01234567"})
    assert (found.start, found.is_request, found.http.status) == (1_700_000_000.0, False, None)


@pytest.mark.parametrize("id_", ["", "x", "1-zzzzzzzz-0"])
def test_senseless_id_has_no_time(id_: str) -> None:
    """An id without a time leaves the start unknown."""
    assert summary({"Id": id_}).start is None


def test_annotations_have_all_their_values() -> None:
    """One key may have several values, of each type."""
    values = [{"AnnotationValue": value} for value in ({"StringValue": "a"}, {"NumberValue": 2.0}, {}, "x")]
    assert summary({"Id": "", "Annotations": {"k": values}}).annotations == {"k": ("a", 2.0)}


def test_services_follow_their_callers() -> None:
    """Callers stand before what they call, wherever they were in the answer."""
    graph = service_map(answers.SERVICES, 0, 300)
    assert [service.reference for service in graph.services] == [0, 1, 2, 3, 5, 6, 7]


def test_services_in_a_circle_are_all_there() -> None:
    """Services that call each other are listed once each."""
    circle = [{"ReferenceId": n, "Name": str(n), "Edges": [{"ReferenceId": (n + 1) % 3}]} for n in range(3)]
    assert len(service_map(circle, 0, 1).services) == 3


def test_long_chains_of_services_are_ordered() -> None:
    """A chain of ten thousand services is walked without recursion."""
    chain = [{"ReferenceId": n, "Name": str(n), "Edges": [{"ReferenceId": n + 1}]} for n in range(10_000)]
    assert [service.reference for service in service_map(chain[::-1], 0, 1).services] == list(range(10_000))


def test_counts_split_errors_and_throttles() -> None:
    """Errors are those 4xx that are not throttles."""
    stage = next(s for s in service_map(answers.SERVICES, 0, 300).services if s.reference == 1)
    assert stage.counts == Counts(16, 12, 1, 1, 2, 16 * 2.4)


def test_edge_without_statistics_is_read() -> None:
    """A link has no statistics, and no mean."""
    queue = next(s for s in service_map(answers.SERVICES, 0, 300).services if s.reference == 6)
    assert queue.edges == (Edge(7, Counts(), (), is_link=True),)
    assert queue.edges[0].counts.mean is None


@pytest.mark.parametrize(
    ("share", "value"), [(0.0, 1.0), (0.5, 1.0), (0.51, 2.0), (0.75, 2.0), (0.76, 9.0), (1.0, 9.0)]
)
def test_percentile_is_a_counted_value(share: float, value: float) -> None:
    """A percentile is the least value that enough calls did not exceed."""
    assert percentile([(1.0, 2), (2.0, 1), (9.0, 1)], share) == value


@pytest.mark.parametrize("histogram", [[], [(1.0, 0)]])
def test_percentile_of_nothing_is_none(histogram: list[Any]) -> None:
    """Without calls there is no percentile."""
    assert percentile(histogram, 0.5) is None
