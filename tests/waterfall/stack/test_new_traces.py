"""Traces as they come in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.waterfall import samples
from tests.waterfall.samples import CONSUMER_ID, TRACE_ID
from waterfall.stack.new_traces import PATIENCE, NewTraces

if TYPE_CHECKING:
    from tests.waterfall.conftest import Api

START = samples.T0


def ids(traces: NewTraces, after: float) -> list[str]:
    return [trace.id for trace in traces.look(START + after)]


def test_each_new_trace_is_shown_once(api: Api) -> None:
    """As soon as it is whole and has not grown since the last look; what was there before is not new."""
    api.put(samples.consumer())
    traces = NewTraces(api.reader(), START + 10)
    assert ids(traces, 10) == []
    api.put(samples.request())
    assert ids(traces, 11) == []
    assert ids(traces, 11.3) == [TRACE_ID]
    assert ids(traces, 11.6) == []


def test_what_waits_for_parts_is_shown_when_none_come(api: Api) -> None:
    """Such as a trace whose root is not traced: it never looks whole."""
    orphan = samples.segment("worker", "a000000000000009", 0, 1, parent_id="b000000000000009")
    traces = NewTraces(api.reader(), START)
    api.put([orphan])
    assert ids(traces, 1) == []
    assert ids(traces, 2) == []
    assert ids(traces, 1 + PATIENCE) == [TRACE_ID]


def test_what_still_runs_is_waited_for(api: Api) -> None:
    """However long it does."""
    traces = NewTraces(api.reader(), START)
    api.put([samples.segment("app", "a000000000000009", 0, None)])
    assert [ids(traces, after) for after in (1, 2, 1 + PATIENCE, 40)] == [[], [], [], []]
    api.put([samples.segment("app", "a000000000000009", 0, 41)])
    assert [ids(traces, after) for after in (41, 41.3)] == [[], [TRACE_ID]]


def test_a_filter_expression_is_honoured(api: Api) -> None:
    """X-Ray decides what matches, also of what came a while after its start."""
    traces = NewTraces(api.reader(), START, 'service("consumer")')
    api.put([*samples.request(), *samples.consumer()])
    assert [ids(traces, after) for after in (10, 10.3, 20)] == [[], [CONSUMER_ID], []]
