"""Sampling: rules, decisions at the head of a trace, quotas for SDKs that decide by themselves.

https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sampling.html

How AWS divides a rule's reservoir among the services that use it is not published. Here every client
that has reported within `CLIENT_SECONDS` gets an equal share, the gateway like any other; so all shares
together are never more than the reservoir, up to the ten seconds until a client asks again.
"""

from __future__ import annotations

import dataclasses
import math
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from embedded_aws.aws.errors import AwsError, InvalidRequestError
from embedded_aws.aws.interfaces import Draw, PassedOver, SamplingDecision, SamplingRequest
from embedded_aws.xray.sampling_rules import DEFAULT, DEFAULT_NAME, Rule, check

if TYPE_CHECKING:
    from embedded_aws.aws.ids import Clock

Random = Callable[[], float]
"""A number in [0, 1), as `random.random`."""

MOST_RULES = 25
"""Custom rules of one account and Region."""

REPORT_SECONDS = 10
"""How often SDKs report; also the length of a statistics window."""

CLIENT_SECONDS = 3 * REPORT_SECONDS
"""How long a client that has fallen silent keeps its share of the reservoirs."""

QUOTA_SECONDS = 300
"""How long an SDK may use its quota without asking again; AWS grants about that."""

STATISTICS_SECONDS = 600
"""How long statistics are kept; AWS says "recent"."""

_GATEWAY = ""
"""The share of the embedded gateway; sorts before all client ids, so it gets the remainder first."""


@dataclass(frozen=True)
class Record:
    """A rule and when it was made and changed last, in epoch seconds."""

    rule: Rule
    created_at: float = 0.0
    modified_at: float = 0.0


@dataclass(frozen=True)
class Report:
    """What a client says about one rule since its last report."""

    rule_name: str
    client_id: str
    requests: int
    sampled: int
    borrowed: int


@dataclass(frozen=True)
class Target:
    """What a client may sample: `quota` per second until `quota_ttl` (epoch seconds), then `fixed_rate`."""

    rule_name: str
    fixed_rate: float
    quota: int
    quota_ttl: int
    interval: int = REPORT_SECONDS


@dataclass
class Summary:
    """All requests that one rule decided in the ten seconds from `start`."""

    rule_name: str
    start: int
    requests: int = 0
    sampled: int = 0
    borrowed: int = 0


class Reservoir:
    """Counts what has been taken in the current second."""

    def __init__(self) -> None:
        self._second = 0
        self._taken = 0

    def take(self, now: float, size: int) -> bool:
        """Take one of `size` per second, unless this second has none left."""
        second = math.floor(now)
        if second != self._second:
            self._second, self._taken = second, 0
        if self._taken >= size:
            return False
        self._taken += 1
        return True


@dataclass
class _Share:
    quota: int
    seen: float


@dataclass
class _Usage:
    """How the clients, and the gateway, use one rule's reservoir."""

    reservoir: Reservoir = field(default_factory=Reservoir)
    shares: dict[str, _Share] = field(default_factory=dict)

    def touch(self, client_id: str, now: float, size: int) -> int:
        """Note that a client is there, forget those that are not, and return its share of `size`."""
        self.shares = {
            other: share for other, share in self.shares.items() if now - share.seen < CLIENT_SECONDS
        }
        self.shares.setdefault(client_id, _Share(0, now)).seen = now
        place = sorted(self.shares).index(client_id)
        quota, remainder = divmod(size, len(self.shares))
        self.shares[client_id].quota = quota + (place < remainder)
        return self.shares[client_id].quota

    def left(self, size: int) -> int:
        """Return what the gateway may take per second: all that no client has been given."""
        given = sum(share.quota for client, share in self.shares.items() if client != _GATEWAY)
        return max(0, size - given)


