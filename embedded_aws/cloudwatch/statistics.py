"""CloudWatch's statistics of a period."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_SUMS = {"Sum", "SampleCount", "Average", "Minimum", "Maximum"}
_PERCENTILE = re.compile(r"p(100|\d{1,2}(\.\d{1,10})?)")


@dataclass(frozen=True)
class Values:
    """Some values of one metric; `counts` (value, how often) is absent when only their sums are known."""

    total: float
    count: float
    low: float
    high: float
    counts: Iterable[tuple[float, float]] | None = None


def is_known(name: str) -> bool:
    """Tell whether `statistic` can be asked for it."""
    return name in _SUMS or _PERCENTILE.fullmatch(name) is not None


def statistic(name: str, values: list[Values]) -> float | None:
    """Return `Average` or `p99.9` of a period; `None` without values, or where only sums are known.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
    """
    count = sum(value.count for value in values)
    if not count:
        return None
    if name not in _SUMS:
        return _percentile(float(name.removeprefix("p")), values)
    total = sum(value.total for value in values)
    return {
        "Sum": total,
        "SampleCount": count,
        "Average": total / count,
        "Minimum": min(value.low for value in values),
        "Maximum": max(value.high for value in values),
    }[name]


def _percentile(percent: float, values: list[Values]) -> float | None:
    """Return the smallest value that so many percent of all do not exceed."""
    counts: dict[float, float] = {}
    for one in values:
        if one.counts is None:
            return None
        for value, count in one.counts:
            counts[value] = counts.get(value, 0) + count
    wanted, passed = sum(counts.values()) * percent / 100, 0.0
    for value in sorted(counts):
        passed += counts[value]
        if passed >= wanted:
            return value
    return max(counts)
