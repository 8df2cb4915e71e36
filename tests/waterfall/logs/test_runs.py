"""The lines of one environment, cut into runs."""

from __future__ import annotations

import pytest

from tests.waterfall.logs.writing import OTHER_ID, Stream, iso, request_id
from tests.waterfall.samples import T0
from waterfall.logs.lines import line_of
from waterfall.logs.runs import Run, runs_of


def cut(stream: Stream) -> list[Run]:
    return runs_of(map(line_of, stream.events))[0]


def said(run: Run) -> list[str]:
    return [line.message for line in run.lines if line.kind == "log"]


@pytest.mark.parametrize("write", [Stream.run, Stream.run_in_text])
def test_prints_belong_to_the_run_that_is_open(write: object) -> None:
    """In both formats a line without any id is the one event's that the environment had at the time."""
    stream = Stream()
    assert callable(write)
    write(stream, 0, 1, 1, "one", "two")
    write(stream, 2, 3, 2, "three")
    first, second = cut(stream)
    assert (first.request_id, said(first)) == (request_id(1), ["one", "two"])
    assert (second.request_id, said(second)) == (request_id(2), ["three"])
    assert [line.kind for line in first.lines][-1] == "report"


def test_an_id_that_a_handler_prints_does_not_move_its_line() -> None:
    """A run that Lambda announced keeps lines about other requests: they are the handler's affair."""
    stream = Stream().run_in_text(0, 1, 1, f"[INFO]\t{iso(T0)}\t{request_id(7)}\tcalled the worker")
    (run,) = cut(stream)
    assert said(run) == ["called the worker"]


def test_a_cold_start_opens_its_first_run() -> None:
    """What is written at import stands before the start, from Lambda's word about the environment on."""
    stream = Stream().run(0, 1, 1).write(2, "stray").write(3, "INIT_START Runtime Version: python:3.13.v18")
    stream.write(3.1, "imported").run(4, 5, 2)
    first, second = cut(stream)
    assert first.opening(None) == []
    assert [line.message for line in second.opening(None)][1:] == ["imported"]


def test_without_lambdas_word_a_cold_start_is_known_by_its_time() -> None:
    """An environment that logs no platform events has the trace's word for when it began."""
    stream = Stream().write(1, "before").write(3.1, "imported").said(4, 1, "hello")
    (run,) = cut(stream)
    assert [line.message for line in run.opening(T0 + 3)] == ["imported"]
    assert run.opening(None) == []


def test_without_platform_events_ids_cut_the_stream() -> None:
    """At system log level WARN nothing says start or end; a print goes with the line before it."""
    stream = Stream().said(0, 1, "one").write(0.1, "printed").said(1, 2, "two").write(1.1, "too")
    assert [(run.request_id, said(run)) for run in cut(stream)] == [
        (request_id(1), ["one", "printed"]),
        (request_id(2), ["two", "too"]),
    ]


def test_what_lambda_says_after_the_report_belongs_to_its_run() -> None:
    """A time-out is told after END and REPORT, with the id of its run."""
    stream = (
        Stream().run_in_text(0, 3, 1).write(3, f"{iso(T0)} {request_id(1)} Task timed out after 3.00 seconds")
    )
    stream.run_in_text(4, 5, 2)
    assert said(cut(stream)[0]) == ["Task timed out after 3.00 seconds"]


def test_a_run_whose_start_was_not_read_is_known_by_its_end() -> None:
    """Where reading began within a run, its lines are those before its end."""
    stream = Stream().run_in_text(0, 1, 1, "one")
    del stream.events[0]
    (run,) = cut(stream)
    assert (run.request_id, said(run)) == (request_id(1), ["one"])


def test_a_repeated_run_is_another_run() -> None:
    """Lambda repeats a failed asynchronous event with the same id, maybe in the same environment."""
    stream = Stream().run(0, 1, 1, "first try").run(60, 61, 1, "second try")
    assert [said(run) for run in cut(stream)] == [["first try"], ["second try"]]


def test_a_run_knows_its_trace() -> None:
    """Any of its lines may tell, be it Lambda's or the handler's."""
    assert cut(Stream().run(0, 1, 1, traced=OTHER_ID))[0].trace_id == OTHER_ID
    assert cut(Stream().said(0, 1, "x", xray_trace_id=OTHER_ID))[0].trace_id == OTHER_ID


def test_lines_outside_all_runs_are_told_apart() -> None:
    """What is written between two runs belongs to neither."""
    stream = Stream().run(0, 1, 1).write(2, "between").run(3, 4, 2).write(5, "after")
    runs, outside = runs_of(map(line_of, stream.events))
    assert [said(run) for run in runs] == [[], []]
    assert [line.message for line in outside] == ["between", "after"]
