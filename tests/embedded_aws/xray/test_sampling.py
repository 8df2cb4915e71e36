from __future__ import annotations

import math
import random
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from embedded_aws.aws.errors import AwsError, InvalidRequestError
from embedded_aws.aws.interfaces import Draw, PassedOver, SamplingDecision, SamplingRequest
from embedded_aws.xray.sampling import LambdaSampler, Report, Reservoir, Sampling
from embedded_aws.xray.sampling_rules import DEFAULT, EVERY_REQUEST, Rule


class FakeClock:
    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def never() -> float:
    return 0.999_999


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def sampling(clock: FakeClock) -> Sampling:
    return Sampling(clock, never)


def rule(name: str = "r", **fields: Any) -> Rule:
    return Rule(**{"name": name, "priority": 100, "fixed_rate": 0.0, "reservoir_size": 0, **fields})


def request(path: str = "/hello", **fields: Any) -> SamplingRequest:
    return SamplingRequest(
        **{"service_name": "api", "service_type": "t", "host": "h", "method": "GET", "path": path, **fields}
    )


def report(rule_name: str = "r", client_id: str = "c", counts: tuple[int, int, int] = (0, 0, 0)) -> Report:
    requests, sampled, borrowed = counts
    return Report(rule_name, client_id, requests, sampled, borrowed)


def quota(sampling: Sampling, client_id: str) -> int:
    target = sampling.target(report(client_id=client_id))
    assert target is not None
    return target.quota


def sampled(sampling: Sampling, count: int) -> int:
    return sum(sampling.decide(request()).sampled for _ in range(count))


def test_the_default_rule_decides_when_no_other_matches(sampling: Sampling) -> None:
    """Its reservoir is one per second."""
    assert sampling.decide(request()) == SamplingDecision(sampled=True, rule_name="Default")
    assert sampling.decide(request()) == SamplingDecision(sampled=False, rule_name="Default")


def test_the_lowest_priority_number_decides(sampling: Sampling) -> None:
    """Rules after the first match are not asked."""
    sampling.create(rule("late", priority=20, fixed_rate=1.0))
    sampling.create(rule("early", priority=10))
    assert sampling.decide(request()) == SamplingDecision(sampled=False, rule_name="early")


def test_equal_priorities_go_by_name(sampling: Sampling) -> None:
    """As in the SDKs, so that all choose the same."""
    for name in ("b", "a", "c"):
        sampling.create(rule(name))
    assert sampling.decide(request()).rule_name == "a"
    assert [record.rule.name for record in sampling.records()] == ["a", "b", "c", "Default"]


@pytest.mark.parametrize("size", [0, 1, 7])
def test_the_reservoir_is_exact_per_second(sampling: Sampling, clock: FakeClock, size: int) -> None:
    """With rate 0 each second has the reservoir and no more, however its requests are spread."""
    sampling.create(rule(reservoir_size=size))
    for _ in range(5):
        assert sampled(sampling, 20) == size
        clock.now += 0.5
        assert sampled(sampling, 20) == 0
        clock.now += 0.5


def test_a_quiet_second_is_not_saved_up(sampling: Sampling, clock: FakeClock) -> None:
    """What is left of a second is gone with it."""
    sampling.create(rule(reservoir_size=2))
    clock.now += 60
    assert sampled(sampling, 10) == 2


def test_after_the_reservoir_the_rate_decides(clock: FakeClock) -> None:
    """A random number below the rate is sampled, the rate itself is not."""
    numbers = iter([0.0, 0.29, 0.3, 0.9])
    sampling = Sampling(clock, lambda: next(numbers))
    sampling.create(rule(fixed_rate=0.3))
    assert [sampling.decide(request()).sampled for _ in range(4)] == [True, True, False, False]


def test_rate_0_samples_nothing_and_rate_1_everything(clock: FakeClock) -> None:
    """Also for the extreme random numbers."""
    sampling = Sampling(clock, lambda: 0.0)
    sampling.create(rule())
    assert sampled(sampling, 10) == 0
    sampling = Sampling(clock, never)
    sampling.create(rule(fixed_rate=1.0))
    assert sampled(sampling, 10) == 10


