"""What API Gateway, Lambda and SQS measure, as CloudWatch gets it: in memory, bounded, cheap to write.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
"""

from __future__ import annotations

import math
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from embedded_aws.aws.ids import Clock

BUCKET = 10
"""Seconds that values are summed up over. AWS publishes these metrics by the minute; with this, the shortest
period of an alarm works as well."""

KEPT = 3 * 3600
"""Seconds that values are kept: as long as CloudWatch keeps those of less than a minute."""

_APIS = "AWS/ApiGateway"
_FUNCTIONS = "AWS/Lambda"
_QUEUES = "AWS/SQS"
_AGE = "ApproximateAgeOfOldestMessage"
_TIMES = frozenset({"Latency", "IntegrationLatency", "Duration"})
_FLAGS = frozenset({0.0, 1.0})
_DIGITS = 3


@dataclass(frozen=True)
class Metric:
    """One series: its name, the dimensions as (name, value), the unit."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    unit: str


@dataclass(eq=False, slots=True)
class Bucket:
    """The values of a few seconds from `start` on, in epoch seconds.

    `values` counts them, rounded to three digits, so that percentiles cost little memory.
    """

    start: float
    total: float = 0.0
    count: int = 0
    low: float = math.inf
    high: float = -math.inf
    values: dict[float, int] = field(default_factory=dict)

    def add(self, value: float) -> None:
        self.total += value
        self.count += 1
        self.low = min(self.low, value)
        self.high = max(self.high, value)
        rounded = value if value in _FLAGS else float(f"{value:.{_DIGITS}g}")
        self.values[rounded] = self.values.get(rounded, 0) + 1


class _Series:
    """The buckets of one metric, the newest last."""

    def __init__(self, metric: Metric) -> None:
        self.metric = metric
        self.buckets: deque[Bucket] = deque()

    def add(self, start: float, value: float) -> None:
        buckets = self.buckets
        if not buckets or buckets[-1].start < start:
            buckets.append(Bucket(start))
            while buckets[0].start < start - KEPT:
                buckets.popleft()
        buckets[-1].add(value)


class Metrics:
    """Takes measurements, which count from the moment they are taken.

    AWS dates those of Lambda back to the invocation's start. Here a period that is over stays as it was, so
    that an alarm that looks once sees everything.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._series: dict[tuple[str, ...], dict[str, _Series]] = {}
        self._running: Counter[str] = Counter()

    def request(self, api: str, stage: str, status: int, seconds: float, called: float | None) -> None:
        """Count a request to an API that took so many seconds, and its integration `called` of them."""
        measured = {
            "Count": 1.0,
            # 0 for every other request: so that the average is the share of errors.
            "4XXError": float(400 <= status < 500),
            "5XXError": float(status >= 500),
            "Latency": seconds * 1000,
        }
        if called is not None:
            measured["IntegrationLatency"] = called * 1000
        for names in ((_APIS, "ApiName", api), (_APIS, "ApiName", api, "Stage", stage)):
            self._record(names, measured)

    def began(self, function: str) -> None:
        """Count one more run of a function."""
        self._running[function] += 1
        self._function(function, {"ConcurrentExecutions": float(self._running[function])})

    def ended(self, function: str, seconds: float, *, failed: bool) -> None:
        """Count a run that is over."""
        self._running[function] -= 1
        measured = {"Invocations": 1.0, "Errors": float(failed), "Throttles": 0.0, "Duration": seconds * 1000}
        self._function(function, measured)

    def throttled(self, function: str) -> None:
        """Count an invocation that Lambda did not let run; it is no invocation and no error."""
        self._function(function, {"Throttles": 1.0})

    def queue(self, name: str, *, visible: int, in_flight: int, delayed: int, oldest: float | None) -> None:
        """Note how many messages a queue has, and for how many seconds the oldest, if there is one."""
        measured = {
            "ApproximateNumberOfMessagesVisible": float(visible),
            "ApproximateNumberOfMessagesNotVisible": float(in_flight),
            "ApproximateNumberOfMessagesDelayed": float(delayed),
        }
        if oldest is not None:
            measured[_AGE] = oldest
        self._record((_QUEUES, "QueueName", name), measured)

    def buckets(self) -> Iterator[tuple[Metric, Bucket]]:
        """Return all that is kept."""
        for named in self._series.values():
            for series in named.values():
                for bucket in series.buckets:
                    yield series.metric, bucket

    def _function(self, function: str, measured: Mapping[str, float]) -> None:
        self._record((_FUNCTIONS,), measured)
        self._record((_FUNCTIONS, "FunctionName", function), measured)

    def _record(self, place: tuple[str, ...], measured: Mapping[str, float]) -> None:
        """Add values to the metrics of a namespace with dimensions: name and value in turn."""
        known = self._series.setdefault(place, {})
        start = self._clock() // BUCKET * BUCKET
        for name, value in measured.items():
            series = known.get(name)
            if series is None:
                series = known[name] = _Series(_metric(name, *place))
            series.add(start, value)


def _metric(name: str, namespace: str, *dimensions: str) -> Metric:
    unit = "Milliseconds" if name in _TIMES else "Seconds" if name == _AGE else "Count"
    return Metric(namespace, name, tuple(zip(dimensions[::2], dimensions[1::2], strict=True)), unit)
