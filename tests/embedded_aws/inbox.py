"""A queue of a test's own, and what has come into it."""

from __future__ import annotations

import time
import uuid
from typing import Any

from tests.embedded_aws.awslambda.harness import PATIENCE, Stack

ROOT = "1-5e6f7a8b-0123456789abcdef01234567"
PARENT = "53995c3f42cd8ad8"
HEADER = f"Root={ROOT};Parent={PARENT};Sampled=1"


class Inbox:
    """A queue; `received` waits for messages, `settled` for none that is still on its way."""

    def __init__(self, stack: Stack, name: str = "", **attributes: str) -> None:
        self.name = name or f"q{uuid.uuid4().hex[:12]}"
        self._sqs = stack.client("sqs")
        self.url = self._sqs.create_queue(QueueName=self.name, Attributes=attributes)["QueueUrl"]
        self.arn = f"arn:aws:sqs:us-east-1:123456789012:{self.name}"

    def received(self, count: int = 1) -> list[Any]:
        """Return so many messages, each with its attributes."""
        found: list[Any] = []
        deadline = time.monotonic() + PATIENCE
        while len(found) < count:
            assert time.monotonic() < deadline, f"{len(found)} of {count} messages came: {found}"
            reply = self._sqs.receive_message(
                QueueUrl=self.url,
                WaitTimeSeconds=1,
                MaxNumberOfMessages=10,
                MessageAttributeNames=["All"],
                MessageSystemAttributeNames=["All"],
            )
            found += reply.get("Messages", [])
        return found

    def left(self) -> int:
        """Return how many messages are there that nobody received."""
        names = ["ApproximateNumberOfMessages"]
        shown = self._sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)
        return int(shown["Attributes"]["ApproximateNumberOfMessages"])


def settle(stack: Stack) -> None:
    """Wait until every delivery that was begun has ended."""

    async def wait() -> None:
        await stack.courier.settled()

    stack.call(wait())


def traced(client: Any, operation: str, header: str = HEADER) -> Any:
    """Let a client send a tracing header with one of its operations."""

    def carry(request: Any, **_: Any) -> None:
        request.headers["X-Amzn-Trace-Id"] = header

    service = client.meta.service_model.service_name
    client.meta.events.register(f"before-sign.{service}.{operation}", carry)
    return client
