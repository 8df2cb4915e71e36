"""A courier calls, tries again, and keeps what it could not deliver."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Mapping
from typing import Any

import pytest

from embedded_aws.aws.calls import NO_TRACE
from embedded_aws.aws.errors import AwsError
from embedded_aws.aws.trace_header import TraceHeader
from embedded_aws.delivery import courier as courier_module
from embedded_aws.delivery.courier import Courier, Delivery, Outcome, Sent
from embedded_aws.delivery.retries import RetryPolicy, is_retried
from embedded_aws.delivery.targets import Parcel

QUEUE = "arn:aws:sqs:us-east-1:123456789012:jobs"
DEAD = "arn:aws:sqs:us-east-1:123456789012:dead"
POLICY = RetryPolicy((1.0, 5.0), retries=3, max_age=100.0)
TRACE = TraceHeader("1-5e6f7a8b-0123456789abcdef01234567", "53995c3f42cd8ad8", True)
DOWN = AwsError("ServiceUnavailable", "down", 503)
GONE = AwsError("QueueDoesNotExist", "gone", 400)


class Aws:
    """Answers calls with these errors, one after the other, and then well; time passes in pauses."""

    def __init__(self, *errors: AwsError) -> None:
        self.errors = list(errors)
        self.calls: list[tuple[str, Mapping[str, Any], TraceHeader]] = []
        self.now = 1000.0
        self.pauses: list[float] = []
        self.sent: deque[Sent] = deque()

    async def call(
        self, service: str, operation: str, parameters: Mapping[str, Any], trace: TraceHeader = NO_TRACE
    ) -> Mapping[str, Any]:
        self.calls.append((f"{service}:{operation}", parameters, trace))
        if self.errors:
            raise self.errors.pop(0)
        return {"RequestId": "r-1"}

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def deliver(self, **settings: Any) -> Outcome:
        delivery = Delivery(
            sender="rule r",
            target=settings.pop("target", QUEUE),
            parcel=Parcel("text", "id-1", self.now),
            policy=settings.pop("policy", POLICY),
            trace=TRACE,
            **settings,
        )
        courier = Courier(self.call, lambda: self.now, self.sleep)
        self.sent = courier.sent
        return asyncio.run(courier.deliver(delivery))

    @property
    def bodies(self) -> list[tuple[str, str]]:
        return [(call[1]["QueueUrl"].rpartition("/")[2], call[1]["MessageBody"]) for call in self.calls]


def test_a_delivery_carries_its_trace() -> None:
    """A target is called once, with the trace; the outcome has the answer's request id."""
    aws = Aws()
    outcome = aws.deliver()
    assert (aws.bodies, aws.calls[0][2]) == ([("jobs", "text")], TRACE)
    assert (outcome.error, outcome.request_id, len(outcome.attempts)) == (None, "r-1", 1)


def test_server_errors_are_tried_again() -> None:
    """After each error of the target there is a pause of the policy, the last one for all that follow."""
    aws = Aws(DOWN, DOWN, DOWN)
    outcome = aws.deliver()
    assert (outcome.error, [one.status for one in outcome.attempts]) == (None, [503, 503, 503, 200])
    assert aws.pauses == [1.0, 5.0, 5.0]


@pytest.mark.parametrize(
    ("errors", "policy", "exhausted"),
    [
        ([DOWN] * 4, POLICY, "MaximumRetryAttempts"),
        ([DOWN] * 3, RetryPolicy((1.0, 50.0), retries=9, max_age=60.0), "MaximumEventAgeInSeconds"),
        ([GONE], POLICY, None),
    ],
)
def test_what_is_not_delivered_is_a_dead_letter(
    errors: list[AwsError], policy: RetryPolicy, exhausted: str | None
) -> None:
    """After the last attempt the parcel is in the dead-letter queue, with what the sender tells of it."""
    aws = Aws(*errors)
    outcome = aws.deliver(
        policy=policy, dead_letters=DEAD, dead_attributes=lambda outcome: {"CODE": outcome.error.code}
    )
    assert (outcome.error, outcome.exhausted) == (errors[-1], exhausted)
    assert aws.bodies[-1] == ("dead", "text")
    attributes = aws.calls[-1][1]["MessageAttributes"]
    assert attributes["CODE"] == {"DataType": "String", "StringValue": errors[-1].code}


