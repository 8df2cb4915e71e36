"""What CloudWatch knows of queues."""

from __future__ import annotations

from moto.sqs.models import sqs_backends

from embedded_aws.aws.interfaces import ACCOUNT_ID
from embedded_aws.aws.moto import MotoAws
from embedded_aws.cloudwatch.metrics import Metrics
from embedded_aws.cloudwatch.moto_queues import measure_queues

NOW = 1_700_000_000.0


def measured(queue: str) -> dict[str, float]:
    """Return the latest values of a queue's metrics."""
    metrics = Metrics(lambda: NOW)
    measure_queues(MotoAws(), metrics)
    return {
        metric.name: bucket.high
        for metric, bucket in metrics.buckets()
        if (metric.namespace, metric.dimensions) == ("AWS/SQS", (("QueueName", queue),))
    }


def test_a_queue_is_measured_as_it_is() -> None:
    """Messages that wait, are in flight or delayed, and since when the oldest one is there."""
    sqs = sqs_backends[ACCOUNT_ID]["eu-central-1"]
    sqs.create_queue("measured", tags={})
    empty = measured("measured")
    for delay in (0, 0, 900):
        sqs.send_message("measured", "x", delay_seconds=delay)
    sqs.receive_message("measured", 1, 0, 60, [])
    for message in list(sqs.get_queue("measured")._messages):
        vars(message)["sent_timestamp"] -= 100_000
    full = measured("measured")
    assert "ApproximateAgeOfOldestMessage" not in empty
    assert full.pop("ApproximateAgeOfOldestMessage") >= 100
    assert set(empty.values()) == {0.0}
    assert full == {
        "ApproximateNumberOfMessagesVisible": 1,
        "ApproximateNumberOfMessagesNotVisible": 1,
        "ApproximateNumberOfMessagesDelayed": 1,
    }
