"""Whether a metric alarm fires: from the datapoints of its periods to a state with CloudWatch's reason.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

from __future__ import annotations

import datetime as dt
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

State = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
Missing = Literal["missing", "ignore", "breaching", "notBreaching"]

_OPERATORS: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}
OPERATORS = frozenset(_OPERATORS)

_FURTHER = 2
"""CloudWatch looks at more periods than the alarm evaluates, to find enough datapoints. How many more is not
published; its examples have five for three."""


@dataclass(frozen=True)
class Rule:
    """What an alarm says: it fires when `needed` of the last `periods` datapoints breach the threshold.

    `missing` is what becomes of periods without a datapoint.
    """

    operator: str
    threshold: float
    periods: int = 1
    needed: int = 1
    missing: Missing = "missing"

    @property
    def reach(self) -> int:
        """How many periods to look at."""
        return self.periods + _FURTHER

    def is_breaching(self, value: float) -> bool:
        return _OPERATORS[self.operator][0](value, self.threshold)


class Datapoint(NamedTuple):
    """The statistic of the period that begins at `at`, in epoch seconds."""

    at: float
    value: float


class Verdict(NamedTuple):
    """The state an alarm is to have, and why; `evaluated` are the datapoints behind it, newest first."""

    state: State
    reason: str
    evaluated: tuple[Datapoint, ...]


def judge(rule: Rule, points: Sequence[Datapoint], current: State) -> Verdict:
    """Return what an alarm in the state `current` becomes by the datapoints that were found, newest first."""
    evaluated = tuple(points[: rule.periods])
    absent = rule.periods - len(evaluated)
    breaching = sum(rule.is_breaching(point.value) for point in evaluated)
    if not absent:
        state: State = "ALARM" if breaching >= rule.needed else "OK"
    else:
        state = _with_missing(rule, breaching, len(evaluated), current)
    return Verdict(state, _reason(rule, state, evaluated, current), evaluated)


def _with_missing(rule: Rule, breaching: int, found: int, current: State) -> State:
    absent = rule.periods - found
    if rule.missing in {"breaching", "notBreaching"}:
        filled = absent if rule.missing == "breaching" else 0
        return "ALARM" if breaching + filled >= rule.needed else "OK"
    if breaching >= rule.needed:
        return "ALARM"
    if rule.missing == "ignore":
        return "OK" if found > breaching else current
    if not found:
        return "INSUFFICIENT_DATA"
    # Nothing but breaching datapoints is enough, even when they are fewer than needed.
    return "ALARM" if breaching == found else "OK"


def _reason(rule: Rule, state: State, evaluated: Sequence[Datapoint], current: State) -> str:
    if not evaluated and state == "INSUFFICIENT_DATA":
        return f"Insufficient Data: {_count(rule.periods, 'datapoint was', 'datapoints were')} unknown."
    if not evaluated:
        return (
            f"Threshold Crossed: no datapoints were received for {_count(rule.periods, 'period', 'periods')} "
            f"and {_count(rule.periods, 'missing datapoint was', 'missing datapoints were')} treated as "
            f"[{'Breaching' if state == 'ALARM' else 'NonBreaching'}]."
        )
    said = [point for point in evaluated if rule.is_breaching(point.value) is (state == "ALARM")]
    needed = rule.needed if state == "ALARM" else rule.periods - rule.needed + 1
    return (
        f"Threshold Crossed: {len(said)} out of the last {rule.periods} datapoints "
        f"[{', '.join(map(_said, said))}] {'was' if len(said) == 1 else 'were'} "
        f"{'' if state == 'ALARM' else 'not '}{_OPERATORS[rule.operator][1]} the threshold "
        f"({rule.threshold}) (minimum {_count(needed, 'datapoint', 'datapoints')} for "
        f"{current} -> {state} transition)."
    )


def _said(point: Datapoint) -> str:
    return f"{point.value} ({dt.datetime.fromtimestamp(point.at, dt.UTC):%d/%m/%y %H:%M:%S})"


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
