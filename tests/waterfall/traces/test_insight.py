"""What a trace tells at a glance."""

from __future__ import annotations

import pytest

from tests.waterfall import samples
from tests.waterfall.samples import alone, segment, subsegment, trace
from waterfall.traces.insight import overview, own_time, where_time_went

A = "a000000000000001"


def test_overview_is_the_entrys() -> None:
    """Request, status and response time are those of the segment that the trace began with."""
    head = overview(trace(samples.request()))
    assert (head.http.method, head.http.status, head.status) == ("GET", 200, "ok")
    assert (head.cold_starts, head.rule) == (("front", "worker"), "traced-api-dev")
    assert head.response_time == pytest.approx(2.384)


def test_overview_names_the_recorders() -> None:
    """Each SDK that sent a part of the trace is named once, with its version."""
    aws = {"xray": {"sdk": "X-Ray for Python", "sdk_version": "2.15.0"}}
    children = [subsegment(name, f"b00000000000000{name}", 0, 1, aws=aws) for name in "12"]
    head = overview(trace([segment("top", A, 0, 1, subsegments=children)]))
    assert head.recorders == ("X-Ray for Python 2.15.0",)


def test_overview_of_nothing_is_empty() -> None:
    """A trace without segments has no request and took no time."""
    head = overview(trace([]))
    assert (head.name, head.response_time, head.duration) == ("", None, 0)


def test_unfinished_entry_has_no_response_time() -> None:
    """Before the entry has ended nobody knows the response time."""
    assert overview(trace([segment("top", A, 0, None)])).response_time is None


def test_most_time_is_the_works() -> None:
    """The longest own time is the simulated work's, not that of what waits for it."""
    shares = where_time_went(trace(samples.request()))
    assert shares[0].node.name == "simulate slow work"
    assert shares[0].seconds == pytest.approx(2.001)


def test_own_time_is_what_children_leave() -> None:
    """Children that overlap or reach beyond their parent are counted once, and only inside of it."""
    spans = [(0.1, 0.5), (0.2, 0.4), (0.4, 0.6), (0.9, 3.0)]
    children = [alone(subsegment("c", f"{n:016x}", *span), A) for n, span in enumerate(spans)]
    found = trace([segment("top", A, 0, 1), *children])
    assert own_time(found, found.nodes[0]) == pytest.approx(0.4)


def test_cold_start_is_not_lambdas_own_time() -> None:
    """Time in Init is Init's, though it lies before its function and inside the service segment."""
    found = trace(samples.request())
    service = next(node for node in found.nodes if node.name == "front" and node.type == "AWS::Lambda")
    assert own_time(found, service) == pytest.approx(0.002, abs=1e-5)


def test_no_time_at_all_goes_nowhere() -> None:
    """A trace without duration names nothing."""
    assert where_time_went(trace([segment("top", A, 0, 0)])) == []
