"""What the debugger held up has the times that it would have had without."""

from __future__ import annotations

from typing import Any

import pytest

from tests.waterfall.samples import T0, segment, subsegment, trace
from waterfall.traces.insight import overview, where_time_went
from waterfall.traces.model import LAMBDA_FUNCTION, LAMBDA_SERVICE, Node, Trace

F, S, C, W, V = (f"{letter}000000000000001" for letter in "fcdab")


def paused(id_: str, start: float, end: float, **place: Any) -> dict[str, Any]:
    told = {"reason": "breakpoint", **place}
    return subsegment("Paused", id_, start, end, metadata={"debugger": told})


def function(
    name: str, id_: str, start: float, end: float, *inside: dict[str, Any], **more: Any
) -> dict[str, Any]:
    return segment(name, id_, start, end, origin=LAMBDA_FUNCTION, subsegments=list(inside), **more)


def times(found: Trace) -> dict[str, tuple[float, float]]:
    """Return when each node but the pauses began and how long it took, in seconds."""
    return {
        node.name: (round(node.start - T0, 3), round(found.end_of(node) - node.start, 3))
        for node in found.nodes
        if node.phase != "paused"
    }


def named(found: Trace, name: str) -> Node:
    return next(node for node in found.nodes if node.name == name)


@pytest.fixture
def waiting() -> Trace:
    """Front stands for 10 s, then calls worker, which stands for 5 s; each works for a second around it."""
    call = subsegment("Lambda", C, 11.0, 18.0, namespace="aws")
    front = function(
        "front", F, 0, 19.0, subsegment("handler", S, 0, 19.0, subsegments=[call]), paused("1" * 16, 1, 11)
    )
    stood = paused("2" * 16, 12, 17, file="/app/worker.py", line=26)
    work = subsegment("work", V, 11.5, 17.5)
    return trace([front, function("worker", W, 11.0, 18.01, work, stood, parent_id=C)])


def test_pauses_are_in_no_time_of_what_stood_or_waited(waiting: Trace) -> None:
    """Also in another function, and what came behind a pause begins as much earlier."""
    assert times(waiting) == {
        "front": (0, 4),
        "handler": (0, 4),
        "Lambda": (1, 2),
        "worker": (1, 2.01),
        "work": (1.5, 1),
    }
    assert waiting.duration == pytest.approx(4)
    assert overview(waiting).paused == pytest.approx(15)


def test_pauses_stay_where_they_were_with_place_and_length(waiting: Trace) -> None:
    first, second = named(waiting, "front").pauses
    assert (first.at - T0, first.seconds) == pytest.approx((1, 10))
    assert (second.at - T0, second.seconds) == pytest.approx((2, 5))
    at_line = next(node for node in waiting.nodes if node.call.resource == "worker.py:26")
    assert at_line.phase == "paused"
    assert at_line.paused == pytest.approx(5)
    assert named(waiting, "work").paused == pytest.approx(5)


def test_documents_stay_as_they_were_measured(waiting: Trace) -> None:
    assert named(waiting, "front").document["end_time"] == T0 + 19


def test_a_pause_is_not_where_most_time_went(waiting: Trace) -> None:
    assert "Paused" not in {share.node.name for share in where_time_went(waiting)}


def test_what_did_not_wait_took_as_long_as_it_did() -> None:
    """One that was invoked asynchronously stands while the first one goes on, and the other way round."""
    call = subsegment("Lambda", C, 1.0, 1.1, namespace="aws")
    front = function("front", F, 0, 8.0, call, paused("1" * 16, 4, 5))
    service = segment("service", S, 1.0, 1.1, origin=LAMBDA_SERVICE, parent_id=C)
    later = function("later", W, 2.0, 7.5, paused("2" * 16, 2.5, 5.5), parent_id=S)
    found = times(trace([front, service, later]))
    assert found["front"] == (0, 7)
    assert found["Lambda"] == (1, 0.1)
    assert found["later"] == (2, 2.5)


def test_a_pause_in_init_delays_the_caller_and_not_the_function() -> None:
    caller = segment("service", S, 0, 10.0, origin=LAMBDA_SERVICE)
    init = subsegment("Init", V, 1.0, 7.0)
    function_ = function("front", F, 7.0, 9.0, init, paused("1" * 16, 2.0, 6.0), parent_id=S)
    found = times(trace([caller, function_]))
    assert found["service"] == (0, 6)
    assert found["front"] == (3, 2)
    assert found["Init"] == (1, 2)


def test_a_span_of_the_users_may_have_that_name() -> None:
    """Only what the embedded AWS noted is taken out."""
    found = trace([function("front", F, 0, 3.0, subsegment("Paused", S, 1, 2))])
    assert times(found) == {"front": (0, 3), "Paused": (1, 1)}


def test_the_segment_that_adot_sends_of_a_handler_stood_with_its_function() -> None:
    """It comes as OTLP, so it is a segment; one of another service below a call waited for nothing."""
    call = subsegment("shop", C, 11.0, 11.5, namespace="remote")
    inside = [paused("1" * 16, 1, 11), call]
    adot, shop = segment("adot", S, 0.5, 11.9, parent_id=F), segment("shop.local", V, 11.1, 11.4, parent_id=C)
    assert times(trace([function("front", F, 0, 12.0, *inside), adot, shop])) == {
        "front": (0, 2),
        "adot": (0.5, 1.4),
        "shop": (1, 0.5),
        "shop.local": (1.1, 0.3),
    }
