"""What an answer waited for, and why."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from tests.waterfall import samples
from waterfall.traces.model import Phase
from waterfall.traces.waiting import reason, waits


def test_the_longest_wait_comes_first() -> None:
    """Shares of the answer's own time, which add up to no more than all of it."""
    found = waits(samples.trace(samples.request()))
    assert found[0].node.name == "simulate slow work"
    assert [one.seconds for one in found] == sorted((one.seconds for one in found), reverse=True)
    assert 0.5 < sum(one.share for one in found) <= 1.0001


CALL = {"namespace": "aws", "aws": {"operation": "PutItem", "retries": 2}}


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "its own code: no span below it says more"),
        (CALL, "waiting for what it called; the SDK sent it 3 times"),
        ({"throttle": True, "error": True}, "its own code: no span below it says more; it ended as throttle"),
        (
            {"annotations": {"fault.injected": "slow"}},
            "its own code: no span below it says more; a fault was",
        ),
    ],
)
def test_a_reason_is_told_for_each_kind_of_span(fields: dict[str, object], told: str) -> None:
    """Of what the document itself says."""
    span = samples.subsegment("span", "b000000000000001", 0, 1, **fields)
    trace = samples.trace([samples.segment("app", "a000000000000001", 0, 1, subsegments=[span])])
    assert reason(trace, trace.nodes[1]).startswith(told)


def test_a_cold_start_is_named() -> None:
    """Lambda's own phases are no code of the user's."""
    reasons = {one.node.name: one.reason for one in waits(samples.trace(samples.request()), most=20)}
    assert reasons["Init"].startswith("cold start: ")


@pytest.mark.parametrize("phase", get_args(Phase))
def test_every_phase_has_a_reason(phase: Phase) -> None:
    """What our library measured of imports, and a debugger's pauses, are some too."""
    trace = samples.trace([samples.segment("app", "a000000000000001", 0, 1)])
    assert reason(trace, replace(trace.nodes[0], phase=phase))
