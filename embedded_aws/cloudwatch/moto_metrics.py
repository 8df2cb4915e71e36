"""Our metrics among moto's: what `GetMetricStatistics` and `GetMetricData` show."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from moto.cloudwatch.models import Dimension, MetricAggregatedDatum, MetricDatum, MetricDatumBase

from embedded_aws.cloudwatch.statistics import Values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embedded_aws.cloudwatch.metrics import Bucket, Metric, Metrics


class Published(MetricAggregatedDatum):
    """A bucket as moto sees one; it grows with the bucket."""

    def __init__(self, metric: Metric, bucket: Bucket) -> None:
        dimensions = [{"Name": name, "Value": value} for name, value in metric.dimensions]
        at = dt.datetime.fromtimestamp(bucket.start, dt.UTC).replace(tzinfo=None)
        MetricDatumBase.__init__(self, metric.namespace, metric.name, dimensions, at, metric.unit)
        self.bucket = bucket

    def __getattr__(self, name: str) -> float:
        own = {"min": "low", "max": "high", "sample_count": "count", "sum": "total"}
        if name not in own:
            raise AttributeError(name)
        return float(getattr(self.bucket, own[name]))


def publish(data: list[Any], metrics: Metrics) -> None:
    """Make moto's list hold our buckets, each once, without those that were dropped.

    One element at a time: moto's own threads may append to the list meanwhile.
    """
    there = {one.bucket: one for one in data if isinstance(one, Published)}
    for metric, bucket in metrics.buckets():
        if there.pop(bucket, None) is None:
            data.append(Published(metric, bucket))
    for dropped in there.values():
        data.remove(dropped)


def values_of(data: list[Any], alarm: Any) -> Iterator[tuple[float, Values]]:
    """Return the values of an alarm's metric, with their time in epoch seconds."""
    dimensions = _names(alarm.dimensions)
    for one in data:
        if (one.name, one.namespace) != (alarm.metric_name, alarm.namespace):
            continue
        if _names(one.dimensions) == dimensions and alarm.unit in {None, one.unit}:
            yield _seconds(one.timestamp), _values(one)


def _names(dimensions: list[Dimension]) -> set[tuple[str | None, str | None]]:
    return {(dimension.name, dimension.value) for dimension in dimensions}


def _seconds(moment: dt.datetime) -> float:
    return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp()


def _values(one: Any) -> Values:
    if isinstance(one, MetricDatum):
        return Values(one.value, 1, one.value, one.value, [(one.value, 1)])
    counts = list(one.bucket.values.items()) if isinstance(one, Published) else None
    return Values(one.sum, one.sample_count, one.min, one.max, counts)
