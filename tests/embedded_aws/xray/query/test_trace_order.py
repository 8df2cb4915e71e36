"""The order of traces in memory."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from embedded_aws.xray.query.trace_order import TraceOrder

TIMES = st.integers(0, 5).map(float)
TRACES = st.dictionaries(st.integers(1, 9), TIMES)


@given(
    TRACES,
    TRACES,
    st.tuples(TIMES, TIMES),
    st.none() | st.tuples(TIMES, st.integers(0, 9)),
    st.integers(1, 9),
)
def test_order_is_that_of_the_store(
    first: dict[int, float],
    changes: dict[int, float],
    window: tuple[float, float],
    before: tuple[float, int] | None,
    limit: int,
) -> None:
    """However traces come and move, ranges list them newest first, after the last page."""
    start, end = window
    order = TraceOrder(sorted((time, number) for number, time in first.items()))
    for number, time in changes.items():
        order.put(number, time)
    pairs = sorted(((time, number) for number, time in {**first, **changes}.items()), reverse=True)
    expected = [
        number
        for time, number in pairs
        if start <= time < end and (before is None or (time, number) < before)
    ]
    assert list(order.newest(start, end, before, limit)) == expected[:limit]
    assert order.those(range(12), start, end, before) == expected
    assert order.those(range(12), start, end, before, limit) == expected[:limit]


def test_a_trace_that_moves_while_all_are_read_is_listed_once() -> None:
    """Where it is, not where it was."""
    order = TraceOrder([(1.0, 5), (2.0, 7), (3.0, 5)])
    order.put(5, 3.0)
    assert list(order.newest(0, 9, None, 9)) == [5, 7]
