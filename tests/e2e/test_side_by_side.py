"""Two versions take turns, and what became slower is told by name."""

from __future__ import annotations

import pytest

from tests.e2e.lab import Lab
from waterfall.proof.cases import Case, Expectation
from waterfall.proof.checking import side_by_side
from waterfall.proof.lines import told
from waterfall.proof.observing import Place
from waterfall.proof.redaction import redaction
from waterfall.stack.requests import Request
from waterfall.traces.client import Source, connect

CODE = """
import time
from opentelemetry import trace
from tracing import capture_lambda_handler

@capture_lambda_handler
def handler(event, context):
    with trace.get_tracer("app").start_as_current_span("work"):
        time.sleep({seconds})
    return {{"statusCode": 200}}
"""
BEFORE, AFTER = 0.02, 0.25
"""Seconds; what can be told of less, whatever the machine does, is for benchmarks/proof.py."""
CASE = Case("work", Request("GET", "/", {}, None))
NAMES = Expectation("each version has a function of its own here", change="[!s]*")


@pytest.fixture(scope="module")
def places(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> dict[float, Place]:
    """An API for each version: one works for a moment, the other for much longer."""
    found: dict[float, Place] = {}
    source = Source(lab.stack.status["endpoint"])
    for seconds in (BEFORE, AFTER):
        module = tmp_path_factory.mktemp("app") / "app.py"
        module.write_text(CODE.format(seconds=seconds))
        url = lab.api(lab.function("otel", f"side-by-side-{seconds * 100:.0f}", module))
        found[seconds] = Place(source, connect(source), {"api": url}, redaction())
    return found


def test_a_span_that_became_slower_is_the_one_line(places: dict[float, Place]) -> None:
    """Where it began: those around it are slower by it."""
    result = side_by_side(CASE, places[BEFORE], places[AFTER], [NAMES])
    assert result.error is None
    (line,) = [told(one) for one in result.unexpected]
    assert line.startswith("slower: ")
    assert " > app.handler > work: " in line
