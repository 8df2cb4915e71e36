"""What a trace was waiting for."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.waterfall import samples
from tests.waterfall.samples import segment, subsegment
from waterfall.traces.critical_path import critical_path
from waterfall.traces.insight import begin


def named(documents: list[dict[str, object]]) -> list[tuple[str, float, float]]:
    trace = samples.trace(documents)
    return [
        (trace.nodes[position].name, round(start - samples.T0, 6), round(end - samples.T0, 6))
        for position, start, end in critical_path(trace)
    ]


def test_calls_in_a_row_are_all_waited_for() -> None:
    """Their parent holds up only the gaps between them."""
    first, second = subsegment("first", "2", 1, 2), subsegment("second", "3", 3, 4)
    assert named([segment("top", "1", 0, 5, subsegments=[first, second])]) == [
        ("top", 0, 1),
        ("first", 1, 2),
        ("top", 2, 3),
        ("second", 3, 4),
        ("top", 4, 5),
    ]


def test_of_calls_at_the_same_time_the_last_to_end_is_waited_for() -> None:
    """The shorter one beside it costs nothing."""
    short, long = subsegment("short", "2", 1, 2), subsegment("long", "3", 1, 4)
    assert named([segment("top", "1", 0, 5, subsegments=[short, long])]) == [
        ("top", 0, 1),
        ("long", 1, 4),
        ("top", 4, 5),
    ]


def test_what_outlives_its_parent_was_not_waited_for() -> None:
    """A message's consumer does not hold up who sent it."""
    top = segment("top", "1", 0, 1)
    later = segment("later", "2", 0.5, 9, parent_id="1")
    assert named([top, later]) == [("top", 0, 1)]


def test_a_cold_start_is_waited_for_though_it_lies_before_the_function() -> None:
    """Init ends before its function's segment begins, and is on the path all the same."""
    path = {name for name, _, _ in named(samples.request())}
    assert {"Init", "simulate slow work", "PutItem", "DynamoDB"} & path >= {
        "Init",
        "simulate slow work",
        "DynamoDB",
    }


@pytest.mark.parametrize("documents", [[], samples.broken(), samples.timed_out(), [samples.deep(3000)]])
def test_any_trace_has_a_path(documents: list[dict[str, object]]) -> None:
    """Empty, broken, unfinished or nested however deep."""
    assert isinstance(named(documents), list)


@given(st.lists(st.tuples(st.integers(0, 7), st.floats(0, 10), st.floats(0, 10)), max_size=8))
def test_the_path_covers_the_entry_without_gap_or_overlap(calls: list[tuple[int, float, float]]) -> None:
    """Whatever overlaps whatever, the stretches add up to the entry's time, each moment once."""
    documents = [segment("top", "a" * 16, 0, 10)]
    for number, (parent, start, length) in enumerate(calls):
        above = documents[parent % len(documents)]["id"]
        documents.append(segment("call", f"{number:016x}", start, start + length, parent_id=above))
    trace = samples.trace(documents)
    stretches = critical_path(trace)
    assert trace.entry is not None
    assert stretches[0][1] == pytest.approx(begin(trace, trace.entry))
    assert stretches[-1][2] == pytest.approx(trace.end_of(trace.entry))
    for (_, _, end), (_, start, _) in pairwise(stretches):
        assert start == pytest.approx(end)
