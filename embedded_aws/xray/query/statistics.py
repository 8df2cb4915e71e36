"""Counts, times and histograms of a service or an edge, as the service graph reports them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping

Key = TypeVar("Key", str, int)
Outcome = Literal["ok", "throttle", "error", "fault"]


def outcome(fields: Mapping[str, Any]) -> Outcome:
    """Sort a segment or subsegment into exactly one count; what is also a fault counts as a fault.

    Only the flags decide. Whether X-Ray looks at `http.response.status` when they are absent is not known,
    and all SDKs send them.
    """
    if fields.get("fault") is True:
        return "fault"
    if fields.get("throttle") is True:
        return "throttle"
    return "error" if fields.get("error") is True else "ok"


@dataclass(slots=True)
class Tally:
    """Times in epoch seconds; histograms map milliseconds to counts.

    Plain dicts: a map of many traces sums thousands of these, and `Counter` takes three times as long.
    """

    start: float = math.inf
    end: float = -math.inf
    outcomes: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    responses: dict[int, int] = field(default_factory=dict)
    durations: dict[int, int] = field(default_factory=dict)

    def add(
        self,
        fields: Mapping[str, Any],
        start: float,
        end: float | None,
        *,
        duration: float = 0.0,
        is_synchronous: bool = True,
    ) -> None:
        """Count one request; one in progress has no outcome yet and is not counted.

        `duration` is longer than the response where work went on after it. Nobody waits for the response
        of an asynchronous call, so it has no place in the histogram.
        """
        self.start = min(self.start, start)
        self.end = max(self.end, start if end is None else end)
        if end is not None:
            response = max(0.0, end - start)
            _count(self.outcomes, outcome(fields))
            self.seconds += response
            if is_synchronous:
                _count(self.responses, round(response * 1000))
            _count(self.durations, round(max(duration, response) * 1000))

    def merge(self, other: Tally) -> None:
        self.start = min(self.start, other.start)
        self.end = max(self.end, other.end)
        self.seconds += other.seconds
        _sum(self.outcomes, other.outcomes)
        _sum(self.responses, other.responses)
        _sum(self.durations, other.durations)

    def summary(self) -> dict[str, Any]:
        """`ServiceStatistics`, which is also `EdgeStatistics`."""
        counts = {name: self.outcomes.get(name, 0) for name in get_args(Outcome)}
        return {
            "OkCount": counts["ok"],
            "ErrorStatistics": {
                "ThrottleCount": counts["throttle"],
                "OtherCount": counts["error"],
                "TotalCount": counts["throttle"] + counts["error"],
            },
            "FaultStatistics": {"OtherCount": counts["fault"], "TotalCount": counts["fault"]},
            "TotalCount": sum(counts.values()),
            "TotalResponseTime": self.seconds,
        }

    def times(self) -> dict[str, float]:
        return {} if self.start > self.end else {"StartTime": self.start, "EndTime": self.end}


def _count(mine: dict[Key, int], key: Key) -> None:
    mine[key] = mine.get(key, 0) + 1


def _sum(mine: dict[Key, int], others: Mapping[Key, int]) -> None:
    if not mine:
        mine.update(others)
        return
    for key, count in others.items():
        mine[key] = mine.get(key, 0) + count


def histogram(counts: Mapping[int, int]) -> list[dict[str, float]]:
    """`Histogram`: seconds at millisecond precision, without buckets, as X-Ray answers."""
    return [{"Value": milliseconds / 1000, "Count": count} for milliseconds, count in sorted(counts.items())]