def test_many_requests_come_out_as_calculated(clock: FakeClock) -> None:
    """10,000 requests over 100 seconds: reservoirs exact, rates within 4 sigma."""
    sampling = Sampling(clock, random.Random(7).random)  # noqa: S311 - seeded on purpose
    sampling.create(rule("critical", priority=1, url_path="/checkout*", fixed_rate=1.0))
    sampling.create(rule("health", priority=2, url_path="/health"))
    sampling.create(rule("orders", priority=3, url_path="/orders/*", reservoir_size=5, fixed_rate=0.1))
    sampling.create(rule("reports", priority=4, url_path="/reports", reservoir_size=3))
    paths = ["/checkout/1", "/health", "/orders/1", "/other", "/reports"]
    asked: Counter[str] = Counter()
    kept: Counter[str] = Counter()
    start = clock.now
    for number in range(10_000):
        clock.now = start + number / 100
        decision = sampling.decide(request(paths[number % 5]))
        asked[str(decision.rule_name)] += 1
        kept[str(decision.rule_name)] += decision.sampled
    assert asked == dict.fromkeys(["critical", "health", "orders", "Default", "reports"], 2000)
    seconds = 100
    assert (kept["critical"], kept["health"], kept["reports"]) == (2000, 0, 3 * seconds)
    for name, size, rate in (("orders", 5, 0.1), ("Default", 1, 0.05)):
        rest = 2000 - seconds * size
        sigma = math.sqrt(rest * rate * (1 - rate))
        assert abs(kept[name] - (seconds * size + rest * rate)) <= 4 * sigma


def test_a_changed_rule_counts_at_once(sampling: Sampling) -> None:
    """The gateway has no five minutes of delay."""
    sampling.create(rule())
    assert sampled(sampling, 5) == 0
    sampling.update("r", fixed_rate=1.0)
    assert sampled(sampling, 5) == 5
    sampling.delete("r")
    assert sampling.decide(request()).rule_name == "Default"


def test_records_tell_when(sampling: Sampling, clock: FakeClock) -> None:
    """Creation stays, modification moves; Default was always there."""
    sampling.create(rule())
    clock.now += 5
    record = sampling.update("r", host="x")
    assert (record.created_at, record.modified_at) == (1_700_000_000.0, 1_700_000_005.0)
    assert record.rule.host == "x"
    assert sampling.records()[-1].created_at == 0.0


def test_every_change_moves_the_last_modification(sampling: Sampling, clock: FakeClock) -> None:
    """Rounded up to a whole second: samplers compare whole seconds."""
    before = sampling.last_modification()
    seen = []
    changes: list[Callable[[], Any]] = [
        lambda: sampling.create(rule()),
        lambda: sampling.update("r", host="x"),
        lambda: sampling.delete("r"),
    ]
    for change in changes:
        clock.now += 1.25
        change()
        seen.append(sampling.last_modification() - before)
    assert seen == [2, 3, 4]


def test_the_26th_custom_rule_is_refused(sampling: Sampling) -> None:
    """25 beside Default; after a deletion there is room again."""
    for number in range(25):
        sampling.create(rule(f"r{number}"))
    with pytest.raises(AwsError, match="25 sampling rules") as caught:
        sampling.create(rule("one more"))
    assert caught.value.code == "RuleLimitExceededException"
    sampling.delete("r0")
    sampling.create(rule("one more"))


@pytest.mark.parametrize("name", ["r", "Default"])
def test_a_name_is_taken_once(sampling: Sampling, name: str) -> None:
    """Default's as well; the rule that has it stays."""
    sampling.create(rule())
    with pytest.raises(InvalidRequestError, match=f"'{name}' exists already"):
        sampling.create(rule(name, fixed_rate=1.0))
    assert [record.rule.fixed_rate for record in sampling.records()] == [0.0, 0.05]


def test_unknown_rules_are_refused(sampling: Sampling) -> None:
    """Update and delete name what they did not find."""
    with pytest.raises(InvalidRequestError, match="no sampling rule named 'r'"):
        sampling.update("r", host="x")
    with pytest.raises(InvalidRequestError, match="no sampling rule named 'r'"):
        sampling.delete("r")


