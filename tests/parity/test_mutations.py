"""The comparison can fail: one field of one document changed makes exactly that scenario fail."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from embedded_aws.aws.ids import RandomIds
from tests.parity.lab import Lab, compared
from tests.parity.test_scenarios import SCENARIOS
from waterfall.traces.model import Trace

NAMES = ("nested spans", "DynamoDB conditional failure", "exception through three spans", "invoke")
Document = dict[str, Any]


def change(*path: str | int, to: Any) -> Callable[[Document], None]:
    """Return what sets the value at `path` of a document, which must be there and another one."""

    def apply(document: Document) -> None:
        place: Any = document
        for key in path[:-1]:
            place = place[key]
        assert place[path[-1]] != to
        place[path[-1]] = to

    return apply


@dataclass(frozen=True)
class Mutation:
    """What is done to the last document called `name` in a scenario's trace, and what then differs."""

    scenario: str
    name: str
    field: str
    apply: Callable[[Document], None]


MUTATIONS = [
    Mutation("nested spans", "middle", "name", change("name", to="middle of it")),
    Mutation("nested spans", "outer", "annotations.whole", change("annotations", "whole", to=4)),
    Mutation("nested spans", "middle", "annotations.yes", change("annotations", "yes", to=False)),
    Mutation(
        "nested spans",
        "middle",
        "metadata.default.order.lines[2].deep",
        change("metadata", "default", "order", "lines", 2, "deep", to="y"),
    ),
    Mutation(
        "DynamoDB conditional failure", "DynamoDB", "aws.table_name", change("aws", "table_name", to="carts")
    ),
    Mutation("DynamoDB conditional failure", "DynamoDB", "error", change("error", to=False)),
    Mutation(
        "DynamoDB conditional failure",
        "DynamoDB",
        "cause.exceptions[0].message",
        change("cause", "exceptions", 0, "message", to="another"),
    ),
    Mutation(
        "exception through three spans",
        "inner",
        "cause.exceptions[0].stack[0].line",
        change("cause", "exceptions", 0, "stack", 0, "line", to=1),
    ),
    Mutation(
        "exception through three spans", "outer", "cause.exception", change("cause", to="0123456789abcdef")
    ),
    Mutation("invoke", "Lambda", "namespace", change("namespace", to="remote")),
    Mutation("invoke", "Lambda", "aws.function_name", change("aws", "function_name", to="another")),
    Mutation(
        "invoke", "callee.handler", "http.response.status", change("http", "response", "status", to=201)
    ),
]


@pytest.fixture(scope="module")
def traces(labs: list[Lab]) -> dict[str, list[Trace]]:
    """Run a few scenarios; a trace of each mode by the scenario's name."""
    scenarios = [scenario for scenario in SCENARIOS if scenario.name in NAMES]

    def run(lab: Lab) -> list[Trace]:
        found = []
        for scenario in scenarios:
            trace_id, _ = lab.invoke("front", {"scenario": scenario.does, "with": scenario.given})
            found.append(lab.trace(trace_id, scenario.seen))
        return found

    with ThreadPoolExecutor(len(labs)) as pool:
        left, right = pool.map(run, labs)
    return {scenario.name: [one, other] for scenario, one, other in zip(scenarios, left, right, strict=True)}


def sent_again(lab: Lab, trace: Trace, name: str, mutate: Callable[[Document], None]) -> Trace:
    """Send a trace's documents under a new trace id, the last of that name mutated; read what X-Ray has."""
    fresh = RandomIds().trace_id(time.time())
    [answer] = lab.stack.client("xray").batch_get_traces(TraceIds=[trace.id])["Traces"]
    documents = [json.loads(segment["Document"]) for segment in answer["Segments"]]
    documents = [{**document, "trace_id": fresh} for document in documents if not document.get("inferred")]
    named = [found for document in documents for found in below(document) if found["name"] == name]
    mutate(named[-1])
    sent = [json.dumps(document) for document in documents]
    assert (
        lab.stack.client("xray").put_trace_segments(TraceSegmentDocuments=sent)["UnprocessedTraceSegments"]
        == []
    )
    return lab.trace(fresh)


def below(document: Document) -> list[Document]:
    """Return a document and all that are embedded in it, by start."""
    children = sorted(document.get("subsegments", []), key=lambda child: float(child["start_time"]))
    return [document, *(found for child in children for found in below(child))]


def nothing(document: Document) -> None:
    """Leave a document as it is."""


def test_a_trace_sent_again_is_equal(labs: list[Lab], traces: dict[str, list[Trace]]) -> None:
    """Without a change the way that the mutations go makes no difference."""
    for left, right in traces.values():
        copy = sent_again(labs[1], right, "front", nothing)
        assert [str(finding) for finding in compared(labs, left, copy).findings] == []


@pytest.mark.parametrize(
    "mutation", MUTATIONS, ids=[f"{found.scenario}: {found.field}" for found in MUTATIONS]
)
def test_exactly_that_scenario_fails(
    labs: list[Lab], traces: dict[str, list[Trace]], mutation: Mutation
) -> None:
    """The scenario with the mutated document differs, in that field; all others stay equal."""
    left, right = traces[mutation.scenario]
    mutated = sent_again(labs[1], right, mutation.name, mutation.apply)
    pairs = {**traces, mutation.scenario: [left, mutated]}
    found = {scenario: compared(labs, *pair).findings for scenario, pair in pairs.items()}
    assert [scenario for scenario, findings in found.items() if findings] == [mutation.scenario]
    assert mutation.field in {finding.field for finding in found[mutation.scenario]}
