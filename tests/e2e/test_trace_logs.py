"""Which lines of running functions `waterfall logs --trace` finds: those of the trace's runs, no others."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from embedded_aws.aws.ids import RandomIds
from tests.e2e.functions import invoke
from tests.e2e.lab import Lab
from tests.e2e.stack import until
from waterfall.logs.client import Logs
from waterfall.logs.invocations import InvocationLogs
from waterfall.traces.client import Source, connect

CHATTY = Path(__file__).with_name("handlers") / "chatty.py"
FORMATS = ("JSON", "Text")


def chatty(lab: Lab, mode: str, form: str, purpose: str = "warm", **settings: Any) -> str:
    """Deploy the handler once for each mode, log format and purpose; return the function's name."""
    name = f"chatty-{mode}-{form.lower()}-{purpose}"
    if name not in {one["FunctionName"] for one in lab.stack.client("lambda").list_functions()["Functions"]}:
        lab.function(mode, name, CHATTY, {"LoggingConfig": {"LogFormat": form}, **settings})
    return name


def run(lab: Lab, name: str, word: str, **event: Any) -> str:
    """Invoke in a trace of its own; return the trace's id."""
    trace_id = RandomIds().trace_id(time.time())
    invoke(lab.stack, name, {"word": word, "seconds": 0.0, **event}, trace_id)
    return trace_id


def logs_of(lab: Lab, trace_id: str) -> InvocationLogs:
    """Return the one invocation's lines, once its trace is complete."""
    source = Source(lab.stack.status["endpoint"])

    def complete() -> InvocationLogs | None:
        found = [logs for trace in connect(source).get([trace_id]) for logs in Logs(source).of_trace(trace)]
        return found[0] if found and any(line.kind == "report" for line in found[0].lines) else None

    return until(complete, f"the lines of {trace_id}")


def said(logs: InvocationLogs) -> list[str]:
    return [line.message for line in logs.lines if line.kind == "log"]


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("mode", ["otel", "native"])
def test_a_trace_has_the_lines_of_its_run(lab: Lab, mode: str, form: str) -> None:
    """What is printed, logged and written in one invocation, and at import before the first."""
    name = chatty(lab, mode, form, "cold")
    first, second = (logs_of(lab, run(lab, name, word)) for word in ("one", "two"))
    assert said(first) == ["imported", "printed one", "logged one", "written one"]
    assert [line.kind for line in first.lines if line.kind != "log"][:2] == ["init", "start"]
    assert said(second) == ["printed two", "logged two", "written two"]


@pytest.mark.parametrize("form", FORMATS)
def test_runs_at_the_same_time_are_told_apart(lab: Lab, form: str) -> None:
    """Environments that work at once, each event after event, give each trace its own words."""
    name = chatty(lab, "otel", form)
    words = [f"word-{number}" for number in range(8)]
    with ThreadPoolExecutor(4) as pool:
        traces = list(pool.map(lambda word: run(lab, name, word, seconds=0.1), words))
    for word, trace_id in zip(words, traces, strict=True):
        own = [text for text in said(logs_of(lab, trace_id)) if text != "imported"]
        assert own == [f"printed {word}", f"logged {word}", f"written {word}"]


@pytest.mark.parametrize("form", FORMATS)
def test_an_exception_is_an_error_with_its_stack(lab: Lab, form: str) -> None:
    """What leaves the handler is one line of level ERROR in both formats."""
    logs = logs_of(lab, run(lab, chatty(lab, "otel", form), "x", fails=True))
    (error,) = [line for line in logs.lines if "ValueError" in line.message]
    assert error.level == "ERROR"
    assert error.message.startswith("ValueError: raised x" if form == "JSON" else "ValueError: raised x\n")


@pytest.mark.parametrize("form", FORMATS)
def test_a_timeout_is_an_error(lab: Lab, form: str) -> None:
    """The run that Lambda ended has what it wrote until then, and Lambda's word about the end."""
    name = chatty(lab, "otel", form, "slow", Timeout=2)
    logs = logs_of(lab, run(lab, name, "late", seconds=30))
    assert "printed late" in said(logs)
    assert "logged late" not in said(logs)
    assert "ERROR" in {line.level for line in logs.lines}