def test_of_default_only_the_numbers_change(sampling: Sampling) -> None:
    """Rate and reservoir may change, nothing else, and it stays."""
    assert sampling.update("Default", fixed_rate=0.5, reservoir_size=3, host="*").rule.fixed_rate == 0.5
    with pytest.raises(InvalidRequestError, match="Invalid update request for default sampling rule"):
        sampling.update("Default", host="x")
    with pytest.raises(InvalidRequestError, match="cannot be deleted"):
        sampling.delete("Default")
    assert sampling.records()[0].rule.host == "*"


def test_a_bad_update_changes_nothing(sampling: Sampling) -> None:
    """The rule is as it was, the last modification too."""
    sampling.create(rule())
    with pytest.raises(InvalidRequestError, match="FixedRate"):
        sampling.update("r", fixed_rate=2.0, host="x")
    assert sampling.records()[0].rule == rule()


def test_a_target_tells_quota_rate_and_times(sampling: Sampling) -> None:
    """The only client gets the whole reservoir, for five minutes."""
    sampling.create(rule(reservoir_size=10, fixed_rate=0.2))
    target = sampling.target(report())
    assert target is not None
    assert (target.quota, target.fixed_rate, target.interval) == (10, 0.2, 10)
    assert target.quota_ttl == 1_700_000_300


def test_an_unknown_rule_has_no_target(sampling: Sampling) -> None:
    """The client still has a rule that was deleted."""
    assert sampling.target(report("gone")) is None


def test_clients_share_a_reservoir(sampling: Sampling) -> None:
    """Once all have asked, the shares add up to it."""
    sampling.create(rule(reservoir_size=10))
    clients = ["a", "b", "c"]
    for client in clients:
        quota(sampling, client)
    assert [quota(sampling, client) for client in clients] == [4, 3, 3]


def test_a_silent_client_loses_its_share(sampling: Sampling, clock: FakeClock) -> None:
    """After three missed reports."""
    sampling.create(rule(reservoir_size=10))
    quota(sampling, "a")
    assert quota(sampling, "b") == 5
    clock.now += 30
    assert quota(sampling, "b") == 10


def test_the_gateway_shares_with_clients(sampling: Sampling) -> None:
    """It takes only what no client has been given."""
    sampling.create(rule(reservoir_size=10))
    assert sampled(sampling, 1) == 1
    assert quota(sampling, "a") == 5
    assert sampled(sampling, 20) == 4


def test_the_gateway_takes_nothing_while_a_client_has_all(sampling: Sampling) -> None:
    """Until the client asks again and gives up its part."""
    sampling.create(rule(reservoir_size=3))
    assert quota(sampling, "a") == 3
    assert sampled(sampling, 10) == 0
    assert quota(sampling, "a") == 1
    assert sampled(sampling, 10) == 2


def test_statistics_add_up_per_rule_and_ten_seconds(sampling: Sampling, clock: FakeClock) -> None:
    """Gateway and clients together, in windows that start at whole tens."""
    sampling.create(rule(reservoir_size=1))
    clock.now += 3
    sampled(sampling, 4)
    sampling.target(report(counts=(10, 5, 2)))
    clock.now += 10
    sampled(sampling, 2)
    found = [
        (summary.rule_name, summary.start, summary.requests, summary.sampled, summary.borrowed)
        for summary in sampling.summaries()
    ]
    assert found == [("r", 1_700_000_000, 14, 6, 2), ("r", 1_700_000_010, 2, 1, 0)]


def test_old_statistics_are_forgotten(sampling: Sampling, clock: FakeClock) -> None:
    """After ten minutes."""
    sampled(sampling, 1)
    clock.now += 599
    assert len(sampling.summaries()) == 1
    clock.now += 1
    assert sampling.summaries() == []


def test_threads_share_a_reservoir_exactly(clock: FakeClock) -> None:
    """400 decisions by 8 threads in one second take no more than there is."""
    sampling = Sampling(clock, never)
    sampling.create(rule(reservoir_size=100))
    found: list[bool] = []

    def ask() -> None:
        found.extend(sampling.decide(request()).sampled for _ in range(50))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(found), sum(found)) == (400, 100)


def test_a_reservoir_starts_anew_each_second() -> None:
    """A clock that is set back does no harm either."""
    reservoir = Reservoir()
    taken = [reservoir.take(now, 1) for now in (10.0, 10.9, 11.0, 10.5, 10.6)]
    assert taken == [True, False, True, True, False]


