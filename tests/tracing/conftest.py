"""The workers of both modes, and what they send to."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from typing import Any

import pytest

from tests.tracing.harness import Aws, Collector, Output, Worker, environment

Traced = tuple[Worker, Collector]
Workers = Callable[[str], Traced]


@pytest.fixture(scope="session")
def aws() -> Iterator[Aws]:
    server = Aws()
    yield server
    server.server.shutdown()
    server.server.server_close()


@pytest.fixture
def collector(aws: Aws) -> Iterator[Collector]:
    """Where a test's own worker sends to, beside an AWS without what other tests let it answer."""
    aws.answers.clear()
    found = Collector()
    yield found
    found.close()


@pytest.fixture(scope="session")
def workers(aws: Aws) -> Iterator[Workers]:
    """Start a worker once for each mode; what was recorded at import left with a first invocation."""
    with ExitStack() as held:

        @cache
        def of(mode: str) -> Traced:
            daemon = Collector()
            held.callback(daemon.close)
            worker = Worker(mode, environment(mode, daemon, aws))
            held.callback(worker.close)
            worker.invoke("plain")
            return worker, daemon

        yield of


@pytest.fixture(params=["otel", "native"])
def traced(request: pytest.FixtureRequest, workers: Workers) -> Traced:
    """A worker in each mode, and where its packets go."""
    return workers(request.param)


@pytest.fixture
def worker(traced: Traced, aws: Aws) -> Worker:
    traced[1].take()
    aws.requests.clear()
    aws.answers.clear()
    return traced[0]


@pytest.fixture
def daemon(traced: Traced) -> Collector:
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
