"""Which runs a trace is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.waterfall import samples
from tests.waterfall.logs.writing import HEX_ID, OTHER_ID, Stream, request_id
from tests.waterfall.samples import T0, TRACE_ID, function, service, subsegment, trace
from waterfall.logs.invocations import InvocationLogs, assign, invocations_of
from waterfall.logs.lines import line_of
from waterfall.logs.runs import runs_of

if TYPE_CHECKING:
    from collections.abc import Mapping


def documents(number: int | None = 1, *, init: bool = False) -> list[dict[str, Any]]:
    """The two segments of one invocation of `front`, from 0.01 s to 1 s."""
    aws = None if number is None else {"request_id": request_id(number)}
    phases = [subsegment("Init", "b000000000000004", -2.0, -0.1)] if init else []
    return [
        service("front", "b000000000000001", None, 0.0, 1.1, aws=aws),
        function("front", "b000000000000002", "b000000000000001", 0.01, 1.0, *phases),
    ]


def logs_of(found: list[Mapping[str, Any]] | list[dict[str, Any]], *streams: Stream) -> list[InvocationLogs]:
    cut = [runs_of(map(line_of, stream.events)) for stream in streams]
    runs = [run for some, _ in cut for run in some]
    outside = [line for _, some in cut for line in some]
    return assign(TRACE_ID, invocations_of(trace(found)), runs, outside)


def said(logs: InvocationLogs) -> list[str]:
    return [line.message for line in logs.lines if line.kind == "log"]


def test_a_traces_invocations_are_its_functions_runs() -> None:
    """Each pair of segments is one invocation, with its request id, log group, time and cold start."""
    (found,) = invocations_of(trace(documents(init=True)))
    assert (found.function, found.group, found.request_id) == ("front", "/aws/lambda/front", request_id(1))
    assert (found.start, found.end, found.init, found.node) == (T0 + 0.01, T0 + 1.0, T0 - 2.0, 1)
    assert found.ran


def test_every_function_of_a_request_is_found() -> None:
    """Front and worker of the whole program's trace, in the order of their nodes."""
    assert [one.function for one in invocations_of(trace(samples.request()))] == ["front", "worker"]


def test_a_refused_invocation_did_not_run() -> None:
    """A throttled function has no segment of its own, only Lambda's with status 429."""
    (found,) = invocations_of(trace(samples.throttled()))
    assert (found.function, found.ran) == ("front", False)


def test_an_invocation_has_the_lines_of_its_request_only() -> None:
    """Runs of other requests, in the same environment and at the same time in another, are left out."""
    own = Stream().run(-1, -0.5, 8, "earlier", traced=OTHER_ID).run(0.01, 1, 1, "mine")
    own.run(1.2, 1.3, 9, "later", traced=OTHER_ID)
    other = Stream(name="another").run(0.01, 1, 7, "at the same time", traced=OTHER_ID)
    (found,) = logs_of(documents(), own, other)
    assert said(found) == ["mine"]


def test_a_cold_start_has_the_lines_of_its_init() -> None:
    """What was written at import stands before the start."""
    stream = Stream().write(-2.0, "INIT_START Runtime Version: python:3.13.v18").write(-1, "imported")
    (found,) = logs_of(documents(init=True), stream.run(0.01, 1, 1, "mine"))
    assert [line.kind for line in found.lines[:3]] == ["init", "log", "start"]
    assert said(found) == ["imported", "mine"]


def test_repeated_runs_go_to_their_own_attempts() -> None:
    """Attempts of one asynchronous event share its id; each segment gets the run nearest to it."""
    attempts = [subsegment(f"Attempt #{n + 1}", f"b00000000000010{n}", 60 * n, 60 * n + 1) for n in range(2)]
    above = service(
        "front", "b000000000000001", None, 0, 61, aws={"request_id": request_id(1)}, subsegments=attempts
    )
    below = [
        function("front", f"b00000000000020{n}", f"b00000000000010{n}", 60 * n, 60 * n + 1) for n in range(2)
    ]
    stream = Stream().run(0, 1, 1, "first try").run(60, 61, 1, "second try")
    assert [said(found) for found in logs_of([above, *below], stream)] == [["first try"], ["second try"]]


def test_without_a_request_id_the_traces_id_finds_the_run() -> None:
    """A function segment whose Lambda segment is missing is matched by the trace that the run names."""
    (found,) = logs_of(documents(None)[1:], Stream().run(0.01, 1, 1, "mine"))
    assert (found.invocation.node, said(found)) == (0, ["mine"])


def test_a_run_that_the_trace_does_not_tell_about_is_told_all_the_same() -> None:
    """A run that carries the trace's id but has no segment is an invocation of its own."""
    first, second = logs_of(documents(), Stream().run(0.01, 1, 1).run(2, 3, 5, "unsampled"))
    assert first.invocation.node == 1
    assert (second.invocation.node, second.invocation.request_id, said(second)) == (
        None,
        request_id(5),
        ["unsampled"],
    )


@pytest.mark.parametrize("form", [TRACE_ID, HEX_ID])
def test_lines_outside_all_runs_count_by_the_traces_id(form: str) -> None:
    """A line between two runs belongs to the trace that it names, in either form."""
    stream = Stream().run(0.01, 1, 1).write(1.1, f"flushed {form}").write(1.2, "flushed another")
    (found,) = logs_of(documents(), stream)
    assert said(found) == [f"flushed {form}"]
