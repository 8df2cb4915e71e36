"""What SQS measures: moto's queues as they are now, looked at whenever metrics are.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from embedded_aws.aws.moto import MotoAws
    from embedded_aws.cloudwatch.metrics import Metrics


def measure_queues(moto: MotoAws, metrics: Metrics) -> None:
    """Measure each queue: messages to be received, in flight, delayed, and the age of the oldest."""
    for backend in moto.used_backends("sqs").values():
        for queue in list(backend.queues.values()):
            metrics.queue(
                queue.name,
                visible=int(queue.approximate_number_of_messages),
                in_flight=int(queue.approximate_number_of_messages_not_visible),
                delayed=int(queue.approximate_number_of_messages_delayed),
                oldest=_age(queue),
            )


def _age(queue: Any) -> float | None:
    """Return how many seconds the oldest message is in the queue; an empty one has none."""
    sent = [message.sent_timestamp for message in list(queue._messages)]  # noqa: SLF001 - also those in flight
    return max(0.0, time.time() - min(sent) / 1000) if sent else None
