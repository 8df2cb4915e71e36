"""The unmodified sampler of the X-Ray SDK follows the rules through the daemon."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from aws_xray_sdk.core.context import Context
from aws_xray_sdk.core.daemon_config import DaemonConfig
from aws_xray_sdk.core.sampling.sampler import DefaultSampler

from embedded_aws.xray.api import traces as api
from embedded_aws.xray.api.sampling import operations
from embedded_aws.xray.intake.daemon import Daemon
from embedded_aws.xray.sampling import Sampling
from embedded_aws.xray.sampling_rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator


class Clock:
    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sampling(clock: Clock) -> Sampling:
    return Sampling(clock)


@pytest.fixture
def sampler(sampling: Sampling) -> Iterator[Any]:
    """The sampler, with its pollers called by the test instead of by their threads."""
    daemon = Daemon("127.0.0.1", 0, lambda _texts: [], api.service(operations(sampling)))
    daemon.start()
    sampler = DefaultSampler()
    sampler._started = True
    sampler.load_settings(DaemonConfig(daemon.address), Context())
    yield sampler
    sampler._connector._xray_client.close()
    daemon.stop()


def rule(**fields: Any) -> Rule:
    return Rule(**{"name": "r", "priority": 1, "fixed_rate": 0.0, "reservoir_size": 0, **fields})


def ask(sampler: Any, path: str = "/hello") -> Any:
    """Return the deciding rule's name, or False."""
    return sampler.should_trace({"host": "h", "method": "GET", "path": path, "service": "s"})


def test_the_sampler_decides_by_the_rules_it_fetches(sampler: Any, sampling: Sampling) -> None:
    """Rate 1 and rate 0, told apart by the path."""
    sampling.create(rule(name="all", url_path="/all", fixed_rate=1.0))
    sampling.create(rule(name="none", priority=2))
    sampler._rule_poller._refresh_cache()
    assert ask(sampler, "/ALL") == "all"
    assert ask(sampler) is False


def test_the_sampler_borrows_then_takes_its_quota(sampler: Any, sampling: Sampling) -> None:
    """One per second until its first report, then the whole reservoir."""
    sampling.create(rule(reservoir_size=1000))
    sampler._rule_poller._refresh_cache()
    assert ask(sampler) == "r"
    assert sampler._cache.rules[0].borrow_count == 1
    sampler._target_poller._do_work()
    assert sampler._cache.rules[0].reservoir.quota == 1000
    assert [ask(sampler) for _ in range(20)] == ["r"] * 20
    (summary,) = sampling.summaries()
    assert (summary.requests, summary.borrowed) == (1, 1)


def test_the_sampler_follows_a_rule_that_changes_in_the_second_of_its_fetch(
    sampler: Any, sampling: Sampling, clock: Clock
) -> None:
    """The next target poll tells it to fetch the rules again, long before five minutes are over."""
    sampling.create(rule(fixed_rate=1.0))
    sampler._rule_poller._refresh_cache()
    sampler._rule_poller._time_to_wait = 300
    assert ask(sampler) == "r"
    clock.now = int(time.time()) + 0.999
    sampling.update("r", fixed_rate=0.0)
    sampler._target_poller._do_work()
    assert sampler._rule_poller._time_elapsed > sampler._rule_poller._time_to_wait
    sampler._rule_poller._refresh_cache()
    assert ask(sampler) is False


def test_a_new_rate_arrives_with_the_targets(sampler: Any, sampling: Sampling) -> None:
    """Even before the rules are fetched again."""
    sampling.create(rule(fixed_rate=1.0))
    sampler._rule_poller._refresh_cache()
    assert ask(sampler) == "r"
    sampling.update("r", fixed_rate=0.0)
    sampler._target_poller._do_work()
    assert ask(sampler) is False
