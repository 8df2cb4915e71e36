"""The unmodified sampler of AWS's OpenTelemetry distribution follows the rules through the daemon."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from embedded_aws.awslambda.runtime.provision import find_adot
from embedded_aws.xray.api import traces as api
from embedded_aws.xray.api.sampling import operations
from embedded_aws.xray.intake.daemon import Daemon
from embedded_aws.xray.sampling import Sampling
from embedded_aws.xray.sampling_rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPT = Path(__file__).with_name("adot_sampler.py")
LAYER = find_adot()


class Sampler:
    """The running process."""

    def __init__(self, address: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(SCRIPT), f"http://{address}"],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{LAYER}/python"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def tell(self, command: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def close(self) -> None:
        self._process.communicate(timeout=20)


@pytest.fixture
def sampling() -> Sampling:
    return Sampling()


@pytest.fixture
def address(sampling: Sampling) -> Iterator[str]:
    daemon = Daemon("127.0.0.1", 0, lambda _texts: [], api.service(operations(sampling)))
    daemon.start()
    yield daemon.address.removeprefix("tcp:").partition(" ")[0]
    daemon.stop()


@pytest.fixture
def start(address: str) -> Iterator[Any]:
    started: list[Sampler] = []

    def up() -> Sampler:
        started.append(Sampler(address))
        return started[-1]

    yield up
    for sampler in started:
        sampler.close()


def rule(**fields: Any) -> Rule:
    return Rule(**{"name": "r", "priority": 1, "fixed_rate": 0.0, "reservoir_size": 0, **fields})


def test_the_sampler_decides_by_the_rules_it_fetches(sampling: Sampling, start: Any) -> None:
    """Rate 1 and rate 0, told apart by the path."""
    sampling.create(rule(name="all", url_path="/all", fixed_rate=1.0))
    sampling.create(rule(name="none", priority=2))
    sampler = start()
    assert [sampler.tell("ask /all"), sampler.tell("ask /other")] == ["yes", "no"]


def test_the_sampler_follows_a_rule_that_changes_at_run_time(sampling: Sampling, start: Any) -> None:
    """Its next report is answered with the news: another rate, then a new rule before it."""
    sampling.create(rule(priority=2, fixed_rate=1.0))
    sampler = start()
    assert sampler.tell("ask /hello") == "yes"
    sampling.update("r", fixed_rate=0.0)
    sampler.tell("targets")
    assert sampler.tell("ask /hello") == "no"
    sampling.create(rule(name="new", url_path="/hello", fixed_rate=1.0))
    sampler.tell("targets")
    assert [sampler.tell("ask /hello"), sampler.tell("ask /other")] == ["yes", "no"]


def test_its_statistics_are_counted(sampling: Sampling, start: Any) -> None:
    """Requests and sampled requests, although it names one of the counts in its own way."""
    sampling.create(rule(fixed_rate=1.0))
    sampler = start()
    for _ in range(5):
        sampler.tell("ask /hello")
    sampler.tell("targets")
    (summary,) = sampling.summaries()
    assert (summary.rule_name, summary.requests) == ("r", 5)
    assert summary.sampled == 5
