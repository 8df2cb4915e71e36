"""Token buckets, one per method of a stage.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from embedded_aws.aws.ids import Clock
    from embedded_aws.gateway.model import Stage, Throttle
    from embedded_aws.gateway.routing import Match


@dataclass
class _Bucket:
    tokens: float
    filled_at: float


class Throttling:
    """Counts requests; a changed setting takes effect with the next request."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[tuple[str, ...], _Bucket] = {}

    def allows(self, stage: Stage, route: Match) -> bool:
        """Take one request into account; `False` means 429."""
        throttle = setting(stage, route)
        if throttle is None:
            return True
        key = (stage.region, stage.api_id, stage.name, route.resource.id, route.method.http_method)
        return self.take(key, throttle)

    def take(self, key: tuple[str, ...], throttle: Throttle) -> bool:
        """Take one request out of the bucket of that key; `False` when it is empty."""
        now = self._clock()
        bucket = self._buckets.setdefault(key, _Bucket(throttle.burst, now))
        passed = max(0.0, now - bucket.filled_at)  # a clock that is put back takes nothing out
        refilled = bucket.tokens + passed * throttle.rate
        bucket.tokens, bucket.filled_at = min(float(throttle.burst), refilled), now
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True


def setting(stage: Stage, route: Match) -> Throttle | None:
    """Return the method's own limit, else the stage's default, which counts for each method by itself."""
    path = route.resource.path.replace("/", "~1")
    return stage.throttles.get(f"{path}/{route.method.http_method}") or stage.throttles.get("*/*")
