"""Asynchronous invocations: accepted at once, run later, retried, and handed to a destination in the end.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from embedded_aws.aws.errors import FunctionNotFoundError, ThrottledError
from embedded_aws.aws.ids import Clock
from embedded_aws.aws.parsing import MAX_PAYLOAD_DEPTH, ParseError, read_json
from embedded_aws.awslambda.catalog import Catalog
from embedded_aws.awslambda.runtime.executor import Executor, Invocation
from embedded_aws.awslambda.runtime.outcome import Outcome, Span
from embedded_aws.awslambda.segments import Attempt, async_subsegments, service_segment
from embedded_aws.awslambda.services import Services
from embedded_aws.delivery.courier import Delivery
from embedded_aws.delivery.retries import EVENTBRIDGE
from embedded_aws.delivery.targets import ApiCall, Parcel

_log = logging.getLogger(__name__)

RETRY_DELAYS = (60.0, 120.0)
"""AWS waits one minute before the first retry and two before the second."""

_THROTTLE_DELAYS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 120.0, 300.0)

Condition = Literal["Success", "RetriesExhausted", "EventAgeExceeded"]


@dataclass
class _Progress:
    """How far one asynchronous invocation has come."""

    dwell_id: str
    dequeued: float
    attempts: list[Attempt] = field(default_factory=list)
    runs: int = 0
    throttles: int = 0
    outcome: Outcome | None = None


class AsyncInvoker:
    """Runs asynchronous invocations in the background until `close`."""

    def __init__(
        self,
        executor: Executor,
        catalog: Catalog,
        destinations: Destinations,
        services: Services,
        retry_delays: Sequence[float],
    ) -> None:
        self._executor = executor
        self._catalog = catalog
        self._destinations = destinations
        self._sink = services.sink
        self._clock = services.clock
        self._ids = services.ids
        self._retry_delays = tuple(retry_delays)
        self._tasks: set[asyncio.Task[None]] = set()

    def submit(self, invocation: Invocation) -> None:
        """Accept an invocation."""
        self._emit(invocation, Span(invocation.accepted, self._clock()), None)
        task = asyncio.create_task(self._process(invocation))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Drop what waits for a retry; the events are lost, as the embedded AWS keeps none."""
        if self._tasks:
            _log.warning("stopping: %d asynchronous invocations are not finished", len(self._tasks))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _process(self, invocation: Invocation) -> None:
        accepted = Span(invocation.accepted, self._clock())
        progress = _Progress(self._ids.segment_id(), self._clock())
        while True:
            await self._attempt(invocation, progress)
            self._emit(invocation, accepted, progress)
            condition = self._condition(invocation, progress)
            if condition is not None:
                self._destinations.deliver(invocation, progress.outcome, condition, progress.runs)
                return
            await asyncio.sleep(self._delay(progress))
            try:
                # A retry meets the function as it is by then.
                current = self._catalog.function(invocation.function.invoked_arn)
            except FunctionNotFoundError:
                _log.warning("function %s is gone; an event for it is dropped", invocation.function.name)
                return
            invocation = replace(invocation, function=current)

    async def _attempt(self, invocation: Invocation, progress: _Progress) -> None:
        attempt_id = self._ids.segment_id()
        started = self._clock()
        status, failed = 200, False
        try:
            attempted = await self._executor.attempt(invocation, attempt_id)
        except ThrottledError as error:
            status, progress.outcome = error.status, None
            progress.throttles += 1
        else:
            progress.outcome, failed = attempted.outcome, attempted.outcome.failed
            progress.runs += 1
        number = len(progress.attempts) + 1
        span = Span(started, self._clock())
        progress.attempts.append(Attempt(attempt_id, number, span, status, failed))

    def _condition(self, invocation: Invocation, progress: _Progress) -> Condition | None:
        """Return why this was the last attempt, or `None` when another one follows."""
        config = invocation.function.asynchronous
        if progress.outcome and not progress.outcome.failed:
            return "Success"
        if progress.outcome and progress.runs > config.retries:
            return "RetriesExhausted"
        if self._clock() + self._delay(progress) - invocation.accepted > config.max_age:
            return "EventAgeExceeded"
        return None

    def _delay(self, progress: _Progress) -> float:
        if progress.outcome is None:
            return _THROTTLE_DELAYS[min(progress.throttles, len(_THROTTLE_DELAYS)) - 1]
        return (
            self._retry_delays[min(progress.runs, len(self._retry_delays)) - 1] if self._retry_delays else 0.0
        )

    def _emit(self, invocation: Invocation, span: Span, progress: _Progress | None) -> None:
        """Send the service segment; later ones of the same id replace it, with the attempts made since."""
        if not invocation.trace.recorded:
            return
        subsegments = (
            async_subsegments(progress.dwell_id, invocation.accepted, progress.dequeued, progress.attempts)
            if progress
            else ()
        )
        document = service_segment(
            invocation.trace,
            invocation.subject,
            invocation.request_id,
            span,
            status=202,
            subsegments=subsegments,
        )
        self._sink.emit(document)


