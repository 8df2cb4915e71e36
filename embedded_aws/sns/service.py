"""Delivers what is published to functions and queues.

https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from embedded_aws.aws.ids import Clock, Ids
from embedded_aws.aws.interfaces import SegmentSink
from embedded_aws.aws.moto_events import Published
from embedded_aws.aws.parsing import ParseError, read_object
from embedded_aws.aws.trace_header import TraceHeader
from embedded_aws.delivery.courier import Courier, Delivery
from embedded_aws.delivery.retries import SNS, RetryPolicy
from embedded_aws.delivery.targets import Parcel
from embedded_aws.sns.filter_policy import takes
from embedded_aws.sns.messages import envelope, lambda_event, raw_attributes, text_for
from embedded_aws.sns.protocols import PROTOCOLS
from embedded_aws.sns.segments import Delivered, topic_segment

if TYPE_CHECKING:
    from embedded_aws.aws.moto import MotoAws

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Services:
    """What SNS uses: `sink` takes the segments of topics with active tracing."""

    courier: Courier
    sink: SegmentSink
    clock: Clock
    ids: Ids


class Sns:
    """Takes published messages; a trace goes on to the subscribers, with or without active tracing."""

    def __init__(self, moto: MotoAws, services: Services, policy: RetryPolicy = SNS) -> None:
        self._moto = moto
        self._services = services
        self._policy = policy

    def published(self, message: Published, header: TraceHeader) -> None:
        """Deliver a message to every subscription of its topic that takes it."""
        backend = self._moto.backend("sns", message.topic_arn.split(":")[3])
        topic = backend.topics.get(message.topic_arn)
        message = _with_deduplication(topic, message)
        now = self._services.clock()
        deliveries = [
            self._delivery(subscription, message, header, now)
            for subscription in list(backend.subscriptions.values())
            if subscription.topic_arn == message.topic_arn and _takes(subscription, message)
        ]
        # A FIFO topic keeps the order of each group, for each subscriber.
        group = f"{message.topic_arn} {message.group_id}" if message.group_id else None
        is_active = getattr(topic, "tracing_config", "") == "Active"
        if is_active and header.sampled and header.root:
            self._services.courier.start(lambda: self._traced(message, header, now, deliveries), group)
            return
        for delivery in deliveries:
            self._services.courier.send(delivery, group and f"{group} {delivery.target}")

    def _delivery(self, subscription: Any, message: Published, header: TraceHeader, now: float) -> Delivery:
        return Delivery(
            sender=f"topic {message.topic_arn}",
            target=subscription.endpoint,
            parcel=_parcel(subscription, message, now),
            policy=self._policy,
            trace=header,
            dead_letters=_dead_letters(subscription),
        )

    async def _traced(
        self, message: Published, header: TraceHeader, now: float, deliveries: list[Delivery]
    ) -> None:
        """Deliver, and send the topic's segment: each subscriber hangs below its own delivery."""
        services = self._services
        traced = [
            (part, replace(delivery, trace=replace(header, parent=part)))
            for delivery in deliveries
            for part in [services.ids.segment_id()]
        ]
        segment = services.ids.segment_id()
        outcomes = await asyncio.gather(*(services.courier.deliver(delivery) for _, delivery in traced))
        parts = [
            Delivered(part, delivery.api_calls[0], outcome)
            for (part, delivery), outcome in zip(traced, outcomes, strict=True)
        ]
        services.sink.emit(topic_segment(header, segment, message, now, parts))


def _with_deduplication(topic: Any, message: Published) -> Published:
    """Give a message of a FIFO topic the id that SNS makes of its content, where the topic asks for that.

    https://docs.aws.amazon.com/sns/latest/dg/fifo-message-dedup.html
    """
    by_content = str(getattr(topic, "content_based_deduplication", "")).lower() == "true"
    if message.deduplication_id or not by_content:
        return message
    return replace(message, deduplication_id=hashlib.sha256(message.message.encode()).hexdigest())


def _takes(subscription: Any, message: Published) -> bool:
    if subscription.protocol not in PROTOCOLS:
        _warn(message.topic_arn, subscription.protocol)
        return False
    scope = subscription.attributes.get("FilterPolicyScope", "MessageAttributes")
    text = text_for(message, subscription.protocol)
    return takes(subscription._filter_policy, scope, text, message.attributes)  # noqa: SLF001 - parsed already


@lru_cache(maxsize=1024)
def _warn(topic_arn: str, protocol: str) -> None:
    """Warn once."""
    _log.warning("topic %s: nothing is delivered to %s here", topic_arn, protocol)


def _dead_letters(subscription: Any) -> str | None:
    """Return the ARN of a subscription's dead-letter queue; moto also keeps policies that have none."""
    try:
        policy = read_object(str(subscription.attributes.get("RedrivePolicy") or "{}").encode())
    except ParseError:
        return None
    arn = policy.get("deadLetterTargetArn")
    return arn if isinstance(arn, str) else None


def _parcel(subscription: Any, message: Published, now: float) -> Parcel:
    arn, order = subscription.arn, (message.group_id, message.deduplication_id)
    if subscription.protocol == "lambda":
        return Parcel(lambda_event(message, arn, now), message.message_id, now)
    is_raw = str(subscription.attributes.get("RawMessageDelivery", "")).lower() == "true"
    if not is_raw:
        return Parcel(envelope(message, arn, now), message.message_id, now, *order)
    attributes = raw_attributes(message.attributes)
    return Parcel(text_for(message, "sqs"), message.message_id, now, *order, attributes)
