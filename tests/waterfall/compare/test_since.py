"""What a trace shows that earlier ones of the same request did not."""

from __future__ import annotations

import io
from typing import Any

from tests.waterfall import samples
from tests.waterfall.samples import function, segment, subsegment
from waterfall.compare.since import Since, since
from waterfall.terminal.screen import Screen, screen_of
from waterfall.terminal.since import render
from waterfall.traces.model import Trace


def request(*seconds: float, **fields: Any) -> Trace:
    """A front that does `step 0`, `step 1` and so on, of these lengths."""
    start, steps = 0.01, []
    for number, length in enumerate(seconds):
        name = f"step {number}"
        steps.append(subsegment(name, f"b{number:015x}", start, start + length))
        start += length
    return samples.trace([segment("front", "a000000000000001", 0, start + 0.01, subsegments=steps, **fields)])


def compared(earlier: list[Trace], trace: Trace) -> Since:
    found = since(earlier, trace)
    assert found is not None
    return found


def test_jitter_is_not_told() -> None:
    earlier = [request(0.100, 0.02), request(0.110, 0.021), request(0.09, 0.019)]
    assert compared(earlier, request(0.112, 0.022)).is_empty


def test_a_time_beyond_all_earlier_ones_is_told_of_the_part_and_not_of_the_whole() -> None:
    earlier = [request(0.100, 0.02), request(0.110, 0.021), request(0.09, 0.019)]
    (timing,) = compared(earlier, request(0.3, 0.02)).timings
    assert (timing.path, round(timing.before, 3), round(timing.after, 3)) == (("front", "step 0"), 0.1, 0.3)


def test_one_earlier_request_tells_little() -> None:
    assert compared([request(0.100)], request(0.125)).is_empty
    assert compared([request(0.100)], request(0.200)).timings


def calling(front: float, work: float, *cold: str) -> Trace:
    """A front that takes some seconds and then calls worker, which does; those that are `cold` start so."""
    began, call_id = front + 0.5, "b000000000000002"
    step, call = subsegment("step", "b000000000000001", 0.5, began), subsegment("call", call_id, began, 9)
    step_of_worker = subsegment("work", "b000000000000003", began, began + work)
    parts = {
        "front": function("front", "f000000000000001", "", 0.5, 9.1, step, call),
        "worker": function("worker", "f000000000000002", call_id, began, began + work, step_of_worker),
    }
    for number, name in enumerate(cold):
        start = parts[name]["start_time"] - samples.T0
        init = subsegment("Init", f"c{number:015x}", start - 0.4, start)
        parts[name]["subsegments"] = [*parts[name]["subsegments"], init]
    return samples.trace(list(parts.values()))


def test_a_saved_function_is_compared_though_others_start_cold_no_more() -> None:
    """After the very first request what was saved starts cold alone; what else changed is not compared."""
    first = calling(0.3, 2.0, "front", "worker")
    (timing,) = compared([first], calling(1.0, 0.2, "worker")).timings
    assert timing.path[-1] == "work"
    assert (round(timing.before, 3), round(timing.after, 3)) == (2.0, 0.2)


def test_an_exception_that_was_gone_before_is_not_told_again_when_functions_start_cold_as_then() -> None:
    """The form is compared with the one before alone; times with those that started as this one."""
    exception = {"id": "c000000000000001", "type": "KeyError", "message": "'sku'"}
    failed, healed = calling(0.3, 2.0, "worker"), calling(0.3, 9.0)
    failed = samples.trace(
        [
            {**node.document, "cause": {"working_directory": "/", "exceptions": [exception]}}
            for node in failed.nodes
        ]
    )
    found = compared([healed, failed], calling(0.3, 0.2, "worker"))
    assert found.before is healed
    assert (found.raised, found.healed, found.fields) == ((), (), ())
    (timing,) = found.timings
    assert (round(timing.before, 3), round(timing.after, 3)) == (2.0, 0.2)


def test_what_became_faster_is_told() -> None:
    (timing,) = compared([request(0.3), request(0.31), request(0.29)], request(0.1)).timings
    assert timing.after < timing.before


def test_added_and_removed_spans_are_told() -> None:
    assert compared([request(0.1)], request(0.1, 0.001)).added == (("front", "step 1"),)
    assert compared([request(0.1, 0.001)], request(0.1)).removed == (("front", "step 1"),)


def test_a_new_exception_is_told_once_and_not_as_a_field() -> None:
    exception = {"id": "c000000000000001", "type": "KeyError", "message": "'sku'"}
    failed = request(0.1, fault=True, cause={"working_directory": "/", "exceptions": [exception]})
    found = compared([request(0.1)], failed)
    assert [(one.name, one.failure.type) for one in found.raised] == [("front", "KeyError")]
    assert found.fields == ()
    assert compared([failed], failed).is_empty


def test_an_exception_that_is_gone_is_told_once_too() -> None:
    exception = {"id": "c000000000000001", "type": "KeyError", "message": "'sku'"}
    failed = request(0.1, fault=True, cause={"working_directory": "/", "exceptions": [exception]})
    found = compared([failed], request(0.1))
    assert (found.raised, found.fields) == ((), ())
    _, line = render(found, screen_of(io.StringIO()))
    assert line.plain == "  - exception in front: KeyError: 'sku'"


def test_without_an_earlier_request_nothing_is_compared() -> None:
    assert since([], request(0.1)) is None


def test_a_narrow_screen_cuts_what_leads_to_a_span_and_never_what_changed() -> None:
    steps = [
        subsegment("a step", "b000000000000001", 0.1, 0.2),
        subsegment("gone", "b000000000000002", 0.2, 0.3),
    ]
    name = "a-function-whose-name-is-long-3e9e576"
    before = samples.trace([function(name, "f000000000000001", "", 0.1, 1, *steps)])
    exception = {
        "id": "c000000000000001",
        "type": "KeyError",
        "message": "a message of more words than one line of a narrow screen has room for",
        "stack": [{"path": "app.py", "line": 7, "label": "handler"}],
    }
    failed = {**subsegment("a step", "b000000000000001", 0.1, 0.9), "fault": True}
    failed["cause"] = {"working_directory": "/", "exceptions": [exception]}
    after = samples.trace([function(name, "f000000000000001", "", 0.1, 1, failed)])
    _, *lines = render(compared([before], after), Screen(width=44))
    told = [line.plain for line in lines]
    assert told[0].replace("\n    ", " ").endswith("than one line of a narrow screen has room for (app.py:7)")
    assert told[1:3] == ["  - gone", "  +700 ms a step: 100 ms now 800 ms"]
    assert max(len(line) for text in told for line in text.splitlines()) <= 44


def test_the_lines_say_what_and_where() -> None:
    screen: Screen = screen_of(io.StringIO())
    lines = [line.plain for line in render(compared([request(0.1)], request(0.4, 0.1)), screen)]
    assert lines[0].endswith(", the one before:")
    assert lines[1:] == ["  + front > step 1", "  +300 ms front > step 0: 100 ms now 400 ms"]
    same = [line.plain for line in render(compared([request(0.1)], request(0.1)), screen)]
    assert same == ["as before: the same spans, in about the same time"]
