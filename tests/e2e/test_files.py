"""Traces of the demo as files: out of one stack by the command line, and into another."""

from __future__ import annotations

import json
import urllib.request
from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import Demo
from tests.e2e.stack import Stack, until
from tests.waterfall.files.test_chrome import valid_events
from waterfall import cli
from waterfall.compare.difference import compare
from waterfall.compare.normal import normal_form
from waterfall.stack.first_request import Polling, whole_trace
from waterfall.traces.client import Source, connect
from waterfall.traces.model import Trace

if TYPE_CHECKING:
    from pathlib import Path

OTHER = {"otel-xray": "native", "native": "otel-xray"}
"""Where a stack's trace goes: a stack that does not know it."""


@pytest.fixture(params=OTHER)
def stacks(request: pytest.FixtureRequest, demo: Demo) -> tuple[Stack, Stack]:
    return demo(request.param), demo(OTHER[request.param])


def asked(stack: Stack) -> Trace:
    """Send a request, and return its trace when it is whole."""
    answer = stack.request(stack.status["outputs"]["url"])
    reader = connect(Source(stack.status["endpoint"]))
    found = whole_trace(reader, answer.trace_id, Polling())
    assert found
    return found


def exported(stack: Stack, trace: Trace, format_: str, folder: Path) -> str:
    """Return what the command writes."""
    file = folder / format_
    where = ["--endpoint", stack.status["endpoint"]]
    assert cli.main(["export", trace.id, "--format", format_, "-o", str(file), *where]) == 0
    return file.read_text()


def arrived(stack: Stack, trace: Trace) -> Trace:
    """Return a trace from another stack when all of it is there."""
    reader = connect(Source(stack.status["endpoint"]))

    def look() -> Trace | None:
        return next((one for one in reader.get([trace.id]) if len(one.nodes) >= len(trace.nodes)), None)

    return until(look, f"trace {trace.id} in the other stack")


def test_json_goes_from_one_stack_into_another(stacks: tuple[Stack, Stack], tmp_path: Path) -> None:
    """With its id and its times."""
    here, there = stacks
    trace = asked(here)
    exported(here, trace, "json", tmp_path)
    assert cli.main(["import", str(tmp_path / "json"), "--endpoint", there.status["endpoint"]]) == 0
    found = arrived(there, trace)
    assert compare(trace, found).findings == ()
    assert (found.start, found.end) == (trace.start, trace.end)


def test_otlp_goes_from_one_stack_into_another(stacks: tuple[Stack, Stack], tmp_path: Path) -> None:
    """Through the receiver that any SDK sends to; its normal form is the same."""
    here, there = stacks
    trace = asked(here)
    body = exported(here, trace, "otlp", tmp_path).encode()
    headers = {"Content-Type": "application/json"}
    url = f"{there.status['otlp'].rstrip('/')}/v1/traces"
    with urllib.request.urlopen(urllib.request.Request(url, body, headers)) as answer:
        assert json.load(answer) == {}
    found = arrived(there, trace)
    assert compare(trace, found).findings == ()
    assert [one.signature for one in normal_form(found)] == [one.signature for one in normal_form(trace)]


def test_chrome_s_format_is_as_it_is_described(stacks: tuple[Stack, Stack], tmp_path: Path) -> None:
    """Each node is a complete event, each segment a process, and calls lead to what they called."""
    here, _ = stacks
    trace = asked(here)
    events = valid_events(json.loads(exported(here, trace, "chrome", tmp_path)))
    phases = [event["ph"] for event in events]
    assert phases.count("X") == len(trace.nodes)
    assert phases.count("s") == phases.count("f") >= 3
    assert "work" in [event["name"] for event in events]
