"""The workers of both modes, and what they send to."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.tracing.harness import Aws, Collector, Output, Worker, environment


@pytest.fixture(scope="session")
def aws() -> Iterator[Aws]:
    server = Aws()
    yield server
    server.server.shutdown()
    server.server.server_close()


@pytest.fixture
def collector() -> Iterator[Collector]:
    found = Collector()
    yield found
    found.close()


@pytest.fixture(scope="session", params=["otel", "native"])
def traced(request: pytest.FixtureRequest, aws: Aws) -> Iterator[tuple[Worker, Collector]]:
    """A worker in each mode, and where its packets go."""
    found = Collector()
    worker = Worker(request.param, environment(request.param, found, aws))
    yield worker, found
    worker.close()
    found.close()


@pytest.fixture
def worker(traced: tuple[Worker, Collector], aws: Aws) -> Worker:
    traced[1].take()
    aws.requests.clear()
    aws.answers.clear()
    return traced[0]


@pytest.fixture
def daemon(traced: tuple[Worker, Collector]) -> Collector:
    return traced[1]


@pytest.fixture
def run(collector: Collector, aws: Aws) -> Any:
    """Run a script in a process of its own; its stdout is JSON."""

    def run_script(mode: str, script: str, *flags: str, **more: str) -> Any:
        command = [sys.executable, *flags, "-c", script]
        done = subprocess.run(
            command,
            env=environment(mode, collector, aws, **more),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return Output(json.loads(done.stdout or "null"), done.stderr)

    return run_script