class Destinations:
    """Delivers the records of finished asynchronous invocations."""

    def __init__(self, deliver: Callable[[Delivery], None], clock: Clock) -> None:
        self._deliver = deliver
        self._clock = clock

    def deliver(
        self, invocation: Invocation, outcome: Outcome | None, condition: Condition, runs: int
    ) -> None:
        """Hand the record to the configured destination, and a lost event to the dead-letter queue."""
        config, now = invocation.function.asynchronous, self._clock()
        target = config.on_success if condition == "Success" else config.on_failure
        if target:
            record = destination_record(invocation, outcome, condition, runs, now)
            parcel = Parcel(json.dumps(record), invocation.request_id, now)
            calls = _to_bus(target, record) if ":event-bus/" in target else ()
            self._send(invocation, target, parcel, calls)
        if condition != "Success" and config.dead_letter:
            attributes = {
                name: {"DataType": "Number" if text.isdigit() else "String", "StringValue": text}
                for name, text in dead_letter_attributes(invocation.request_id, outcome).items()
            }
            text = invocation.payload.decode()
            parcel = Parcel(text, invocation.request_id, now, attributes=attributes)
            self._send(invocation, config.dead_letter, parcel)

    def _send(
        self, invocation: Invocation, target: str, parcel: Parcel, calls: Sequence[ApiCall] = ()
    ) -> None:
        sender = f"function {invocation.function.name}"
        trace = invocation.trace.destination_header()
        self._deliver(Delivery(sender, target, parcel, EVENTBRIDGE, trace, calls=calls))


def _to_bus(arn: str, record: Mapping[str, Any]) -> tuple[ApiCall, ...]:
    """Return the call that puts a record on an event bus.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
    """
    context = record["requestContext"]
    ending = "Success" if context["condition"] == "Success" else "Failure"
    entry = {
        "EventBusName": arn,
        "Source": "lambda",
        "DetailType": f"Lambda Function Invocation Result - {ending}",
        "Detail": json.dumps(record),
        "Resources": [arn, context["functionArn"]],
    }
    return (ApiCall("events", "PutEvents", {"Entries": [entry]}),)


def dead_letter_attributes(request_id: str, outcome: Outcome | None) -> dict[str, str]:
    """Return the message attributes with which Lambda sends an event to a dead-letter queue."""
    message = _json(outcome.payload).get("errorMessage", "") if outcome else "Rate Exceeded."
    attributes = {"RequestID": request_id, "ErrorCode": "200" if outcome else "429"}
    return {**attributes, "ErrorMessage": str(message)[:1024]} if message else attributes


def destination_record(
    invocation: Invocation, outcome: Outcome | None, condition: Condition, runs: int, now: float
) -> dict[str, Any]:
    """Return the record that a destination receives.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
    """
    record: dict[str, Any] = {
        "version": "1.0",
        "timestamp": dt.datetime.fromtimestamp(now, dt.UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z"),
        "requestContext": {
            "requestId": invocation.request_id,
            "functionArn": f"{invocation.function.arn}:{invocation.function.version}",
            "condition": condition,
            "approximateInvokeCount": runs,
        },
        "requestPayload": json.loads(invocation.payload),
    }
    if outcome is not None:
        context: dict[str, Any] = {"statusCode": 200, "executedVersion": invocation.function.version}
        if outcome.failed:
            context["functionError"] = "Unhandled"
        record |= {"responseContext": context, "responsePayload": _value(outcome.payload)}
    return record


def _json(payload: bytes) -> dict[str, Any]:
    value = _value(payload)
    return value if isinstance(value, dict) else {}


def _value(payload: bytes) -> Any:
    """Return a reply's JSON; a handler may also return bytes that are none: those as text."""
    try:
        return read_json(payload or b"null", MAX_PAYLOAD_DEPTH)
    except ParseError:
        return payload.decode(errors="replace")
