from __future__ import annotations

from dataclasses import dataclass

import pytest

from embedded_aws.cloudwatch.metrics import KEPT, Bucket, Metric, Metrics
from embedded_aws.cloudwatch.statistics import Values, is_known, statistic


@dataclass
class Time:
    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def of(metrics: Metrics, name: str, *dimensions: str) -> list[Bucket]:
    """Return the buckets of one metric, by the values of its dimensions."""
    return [
        bucket
        for metric, bucket in metrics.buckets()
        if metric.name == name and tuple(value for _, value in metric.dimensions) == dimensions
    ]


def test_the_average_of_errors_is_their_share() -> None:
    """Every request counts for both error metrics, with 1 or 0."""
    metrics = Metrics(Time())
    for status in (200, 200, 502, 404):
        metrics.request("api", "dev", status, 0.5, 0.25)
    (failed,), (refused,) = of(metrics, "5XXError", "api", "dev"), of(metrics, "4XXError", "api", "dev")
    assert (failed.total / failed.count, refused.total / refused.count) == (0.25, 0.25)


def test_a_request_is_measured_for_its_stage_and_its_api() -> None:
    """Both are in milliseconds; what reached no integration has no latency of one."""
    metrics = Metrics(Time())
    metrics.request("api", "dev", 200, 0.5, 0.25)
    metrics.request("api", "dev", 429, 0.001, None)
    for dimensions in (("api",), ("api", "dev")):
        assert [bucket.high for bucket in of(metrics, "Latency", *dimensions)] == [500]
        assert [bucket.count for bucket in of(metrics, "IntegrationLatency", *dimensions)] == [1]
        assert [bucket.total for bucket in of(metrics, "Count", *dimensions)] == [2]


def test_runs_of_a_function_are_measured() -> None:
    """Invocations, errors, throttles, durations, and how many ran at once."""
    metrics = Metrics(Time())
    metrics.began("worker")
    metrics.began("worker")
    metrics.ended("worker", 0.2, failed=True)
    metrics.ended("worker", 0.1, failed=False)
    metrics.throttled("worker")
    totals = {name: of(metrics, name, "worker")[0].total for name in ("Invocations", "Errors", "Throttles")}
    assert totals == {"Invocations": 2, "Errors": 1, "Throttles": 1}
    assert of(metrics, "ConcurrentExecutions", "worker")[0].high == 2
    assert of(metrics, "Duration", "worker")[0].high == 200


def test_memory_is_bounded() -> None:
    """Values of the same seconds share a bucket, old buckets go, and similar values are one."""
    time = Time()
    metrics = Metrics(time)
    for number in range(5000):
        metrics.ended("worker", 1 + number / 5000, failed=False)
    (bucket,) = of(metrics, "Duration", "worker")
    assert (bucket.count, len(bucket.values)) == (5000, 101)
    for _ in range(3 * KEPT // 60):
        time.now += 60
        metrics.ended("worker", 1, failed=False)
    assert len(of(metrics, "Duration", "worker")) == KEPT // 60 + 1
    assert all(isinstance(metric, Metric) for metric, _ in metrics.buckets())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Sum", 10),
        ("Average", 2.5),
        ("Minimum", 1),
        ("Maximum", 4),
        ("SampleCount", 4),
        ("p50", 2),
        ("p99.9", 4),
    ],
)
def test_a_statistic_sums_up_a_period(name: str, expected: float) -> None:
    """Those of CloudWatch, of values that came in several parts."""
    parts = [Values(3, 2, 1, 2, [(1, 1), (2, 1)]), Values(7, 2, 3, 4, [(3, 1), (4, 1)])]
    assert statistic(name, parts) == expected


def test_a_percentile_needs_values() -> None:
    """Sums alone have none, and nothing has no statistic."""
    assert statistic("p90", [Values(3, 2, 1, 2)]) is None
    assert statistic("Sum", []) is None


@pytest.mark.parametrize("name", ["p", "p101", "tm90", "", "average"])
def test_other_statistics_are_not_known(name: str) -> None:
    """An alarm with such a statistic is left alone."""
    assert not is_known(name)
