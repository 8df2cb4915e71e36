"""What one run of the demo program keeps for the next one with the same data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.e2e.logs import messages, records
from tests.e2e.stack import Stack, running
from tests.e2e.traces import settled, trace_ids, whole_trace


@dataclass
class Restarted:
    """The second run, and what a request to the first one had left there."""

    stack: Stack
    trace_id: str
    documents: list[dict[str, Any]]
    logged: list[str]
    ports: dict[str, int]


@pytest.fixture(scope="module")
def restarted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Restarted]:
    data = tmp_path_factory.mktemp("data")
    settings = ("--config", "workSeconds=0", "--debug")
    with running(data, *settings) as first:
        trace_id = first.request(first.status["outputs"]["url"]).trace_id
        whole_trace(first, trace_id, settled, "the end of both invocations")
        documents, logged = first.documents(trace_id), messages(first, first.function("front"))
        ports = first.status["debug"]
    with running(data, *settings) as second:
        yield Restarted(second, trace_id, documents, logged, ports)


def test_traces_survive_a_restart(restarted: Restarted) -> None:
    """A trace of the first run is still there in the second."""
    assert restarted.trace_id in trace_ids(restarted.stack)
    assert restarted.stack.documents(restarted.trace_id) == restarted.documents


def test_functions_are_debugged_at_the_same_ports_after_a_restart(restarted: Restarted) -> None:
    """An editor's configuration stays valid."""
    names = {restarted.stack.function(name) for name in ("front", "worker", "consumer")}
    assert set(restarted.ports) == names
    assert restarted.stack.status["debug"] == restarted.ports


def test_logs_survive_a_restart(restarted: Restarted) -> None:
    """What one run wrote is there in the next, which deploys the same groups, and new lines come after it."""
    front = restarted.stack.function("front")
    after, before = messages(restarted.stack, front), restarted.logged
    assert after[: len(before)] == before
    assert len(after) > len(before)
    assert records(restarted.stack, front, "front", f'"{restarted.trace_id}"')
    group = f"/aws/lambda/{front}"
    streams = restarted.stack.client("logs").describe_log_streams(logGroupName=group)["logStreams"]
    names = [stream["logStreamName"] for stream in streams]
    assert len(names) == 2
    assert all(re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", name) for name in names)
