"""SQS queues as event sources and destinations see them. The only module here that touches moto's SQS.

moto does the queueing: visibility, receive counts, redrive to a dead-letter queue.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from embedded_aws.aws.moto import MotoAws

if TYPE_CHECKING:
    from moto.sqs.models import Queue, SQSBackend

_MOST_HANDLES = 10_000
"""moto remembers the handle of every deleted message, for whoever deletes one twice."""


class UnknownQueueError(Exception):
    """There is no queue of that ARN."""


@dataclass(frozen=True)
class Message:
    """One received message; `attributes` are SQS's own, as Lambda's records show them."""

    id: str
    receipt_handle: str
    body: str
    body_md5: str
    attributes: Mapping[str, str]
    message_attributes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    attributes_md5: str | None = None


class Queues:
    """The queues of one region."""

    def __init__(self, region: str) -> None:
        self.region = region
        self._moto = MotoAws()

    def visibility_timeout(self, arn: str) -> int:
        """Return a queue's visibility timeout in seconds; raises `UnknownQueueError`."""
        return int(self._queue(arn).visibility_timeout)  # type: ignore[attr-defined] # moto sets it by name

    def receive(self, arn: str, count: int) -> list[Message]:
        """Take up to `count` visible messages, which stay hidden for the queue's visibility timeout."""
        queue = self._queue(arn)
        timeout = self.visibility_timeout(arn)
        received = self._backend.receive_message(queue.name, count, 0, timeout, ["All"])
        return [_message(message) for message in received]

    def delete(self, arn: str, receipt_handle: str) -> None:
        """Delete a processed message; one that is already gone does not matter."""
        try:
            queue = self._queue(arn)
        except UnknownQueueError:
            return
        from moto.sqs.exceptions import ReceiptHandleIsInvalid  # noqa: PLC0415 - a slow import

        with suppress(ReceiptHandleIsInvalid):
            queue.delete_message(receipt_handle)
        if len(queue.deleted_messages) > _MOST_HANDLES:
            queue.deleted_messages.clear()

    def next_due(self, arn: str) -> float | None:
        """Return the seconds until a message becomes visible, 0 if one is, `None` if there is none."""
        try:
            messages = list(self._queue(arn)._messages)  # noqa: SLF001 - moto shows only the visible ones
        except UnknownQueueError:
            return None
        due = [max(message.visible_at, message.delayed_until) for message in messages]
        return max(0.0, min(due) / 1000 - time.time()) if due else None

    def hold(self, seconds: float) -> None:
        """Keep what is being worked on hidden so much longer, in all queues; negative: so much shorter."""
        now, moved = time.time() * 1000, int(seconds * 1000)
        for queue in list(self._backend.queues.values()):
            for message in list(queue._messages):  # noqa: SLF001 - moto shows only the visible ones
                if message.visible_at > now:
                    message.visible_at = max(now, message.visible_at + moved)

    def send(
        self, arn: str, body: str, attributes: Mapping[str, str], trace_header: str | None = None
    ) -> None:
        """Send a message with string or number attributes; raises `UnknownQueueError`."""
        system = (
            {"AWSTraceHeader": {"DataType": "String", "StringValue": trace_header}} if trace_header else {}
        )
        typed = {
            name: {"DataType": "Number" if value.isdigit() else "String", "StringValue": value}
            for name, value in attributes.items()
        }
        self._backend.send_message(
            self._queue(arn).name, body, message_attributes=typed, system_attributes=system
        )

    @property
    def _backend(self) -> SQSBackend:
        backend: SQSBackend = self._moto.backend("sqs", self.region)
        return backend

    def _queue(self, arn: str) -> Queue:
        queue = self._backend.queues.get(arn.rpartition(":")[2])
        if queue is None:
            raise UnknownQueueError(f"queue {arn} does not exist")
        return queue


def _message(message: Any) -> Message:
    attributes = {
        "ApproximateReceiveCount": str(message.approximate_receive_count),
        "SentTimestamp": str(message.sent_timestamp),
        "SenderId": message.sender_id,
        "ApproximateFirstReceiveTimestamp": str(message.approximate_first_receive_timestamp),
        "MessageDeduplicationId": message.deduplication_id,
        "MessageGroupId": message.group_id,
        "SequenceNumber": message.sequence_number,
        "AWSTraceHeader": (message.system_attributes.get("AWSTraceHeader") or {}).get("StringValue"),
    }
    has_attributes = bool(message.message_attributes)
    return Message(
        id=message.id,
        receipt_handle=message.receipt_handle,
        body=message.body,
        body_md5=message.body_md5,
        attributes={name: value for name, value in attributes.items() if value is not None},
        message_attributes=message.message_attributes,
        attributes_md5=message.attribute_md5 if has_attributes else None,
    )