@pytest.mark.parametrize(
    ("errors", "settings", "told"),
    [
        ([GONE], {}, "rule r: arn:aws:sqs:us-east-1:123456789012:jobs was not delivered to: gone; dropped"),
        ([GONE, GONE], {"dead_letters": DEAD}, "nor to its dead-letter queue: gone; dropped"),
        ([GONE], {"dead_letters": "arn:none"}, "nor to its dead-letter queue: arn:none"),
        ([], {"target": "arn:aws:ecs:us-east-1:1:cluster/c"}, "rule r: arn:aws:ecs:us-east-1:1:cluster/c"),
    ],
)
def test_what_is_dropped_is_told(
    caplog: pytest.LogCaptureFixture, errors: list[AwsError], settings: dict[str, Any], told: str
) -> None:
    """What nobody gets is a warning that names the sender, the target and the reason."""
    with caplog.at_level(logging.WARNING):
        Aws(*errors).deliver(**settings)
    assert told in caplog.text


def test_closing_gives_up() -> None:
    """A courier that is closed waits for no retry."""
    aws = Aws(*[DOWN] * 9)

    async def close() -> None:
        courier = Courier(aws.call, lambda: aws.now)
        courier.send(Delivery("rule r", QUEUE, Parcel("text", "id-1", aws.now), POLICY))
        while not aws.calls:  # noqa: ASYNC110 - nothing tells it
            await asyncio.sleep(0)
        await courier.close()

    asyncio.run(close())
    assert len(aws.calls) == 1


def test_a_lane_keeps_its_order() -> None:
    """What is sent in a lane waits for what was sent before it, and nothing else does."""
    aws = Aws(DOWN, DOWN)

    async def send() -> None:
        courier = Courier(aws.call, lambda: aws.now, aws.sleep)
        for text, lane in (("1", "a"), ("2", "a"), ("3", None)):
            courier.send(Delivery("topic t", QUEUE, Parcel(text, text, aws.now), POLICY), lane)
        await courier.settled()

    asyncio.run(send())
    delivered = [body for _, body in aws.bodies]
    assert delivered.index("2") > max(place for place, body in enumerate(delivered) if body == "1")
    assert delivered.index("3") < delivered.index("2")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (DOWN, True),
        (GONE, False),
        (AwsError("TooManyRequestsException", "", 429), True),
        (AwsError("ThrottlingException", "", 400), True),
        (AwsError("ResourceNotFoundException", "", 404), False),
    ],
)
def test_which_errors_may_go_away(*, error: AwsError, expected: bool) -> None:
    """Errors of the target and throttling are tried again, wrong calls are not."""
    assert is_retried(error) is expected


def test_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where too much waits already, what fails is not tried again: it would fill the memory."""
    monkeypatch.setattr(courier_module, "MOST_WAITING", 2)
    aws = Aws(*[DOWN] * 5)

    async def send_five() -> None:
        async def wait_for_ever(_: float) -> None:
            await asyncio.Event().wait()

        courier = Courier(aws.call, lambda: aws.now, wait_for_ever)
        for number in range(5):
            courier.send(
                Delivery("rule r", QUEUE, Parcel(str(number), "id", aws.now), POLICY, dead_letters=DEAD)
            )
        for _ in range(50):  # turns of the loop: as many as they may need until two of them wait for ever
            await asyncio.sleep(0)
        await courier.close()

    asyncio.run(send_five())
    assert [body for queue, body in aws.bodies if queue == "dead"] == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("errors", "settings", "state", "attempts", "dead_letters"),
    [
        ([], {}, "delivered", 1, None),
        ([DOWN], {}, "delivered", 2, None),
        ([GONE], {}, "dropped", 1, None),
        ([GONE], {"dead_letters": DEAD}, "dead-lettered", 1, DEAD),
        ([GONE, GONE], {"dead_letters": DEAD}, "dropped", 1, None),
        ([], {"target": "arn:aws:nothing:::x"}, "dropped", 0, None),
    ],
)
def test_what_became_of_a_delivery_is_remembered(
    errors: list[AwsError], settings: dict[str, Any], state: str, attempts: int, dead_letters: str | None
) -> None:
    """Whether it was taken, how often it was tried, and which queue has what was not taken."""
    aws = Aws(*errors)
    aws.deliver(**settings)
    (sent,) = aws.sent
    assert (sent.state, sent.attempts, sent.dead_letters) == (state, attempts, dead_letters)
    assert bool(sent.error) is (state != "delivered")
