"""What a game day concludes from requests and their traces, and how it reports that."""

from __future__ import annotations

import json
from typing import Any

from waterfall.gameday import findings, report
from waterfall.gameday.findings import Figures, Round
from waterfall.gameday.load import Sample
from waterfall.gameday.run import GameDay
from waterfall.traces import tree

TRACE_ID = "1-5e6f7a8b-0123456789abcdef01234567"


def trace(*runs: tuple[str, bool, bool]) -> Any:
    """Return a trace of runs of functions: name, whether it failed, whether an experiment did it."""
    segments = []
    for number, (name, failed, injected) in enumerate(runs):
        segment = {
            "id": f"{number + 1:016x}",
            "trace_id": TRACE_ID,
            "name": name,
            "origin": "AWS::Lambda::Function",
            "start_time": 1000.0 + number,
            "end_time": 1001.0 + number,
            "fault": failed,
            "annotations": {"fault.injected": "on-purpose"} if injected else {},
        }
        if number:
            segment["parent_id"] = f"{number:016x}"
        segments.append({"Id": segment["id"], "Document": json.dumps(segment)})
    return tree.from_api({"Id": TRACE_ID, "Segments": segments})


def test_a_success_over_a_failed_function_is_a_weakness() -> None:
    """A client that is told of success although a function failed for good was deceived."""
    traces = {TRACE_ID: trace(("front", False, False), ("worker", True, True))}
    (found,) = findings.weaknesses([Sample(200, 0.1, TRACE_ID)], traces)
    assert "1 of 1 requests were answered as a success although worker had failed" in found


def test_an_honest_failure_is_no_weakness() -> None:
    """A client that is told of the failure can act on it."""
    traces = {TRACE_ID: trace(("front", False, False), ("worker", True, True))}
    assert findings.weaknesses([Sample(502, 0.1, TRACE_ID)], traces) == ()


def test_a_retry_that_succeeds_is_no_weakness() -> None:
    """A function that failed first and succeeded later hid nothing."""
    traces = {TRACE_ID: trace(("worker", True, True), ("worker", False, False))}
    assert findings.weaknesses([Sample(200, 0.1, TRACE_ID)], traces) == ()


def test_work_done_twice_is_a_weakness() -> None:
    """Two successes of one function in one request mean that a retry repeated what was done."""
    traces = {TRACE_ID: trace(("worker", False, True), ("worker", False, False))}
    (found,) = findings.weaknesses([Sample(200, 0.1, TRACE_ID)], traces)
    assert found.startswith("work done twice: in 1 of 1 requests")


def test_figures_count_what_the_client_saw() -> None:
    """Errors are statuses of 400 and more; percentiles are those of the client's own times."""
    samples = [Sample(200, number / 100, None) for number in range(1, 100)]
    samples.append(Sample(503, 9.0, TRACE_ID))
    found = findings.figures(samples, {TRACE_ID: trace(("front", True, True))})
    assert found == Figures(requests=100, errors=1, p50=0.5, p99=0.99, kept=1, injected=1)


def test_the_report_is_markdown() -> None:
    """The report has a row per experiment, its weakness, and the first waterfall of a failure."""
    quiet = Figures(10, 0, 0.1, 0.2, 10, 0)
    loud = Figures(10, 5, 0.1, 0.5, 10, 5)
    first = trace(("worker", True, True))
    day = GameDay(
        quiet, (Round("worker-fails", ("error, 50 %",), loud, None, ("a hidden failure",), first),), 4
    )
    text = report.render(day, 1002.0)
    assert text.startswith("# Game day\n\n1 experiment: 1 weakness found; 1 did not recover.")
    assert "| worker-fails | 10 | 5 (50%) | 100 ms | 500 ms (+300 ms) | 10 | 5 | no |" in text
    assert "**Weakness**: a hidden failure." in text
    assert "worker injected" in text
    assert "4 clients sent 10 requests without any fault" in text


def test_an_experiment_that_its_alarm_stopped_says_so() -> None:
    """Fewer faults than meant have their reason in the report."""
    quiet = Figures(10, 0, 0.1, 0.2, 10, 0)
    reason = "stopped: Experiment halted by stop condition."
    day = GameDay(quiet, (Round("worker-fails", ("error, 50 %",), quiet, 1, (), None, reason),), 4)
    text = report.render(day, 1002.0)
    assert "before all requests were sent (stopped: Experiment halted by stop condition)." in text
