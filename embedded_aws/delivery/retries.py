"""When a failed delivery is tried again, and why it is not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from embedded_aws.aws.errors import AwsError

Exhausted = Literal["MaximumRetryAttempts", "MaximumEventAgeInSeconds"]
"""Which limit ended the retries, in EventBridge's words."""

DAY = 86_400.0


@dataclass(frozen=True)
class RetryPolicy:
    """`delays` are the seconds before each retry, the last one before all that follow.

    There are at most `retries`, and none that would begin more than `max_age` seconds after the event.
    """

    delays: Sequence[float]
    retries: int
    max_age: float = math.inf

    def delay(self, retry: int) -> float:
        """Return the seconds before a retry, of which the first is number 1."""
        return self.delays[min(retry, len(self.delays)) - 1] if self.delays else 0.0

    def exhausted(self, failures: int, age: float) -> Exhausted | None:
        """Return what forbids one more attempt after so many failed ones, so many seconds after the event."""
        if failures > self.retries:
            return "MaximumRetryAttempts"
        if age + self.delay(failures) > self.max_age:
            return "MaximumEventAgeInSeconds"
        return None


SNS = RetryPolicy((0, 0, 0, 1, 1, 1, 2, 3, 4, 6, 8, 11, 14, 17, 20), retries=100_014)
"""To AWS's own endpoints; the jitter is left out.

https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
"""
EVENTBRIDGE = RetryPolicy((1, 2, 4, 8, 16, 32, 64, 128, 256, 512), retries=185, max_age=DAY)
"""For 24 hours and up to 185 times; the delays are not published.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
"""
S3 = EVENTBRIDGE
"""S3 promises a delivery at least once; how it retries is not published."""
STREAMS = RetryPolicy((0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 60), retries=10_000)
"""Before a stream's batch is tried again; that there is a pause is documented, how long it is not."""


_THROTTLED = {
    "ThrottlingException",
    "RequestThrottled",
    "Throttling",
    "ProvisionedThroughputExceededException",
}


def is_retried(error: AwsError) -> bool:
    """Tell whether an error of a target may go away: not when the call itself is wrong.

    https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html
    """
    return error.status >= 500 or error.status == 429 or error.code in _THROTTLED
