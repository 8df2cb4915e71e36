"""Delivers in the background: calls a target, tries again, hands what failed to a dead-letter queue."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from embedded_aws.aws.calls import NO_TRACE, AwsCall
from embedded_aws.aws.errors import AwsError
from embedded_aws.aws.ids import Clock
from embedded_aws.aws.trace_header import TraceHeader
from embedded_aws.delivery.retries import Exhausted, RetryPolicy, is_retried
from embedded_aws.delivery.targets import ApiCall, Parcel, calls_for

_log = logging.getLogger(__name__)

MOST_WAITING = 10_000
"""Deliveries on their way; beyond them nothing is tried again, which AWS would do for as long as it takes."""

REMEMBERED = 500
"""Deliveries, the newest, of which `Courier.sent` tells what became."""

Sleep = Callable[[float], Awaitable[None]]
Work = Callable[[], Coroutine[Any, Any, Any]]


@dataclass(frozen=True)
class Attempt:
    """One call of a target, in epoch seconds; `status` is that of its answer."""

    start: float
    end: float
    status: int


@dataclass(frozen=True)
class Outcome:
    """What became of a delivery: its attempts, and the last error if it was not delivered.

    `exhausted` names the limit that ended the retries; it is `None` for an error that is not retried.
    `request_id` is that of the last answer.
    """

    attempts: Sequence[Attempt]
    error: AwsError | None = None
    exhausted: Exhausted | None = None
    request_id: str = ""


DeadLetter = Callable[[Outcome], Mapping[str, str]]
"""Returns the attributes with which what was not delivered goes to a dead-letter queue."""


@dataclass(frozen=True)
class Delivery:
    """A parcel for a target, on behalf of `sender`, which is named when it fails.

    `dead_letters` is the ARN of a queue for `dead_parcel`, by default the parcel itself.
    """

    sender: str
    target: str
    parcel: Parcel
    policy: RetryPolicy
    trace: TraceHeader = NO_TRACE
    dead_letters: str | None = None
    dead_parcel: Parcel | None = None
    dead_attributes: DeadLetter = field(default=lambda _: {})
    calls: Sequence[ApiCall] = ()

    @property
    def api_calls(self) -> Sequence[ApiCall]:
        return self.calls or calls_for(self.target, self.parcel)


@dataclass
class Sent:
    """A delivery as it stands: since when, in epoch seconds, how often tried, and the last error.

    `dead_letters` is the ARN of the queue that has it instead.
    """

    sender: str
    target: str
    at: float
    state: Literal["trying", "delivered", "dropped", "dead-lettered"] = "trying"
    attempts: int = 0
    error: str | None = None
    dead_letters: str | None = None
    request_id: str = ""


class Courier:
    """Delivers until `close`; `sleep` waits for a number of seconds.

    `sent` has the newest deliveries, oldest first.
    """

    def __init__(self, call: AwsCall, clock: Clock, sleep: Sleep = asyncio.sleep) -> None:
        self._call = call
        self._clock = clock
        self._sleep = sleep
        self.sent: deque[Sent] = deque(maxlen=REMEMBERED)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._lanes: dict[str, asyncio.Task[Any]] = {}

    def send(self, delivery: Delivery, lane: str | None = None) -> None:
        """Deliver in the background; what has the same lane keeps its order."""
        self.start(lambda: self.deliver(delivery), lane)

    def start(self, work: Work, lane: str | None = None) -> None:
        """Do something in the background that ends with the courier; in a lane, when it is free."""
        task = asyncio.create_task(_after(self._lanes.get(lane) if lane else None, work))
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        if lane:
            self._lanes[lane] = task
            task.add_done_callback(lambda ended: self._leave(lane, ended))

    async def deliver(self, delivery: Delivery) -> Outcome:
        """Deliver, with all retries; what fails goes to the dead-letter queue, or is told of."""
        sent = Sent(delivery.sender, delivery.target, self._clock())
        self.sent.append(sent)
        try:
            calls = delivery.api_calls
        except ValueError as problem:
            _log.warning("%s: %s; dropped", delivery.sender, problem)
            sent.state, sent.error = "dropped", str(problem)
            return Outcome(())
        outcome = await self._attempt_all(calls, delivery, sent)
        if outcome.error is None:
            sent.state, sent.request_id = "delivered", outcome.request_id
        elif await self._bury(delivery, outcome):
            sent.state, sent.dead_letters = "dead-lettered", delivery.dead_letters
        else:
            sent.state = "dropped"
        return outcome

    async def settled(self) -> None:
        """Wait until nothing is on its way."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def close(self) -> None:
        """Give up what is not delivered yet."""
        if self._tasks:
            _log.warning("stopping: %d deliveries are not finished", len(self._tasks))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _attempt_all(self, calls: Sequence[ApiCall], delivery: Delivery, sent: Sent) -> Outcome:
        attempts: list[Attempt] = []
        while True:
            start = self._clock()
            request_id, error = await self._attempt(calls, delivery.trace)
            attempts.append(Attempt(start, self._clock(), error.status if error else 200))
            sent.attempts, sent.error = len(attempts), str(error) if error else None
            if error is None or not is_retried(error):
                return Outcome(attempts, error, request_id=request_id)
            age = self._clock() - delivery.parcel.at
            exhausted = delivery.policy.exhausted(len(attempts), age)
            if not exhausted and len(self._tasks) > MOST_WAITING:
                exhausted = "MaximumRetryAttempts"
            if exhausted:
                return Outcome(attempts, error, exhausted)
            await self._sleep(delivery.policy.delay(len(attempts)))

    async def _attempt(self, calls: Sequence[ApiCall], trace: TraceHeader) -> tuple[str, AwsError | None]:
        """Return the id of the last request, and the error that ended the calls."""
        request_id = ""
        try:
            for call in calls:
                answer = await self._call(call.service, call.operation, call.parameters, trace)
                request_id = answer.get("RequestId", "")
        except AwsError as error:
            return "", error
        return request_id, None

    async def _bury(self, delivery: Delivery, outcome: Outcome) -> bool:
        """Hand what failed to the dead-letter queue; tell whether that has it."""
        told = f"{delivery.sender}: {delivery.target} was not delivered to: {outcome.error}"
        if not delivery.dead_letters:
            _log.warning("%s; dropped", told)
            return False
        attributes = {
            name: {"DataType": "String", "StringValue": text}
            for name, text in delivery.dead_attributes(outcome).items()
        }
        parcel = delivery.dead_parcel or delivery.parcel
        dead = Parcel(
            parcel.text,
            parcel.id,
            parcel.at,
            parcel.group_id,
            parcel.deduplication_id,
            {**parcel.attributes, **attributes},
        )
        try:
            calls = calls_for(delivery.dead_letters, dead)
        except ValueError as problem:
            _log.warning("%s, nor to its dead-letter queue: %s; dropped", told, problem)
            return False
        _, refused = await self._attempt(calls, delivery.trace)
        if refused:
            _log.warning("%s, nor to its dead-letter queue: %s; dropped", told, refused)
        return refused is None

    def _leave(self, lane: str, ended: asyncio.Task[Any]) -> None:
        if self._lanes.get(lane) is ended:
            del self._lanes[lane]

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (problem := task.exception()):
            _log.error("a delivery failed", exc_info=problem)


async def _after(before: asyncio.Task[Any] | None, work: Work) -> None:
    """Do something when something else has ended, however it did."""
    if before:
        await asyncio.wait({before})
    await work()
