"""Tells functions, queues, topics and EventBridge of what happens to objects.

A trace goes on to functions, queues and topics, not to EventBridge, which takes it from PutEvents alone.
https://docs.aws.amazon.com/xray/latest/devguide/xray-services-s3.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-related-service-xray.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from embedded_aws.aws.calls import NO_TRACE
from embedded_aws.aws.ids import Clock, Ids
from embedded_aws.aws.moto_events import NotificationsSet, ObjectChanged
from embedded_aws.aws.trace_header import TraceHeader
from embedded_aws.delivery.courier import Courier, Delivery
from embedded_aws.delivery.retries import S3, RetryPolicy
from embedded_aws.delivery.targets import Parcel
from embedded_aws.s3.events import bridge_event, message, test_event, wants

Publish = Callable[[dict[str, Any], str, float], None]
"""Puts an event on the default bus of a region, at a time."""


class S3Notifications:
    """Takes changes of objects; `publish` reaches EventBridge."""

    def __init__(
        self, courier: Courier, publish: Publish, clock: Clock, ids: Ids, policy: RetryPolicy = S3
    ) -> None:
        self._courier = courier
        self._publish = publish
        self._clock = clock
        self._ids = ids
        self._policy = policy

    def changed(self, change: ObjectChanged, header: TraceHeader) -> None:
        """Tell everybody that the bucket's configuration names for this change."""
        now, given = self._clock(), change.configuration
        for one in (*given.cloud_function, *given.queue, *given.topic):
            if wants(one.events, one.filters, change):
                text = message(change, one.id, self._ids.request_id(), now)
                self._send(change.bucket, one.arn, text, header, now)
        event = None if given.event_bridge is None else bridge_event(change, self._ids.request_id(), now)
        if event:
            self._publish(event, change.region, now)

    def configured(self, noted: NotificationsSet) -> None:
        """Send the test event with which S3 checks queues and topics."""
        now = self._clock()
        given = noted.configuration
        for arn in {one.arn: None for one in (*given.queue, *given.topic)}:
            text = test_event(noted.bucket, self._ids.request_id(), now)
            self._send(noted.bucket, arn, text, NO_TRACE, now)

    def _send(self, bucket: str, arn: str, text: str, header: TraceHeader, now: float) -> None:
        parcel = Parcel(text, self._ids.request_id(), now)
        self._courier.send(Delivery(f"bucket {bucket}", arn, parcel, self._policy, header))