class Sampling:
    """The sampling rules of one account and Region, and all decisions by them; thread-safe.

    `default` is the rule Default until there is another rule: who makes rules decides how much is traced, and
    finds Default as AWS has it.
    """

    def __init__(
        self, clock: Clock = time.time, rand: Random = random.random, default: Rule = DEFAULT
    ) -> None:
        self._clock = clock
        self._random = rand
        self._lock = threading.Lock()
        self._records = {DEFAULT_NAME: Record(default)}
        self._usage: dict[str, _Usage] = {}
        self._summaries: dict[tuple[int, str], Summary] = {}
        self._modified = clock()

    def records(self) -> list[Record]:
        """Return all rules in the order in which they are tried; equal priorities by name."""
        with self._lock:
            return self._ordered()

    def rate_without_rules(self) -> float | None:
        """Return the rate of Default while it is the only rule and nobody has changed it, else `None`."""
        with self._lock:
            default = self._records[DEFAULT_NAME]
            is_untouched = len(self._records) == 1 and not default.modified_at
            return default.rule.fixed_rate if is_untouched else None

    def last_modification(self) -> int:
        """Return when a rule was made, changed or deleted last, as whole epoch seconds, rounded up.

        The X-Ray SDK compares whole seconds: rounded down, a change in the second in which it has just
        fetched the rules would stay unseen for five minutes.
        """
        with self._lock:
            return math.ceil(self._modified)

    def create(self, rule: Rule) -> Record:
        """Add a rule. Raises `InvalidRequestError`, or RuleLimitExceededException at the 26th."""
        check(rule)
        with self._lock:
            if rule.name in self._records:
                raise InvalidRequestError(
                    f"A sampling rule named {rule.name!r} exists already; update it instead"
                )
            if len(self._records) > MOST_RULES:
                message = f"There are {MOST_RULES} sampling rules already; delete one first"
                raise AwsError("RuleLimitExceededException", message)
            now = self._touch_rules()
            if not self._records[DEFAULT_NAME].modified_at:
                self._records[DEFAULT_NAME] = Record(DEFAULT)
            record = self._records[rule.name] = Record(rule, now, now)
            return record

    def update(self, name: str, **changes: Any) -> Record:
        """Change fields of a rule. Raises `InvalidRequestError`: unknown, not allowed, or of Default."""
        with self._lock:
            record = self._find(name)
            rule = dataclasses.replace(record.rule, **changes)
            check(rule)
            if name == DEFAULT_NAME and _pattern(rule) != _pattern(record.rule):
                raise InvalidRequestError(
                    "Invalid update request for default sampling rule:"
                    " only FixedRate and ReservoirSize may change"
                )
            record = self._records[name] = dataclasses.replace(
                record, rule=rule, modified_at=self._touch_rules()
            )
            return record

    def delete(self, name: str) -> Record:
        """Remove a rule and return it. Raises `InvalidRequestError`: unknown, or Default."""
        with self._lock:
            self._find(name)
            if name == DEFAULT_NAME:
                raise InvalidRequestError("The sampling rule 'Default' cannot be deleted")
            self._touch_rules()
            self._usage.pop(name, None)
            return self._records.pop(name)

    def decide(self, request: SamplingRequest) -> SamplingDecision:
        """Decide for one request that came without a decision, and count it for its rule."""
        with self._lock:
            now = self._clock()
            rule, passed_over = self._match(request)
            usage = self._usage.setdefault(rule.name, _Usage())
            usage.touch(_GATEWAY, now, rule.reservoir_size)
            share = usage.left(rule.reservoir_size)
            taken = usage.reservoir.take(now, share)
            sampled = taken or self._random() < rule.fixed_rate
            self._count(now, Report(rule.name, _GATEWAY, 1, int(sampled), 0))
            draw = Draw(
                taken,
                rule.reservoir_size,
                share,
                rule.fixed_rate,
                rule.priority,
                boosted=rule.boost is not None,
                passed_over=passed_over,
            )
            return SamplingDecision(sampled, rule.name, draw)

    def target(self, report: Report) -> Target | None:
        """Take a client's report and return what it may sample from now on; None for an unknown rule."""
        with self._lock:
            record = self._records.get(report.rule_name)
            if record is None:
                return None
            now = self._clock()
            self._count(now, report)
            usage = self._usage.setdefault(report.rule_name, _Usage())
            quota = usage.touch(report.client_id, now, record.rule.reservoir_size)
            return Target(report.rule_name, record.rule.fixed_rate, quota, math.floor(now) + QUOTA_SECONDS)

    def summaries(self) -> list[Summary]:
        """Return what was decided in the last ten minutes, oldest window first, then by rule."""
        with self._lock:
            self._forget(self._clock())
            return [dataclasses.replace(self._summaries[key]) for key in sorted(self._summaries)]

    def _ordered(self) -> list[Record]:
        return sorted(self._records.values(), key=lambda record: (record.rule.priority, record.rule.name))

    def _match(self, request: SamplingRequest) -> tuple[Rule, tuple[PassedOver, ...]]:
        """Return the first rule that matches, as Default does at the latest, and those tried before."""
        passed_over: list[PassedOver] = []
        for rule in (record.rule for record in self._ordered()):
            mismatch = rule.mismatch(request)
            if mismatch is None:
                return rule, tuple(passed_over)
            passed_over.append(PassedOver(rule.name, rule.priority, *mismatch))
        raise AssertionError  # Default's patterns cannot change

    def _find(self, name: str) -> Record:
        if name not in self._records:
            raise InvalidRequestError(f"There is no sampling rule named {name!r}")
        return self._records[name]

    def _touch_rules(self) -> float:
        self._modified = self._clock()
        return self._modified

    def _count(self, now: float, report: Report) -> None:
        start = math.floor(now) // REPORT_SECONDS * REPORT_SECONDS
        key = (start, report.rule_name)
        if key not in self._summaries:
            self._forget(now)
            self._summaries[key] = Summary(report.rule_name, start)
        summary = self._summaries[key]
        summary.requests += report.requests
        summary.sampled += report.sampled
        summary.borrowed += report.borrowed

    def _forget(self, now: float) -> None:
        self._summaries = {
            key: summary for key, summary in self._summaries.items() if now - key[0] < STATISTICS_SECONDS
        }


class LambdaSampler:
    """Lambda's own decision for active tracing without an upstream one: 1 per second, 5 % of the rest.

    No rule changes it, on AWS neither. Each function has its own second. `rate`, when it gives one, is the
    share of the rest in the place of these 5 %.
    https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html
    """

    RATE = 0.05
    PER_SECOND = 1

    def __init__(
        self,
        clock: Clock = time.time,
        rand: Random = random.random,
        rate: Callable[[], float | None] = lambda: None,
    ) -> None:
        self._clock = clock
        self._random = rand
        self._rate = rate
        self._lock = threading.Lock()
        self._reservoirs: dict[str, Reservoir] = {}

    def decide(self, function_arn: str) -> SamplingDecision:
        """Decide whether this invocation of the function starts a trace."""
        with self._lock:
            reservoir = self._reservoirs.setdefault(function_arn, Reservoir())
            taken = reservoir.take(self._clock(), self.PER_SECOND)
            given = self._rate()
            rate = self.RATE if given is None else given
            draw = Draw(taken, self.PER_SECOND, self.PER_SECOND, rate)
            return SamplingDecision(taken or self._random() < rate, draw=draw)


def _pattern(rule: Rule) -> Rule:
    """Return the rule without its numbers of sampled requests."""
    return dataclasses.replace(rule, fixed_rate=0.0, reservoir_size=0)
