"""Rate 0 with keepErrors: every failure leaves a trace, and nothing else does."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.stack import Answer, Stack, running, until
from tests.e2e.traces import Trace, whole_trace

HANDLERS = Path(__file__).with_name("handlers")
FUNCTIONS = ("front", "worker", "consumer")
REQUESTS = int(os.environ.get("SAMPLING_REQUESTS", "180"))
"""In the suite fewer than it takes to see leaks well: 2,000 take a few minutes."""
EVERY = 20
"""One request in so many fails: 5 %."""

SETTINGS = {
    "samplingRate": "0",
    "samplingReservoir": "0",
    "sampling": "{keepErrors: true}",
    "workSeconds": "0",
    "throttleRate": "1000",
    "throttleBurst": "1000",
    "otelLayer": "slim",
}


@dataclass(frozen=True)
class Sent:
    """One request, which function it made fail, and what came back."""

    fails: str
    answer: Answer

    @property
    def trace_id(self) -> str:
        return self.answer.trace_id


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Run the program with functions that fail when told to."""
    arguments = [word for key, value in SETTINGS.items() for word in ("--config", f"{key}={value}")]
    with running(tmp_path_factory.mktemp("data"), *arguments) as stack:
        for name in FUNCTIONS:
            code = io.BytesIO()
            with zipfile.ZipFile(code, "w") as archive:
                archive.write(HANDLERS / f"failing_{name}.py", f"{name}.py")
            stack.client("lambda").update_function_code(
                FunctionName=stack.function(name), ZipFile=code.getvalue()
            )
        yield stack


@pytest.fixture(scope="module")
def traffic(stack: Stack) -> list[Sent]:
    """Send mixed traffic, 5 % of it failing, in front, worker and consumer in turn."""

    def send(number: int) -> Sent:
        fails = FUNCTIONS[number // EVERY % 3] if number % EVERY == EVERY - 1 else "nobody"
        return Sent(fails, stack.request(f"{stack.status['api']}/hello?fails={fails}"))

    with ThreadPoolExecutor(4) as clients:
        return list(clients.map(send, range(REQUESTS)))


def failing(traffic: list[Sent], function: str) -> list[str]:
    return [sent.trace_id for sent in traffic if sent.fails == function]


def consumed(stack: Stack, traffic: list[Sent]) -> dict[str, set[str]] | None:
    """Return, once all failures are there, the consumer's traces: the requests that each is linked to.

    SQS brings failed messages again, so a request may have several.
    """
    found: dict[str, set[str]] = {}
    for trace_id in kept_ids(stack):
        nodes = Trace(stack.documents(trace_id)).nodes
        if links := {link["trace_id"] for node in nodes for link in node.document.get("links", [])}:
            found[trace_id] = links
    return found if linked(found) >= set(failing(traffic, "consumer")) else None


def linked(found: dict[str, set[str]]) -> set[str]:
    return {trace_id for links in found.values() for trace_id in links}


def kept_ids(stack: Stack) -> set[str]:
    pages = stack.client("xray").get_paginator("get_trace_summaries").paginate(**stack.xray_window())
    return {summary["Id"] for page in pages for summary in page["TraceSummaries"]}


def functions_of(trace: Trace) -> set[str]:
    """Return the functions in the trace whose segment says that it was kept."""
    return {
        node.name.rpartition("-")[0]  # without what Pulumi adds
        for node in trace.nodes
        if node.origin == "AWS::Lambda::Function" and node.document["annotations"] == {"kept": "fault"}
    }


def test_the_traffic_fails_as_meant(traffic: list[Sent]) -> None:
    """Front and worker fail the request, the consumer fails after the answer."""
    assert {sent.answer.status for sent in traffic if sent.fails in {"front", "worker"}} == {502}
    assert {sent.answer.status for sent in traffic if sent.fails in {"nobody", "consumer"}} == {200}
    assert all(len(failing(traffic, function)) >= REQUESTS // EVERY // 3 for function in FUNCTIONS)


def test_a_failing_front_leaves_its_own_trace(stack: Stack, traffic: list[Sent]) -> None:
    """Its segment is the root, as those of AWS are missing."""
    for trace_id in failing(traffic, "front"):
        trace = whole_trace(stack, trace_id, lambda found: bool(functions_of(found)), "front's segment")
        assert functions_of(trace) == {"front"}
        assert trace.only("front.handler").document["fault"] is True
        assert [root.name for root in trace.roots] == [stack.function("front")]


def test_a_failing_worker_is_one_waterfall_with_its_caller(stack: Stack, traffic: list[Sent]) -> None:
    """From front's segment down to the worker's work, with one root and no orphan."""
    for trace_id in failing(traffic, "worker"):
        trace = whole_trace(
            stack, trace_id, lambda found: functions_of(found) >= {"front", "worker"}, "both segments"
        )
        assert functions_of(trace) == {"front", "worker"}
        assert [root.name for root in trace.roots] == [stack.function("front")]
        work = trace.only("work")
        assert [node.name for node in trace.ancestors(work)] == [
            "worker.handler",
            stack.function("worker"),
            stack.function("worker"),
            "Lambda",
            "front.handler",
            stack.function("front"),
        ]


def test_a_failing_consumer_is_linked_to_its_request(stack: Stack, traffic: list[Sent]) -> None:
    """Its trace is its own, as on AWS, and links to the requests whose messages failed, and to no others."""
    found = until(partial(consumed, stack, traffic), "the consumer's traces")
    assert linked(found) == set(failing(traffic, "consumer"))
    for trace_id in found:
        trace = whole_trace(stack, trace_id, lambda found: bool(functions_of(found)), "its segment")
        assert functions_of(trace) == {"consumer"}


def test_nothing_healthy_is_kept(stack: Stack, traffic: list[Sent]) -> None:
    """All traces there are belong to failures."""
    failed = {*failing(traffic, "front"), *failing(traffic, "worker")}

    def all_kept() -> set[str] | None:
        # What the consumer left is asked for last: SQS brings failed messages again in the meantime.
        kept, consumers = kept_ids(stack), consumed(stack, traffic)
        others = kept - consumers.keys() if consumers else set()
        return others if others >= failed else None

    assert until(all_kept, "the traces of all failures") == failed


@pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="the system does not tell a process's memory"
)
def test_the_workers_memory_stays_flat(traffic: list[Sent]) -> None:
    """What an invocation has recorded is gone with it: a process settles after its first requests."""
    used: dict[int, list[int]] = {}
    for sent in traffic:
        if sent.fails in {"nobody", "consumer"}:
            reply: dict[str, Any] = json.loads(sent.answer.body)
            used.setdefault(reply["process"], []).append(reply["memory"])
    longest = max(used.values(), key=len)
    assert len(longest) > 20
    assert longest[-1] - longest[len(longest) // 4] < 2048, longest