def test_a_decision_tells_how_it_came_about(sampling: Sampling) -> None:
    """Whether the reservoir had one left, the rule's numbers then, and which rules were tried before."""
    sampling.create(rule("post", priority=10, http_method="POST"))
    sampling.create(rule("gold", priority=20, attributes={"X-Tenant": "gold"}))
    sampling.create(rule("all", priority=30, reservoir_size=1, fixed_rate=0.05, boost={"MaxRate": 1}))
    passed = (
        PassedOver("post", 10, "HTTPMethod", "POST"),
        PassedOver("gold", 20, "Attributes[X-Tenant]", "gold"),
    )
    draws = [sampling.decide(request()).draw for _ in range(2)]
    assert draws == [Draw(taken, 1, 1, 0.05, 30, True, passed) for taken in (True, False)]


def test_a_decision_tells_what_clients_have_been_lent(sampling: Sampling) -> None:
    """The share is what is left of the reservoir when SDKs sample by the same rule."""
    sampling.create(rule(reservoir_size=1))
    assert quota(sampling, "sdk") == 1
    draw = sampling.decide(request()).draw
    assert draw is not None
    assert (draw.reservoir, draw.share, draw.taken) == (1, 0, False)


def test_lambdas_own_decision_tells_how_it_came_about(clock: FakeClock) -> None:
    """Its numbers are Lambda's, and it has no priority."""
    sampler = LambdaSampler(clock, never)
    assert [sampler.decide("f").draw for _ in range(2)] == [
        Draw(taken, 1, 1, 0.05) for taken in (True, False)
    ]


def test_every_request_is_sampled_until_there_is_a_rule(clock: FakeClock) -> None:
    """With a Default of 100 %, API Gateway and Lambda sample all; a rule brings AWS's Default back."""
    sampling = Sampling(clock, never, EVERY_REQUEST)
    sampler = LambdaSampler(clock, never, sampling.rate_without_rules)
    assert [sampling.decide(request()).sampled for _ in range(3)] == [True] * 3
    assert [sampler.decide("f").sampled for _ in range(3)] == [True] * 3
    sampling.create(rule("orders", url_path="/orders"))
    clock.now += 1
    assert [record.rule for record in sampling.records()][-1] == DEFAULT
    assert [sampling.decide(request()).sampled for _ in range(2)] == [True, False]
    assert [sampler.decide("f").sampled for _ in range(2)] == [True, False]


def test_a_changed_default_stays_as_it_was_changed(clock: FakeClock) -> None:
    """Neither does a later rule take it back, nor do Lambda's own decisions follow it."""
    sampling = Sampling(clock, never, EVERY_REQUEST)
    sampling.update("Default", fixed_rate=0.5)
    sampling.create(rule("orders"))
    assert sampling.records()[-1].rule.fixed_rate == 0.5
    assert sampling.rate_without_rules() is None


def test_lambda_samples_one_per_second_and_function(clock: FakeClock) -> None:
    """Functions do not share, rules do not matter."""
    sampler = LambdaSampler(clock, never)
    asked = ("front", "front", "worker")
    assert [sampler.decide(name).sampled for name in asked] == [True, False, True]
    clock.now += 1
    assert sampler.decide("front").sampled


def test_lambda_samples_5_percent_of_the_rest(clock: FakeClock) -> None:
    """The random number decides after the first of a second."""
    numbers = iter([0.049, 0.05])
    sampler = LambdaSampler(clock, lambda: next(numbers))
    assert [sampler.decide("f").sampled for _ in range(3)] == [True, True, False]


def test_lambdas_own_share_comes_out_as_calculated(clock: FakeClock) -> None:
    """10,000 invocations over 100 seconds: one per second exactly, 5 % of the rest within 4 sigma."""
    sampler = LambdaSampler(clock, random.Random(11).random)  # noqa: S311 - seeded on purpose
    start, kept = clock.now, 0
    for number in range(10_000):
        clock.now = start + number / 100
        kept += sampler.decide("front").sampled
    rest = 10_000 - 100
    assert abs(kept - (100 + rest * 0.05)) <= 4 * math.sqrt(rest * 0.05 * 0.95)
