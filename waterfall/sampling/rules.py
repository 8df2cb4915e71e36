"""X-Ray's sampling rules, and which one decides about a request: a dry run, nothing is counted.

https://docs.aws.amazon.com/xray/latest/devguide/xray-console-sampling.html
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from waterfall.traces.model import STAGE

_ANY = "*"


@dataclass(frozen=True, slots=True)
class Rule:
    """`reservoir` requests per second are traced, then `rate` (0 to 1) of the rest.

    The other fields are patterns: `*` is any text, `?` one character, case does not matter.
    """

    name: str
    priority: int
    reservoir: int
    rate: float
    service: str = _ANY
    service_type: str = _ANY
    host: str = _ANY
    method: str = _ANY
    path: str = _ANY
    headers: Mapping[str, str] = field(default_factory=dict)
    resource: str = _ANY

    def matches(self, request: SamplingRequest) -> bool:
        """Tell whether the rule is for this request; what is not known of it, as its host, matches."""
        known = (
            (self.service, request.service),
            (self.service_type, STAGE if request.service else None),
            (self.method, request.method),
            (self.path, request.full_path),
            (self.resource, request.resource),
        )
        given = {name.lower(): value for name, value in request.headers.items()}
        return all(text is None or matches(pattern, text) for pattern, text in known) and all(
            name.lower() in given and matches(pattern, given[name.lower()])
            for name, pattern in self.headers.items()
        )

    def traced(self, per_second: float) -> float:
        """Return how many of so many requests per second are traced."""
        taken = min(per_second, self.reservoir)
        return taken + (per_second - taken) * self.rate

    @property
    def example(self) -> str:
        """A request that the rule is for, if no earlier one takes it."""
        method = "GET" if self.method == _ANY else self.method.replace("?", "X")
        path = "/" + re.sub(r"\*+", "any", self.path.removeprefix(_ANY).replace("?", "x")).lstrip("/")
        headers = [f"{name}: {value.replace(_ANY, 'any')}" for name, value in self.headers.items()]
        return ", ".join([f"{method} {path}", *headers])


@dataclass(frozen=True, slots=True)
class SamplingRequest:
    """A request as rules see it; `service` is `<api>/<stage>`, which the path that they see begins with.

    `resource` is the ARN of that stage, if it is known.
    """

    method: str
    path: str
    service: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    resource: str | None = None

    @property
    def full_path(self) -> str:
        stage = self.service.rpartition("/")[2] if self.service else ""
        return f"/{stage}{self.path}" if stage else self.path


@dataclass(frozen=True, slots=True)
class Statistics:
    """Requests that one rule decided in `seconds`, and how many of them were traced."""

    rule: str
    requests: int
    sampled: int
    seconds: float

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds


def rules_of(answer: Sequence[Mapping[str, Any]]) -> list[Rule]:
    """Read GetSamplingRules' records, in the order in which rules are tried."""
    found = [_rule(record["SamplingRule"]) for record in answer if "SamplingRule" in record]
    return sorted(found, key=lambda rule: (rule.priority, rule.name))


def statistics_of(answer: Sequence[Mapping[str, Any]], window: float = 10.0) -> list[Statistics]:
    """Add GetSamplingStatisticSummaries' windows up by rule, over all the time that they cover."""
    starts = [item["Timestamp"].timestamp() for item in answer]
    if not starts:
        return []
    seconds = max(starts) - min(starts) + window
    totals: dict[str, tuple[int, int]] = {}
    for item in answer:
        requests, sampled = totals.get(item["RuleName"], (0, 0))
        totals[item["RuleName"]] = (
            requests + item.get("RequestCount", 0),
            sampled + item.get("SampledCount", 0),
        )
    return [Statistics(rule, *counts, seconds) for rule, counts in totals.items()]


def decide(rules: Sequence[Rule], request: SamplingRequest) -> Rule | None:
    """Return the first rule that matches; the rule Default, which every account has, always does."""
    return next((rule for rule in rules if rule.matches(request)), None)


def assumed_service(rules: Sequence[Rule]) -> str | None:
    """Return the API's stage that the rules name, if they name one only."""
    named = {rule.service for rule in rules if not re.search(r"[*?]", rule.service)}
    return named.pop() if len(named) == 1 else None


def ask_for_resource(rules: Sequence[Rule]) -> bool:
    """Tell whether a rule looks at the ARN of what is called."""
    return any(rule.resource != _ANY for rule in rules)


def percent(share: float) -> str:
    return f"{share * 100:.3g} %"


def matches(pattern: str, text: str) -> bool:
    """Match a whole text as the X-Ray SDKs do."""
    whole = fnmatch.translate(pattern.replace("[", "[[]"))
    return re.match(whole, text, re.IGNORECASE) is not None


def _rule(given: Mapping[str, Any]) -> Rule:
    return Rule(
        name=given.get("RuleName", "?"),
        priority=given.get("Priority", 0),
        reservoir=given.get("ReservoirSize", 0),
        rate=given.get("FixedRate", 0.0),
        service=given.get("ServiceName", _ANY),
        service_type=given.get("ServiceType", _ANY),
        host=given.get("Host", _ANY),
        method=given.get("HTTPMethod", _ANY),
        path=given.get("URLPath", _ANY),
        headers=given.get("Attributes") or {},
        resource=given.get("ResourceARN", _ANY),
    )
