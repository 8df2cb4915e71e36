"""Service graphs, complete and with holes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.waterfall import answers
from waterfall.traces.service_map import Counts, Edge, percentile, service_map


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
