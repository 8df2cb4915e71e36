"""Rules: which events go to which targets. moto keeps buses, rules and targets.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rules.html
"""

from __future__ import annotations

import json
import logging
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from embedded_aws.aws.event_patterns import matches
from embedded_aws.aws.ids import Clock
from embedded_aws.aws.moto_events import EventPut
from embedded_aws.aws.trace_header import TraceHeader
from embedded_aws.delivery.courier import Courier, Delivery, Outcome
from embedded_aws.delivery.retries import EVENTBRIDGE, RetryPolicy
from embedded_aws.delivery.targets import ApiCall, Parcel
from embedded_aws.eventbridge.event import Received, put_event, timestamp, trace_of
from embedded_aws.eventbridge.inputs import InputError, RuleContext, target_input, values_at

if TYPE_CHECKING:
    from embedded_aws.aws.moto import MotoAws

_log = logging.getLogger(__name__)

DEFAULT_BUS = "default"
REMEMBERED = 50
"""Events, the newest of all buses, that `Rules.received` keeps."""
_NO_RESOURCE = ("NotFound", "NonExistent", "NotExist")


class Rules:
    """Sends events to the targets of the rules that they match; `policy` retries where a target has none.

    `received` has the newest events, oldest first.
    """

    def __init__(
        self, moto: MotoAws, courier: Courier, clock: Clock, policy: RetryPolicy = EVENTBRIDGE
    ) -> None:
        self._moto = moto
        self._courier = courier
        self._clock = clock
        self._policy = policy
        self.received: deque[Received] = deque(maxlen=REMEMBERED)

    def put(self, noted: EventPut, header: TraceHeader) -> None:
        """Take an entry of PutEvents."""
        now = self._clock()
        event = put_event(noted.entry, noted.id, noted.region, now)
        self.take(Received(event, noted.bus, noted.region, now, trace_of(noted.entry, header)))

    def take(self, received: Received) -> None:
        """Take an event: it goes to the targets of every enabled rule of its bus that matches."""
        self.received.append(received)
        bus = self._moto.backend("events", received.region).event_buses.get(received.bus)
        for rule in list(bus.rules.values()) if bus else ():
            has_pattern = rule.event_pattern.dump() is not None
            if (
                has_pattern
                and _is_enabled(rule)
                and matches(rule.event_pattern.get_pattern(), received.event)
            ):
                for delivery in self.deliveries(rule, received):
                    self._courier.send(delivery)

    def deliveries(self, rule: Any, received: Received) -> Iterator[Delivery]:
        """Yield what a rule sends to its targets."""
        context = RuleContext(rule.arn, rule.name, timestamp(received.at))
        for target in list(rule.targets):
            try:
                text = target_input(target, received.event, context)
                yield self._delivery(rule, target, received, text)
            except InputError as problem:
                _log.warning("rule %s, target %s: %s; dropped", rule.name, target["Id"], problem)

    def all(self) -> Iterator[Any]:
        """Yield the rules of all buses and regions."""
        for backend in self._moto.used_backends("events").values():
            for bus in list(backend.event_buses.values()):
                yield from list(bus.rules.values())

    def _delivery(self, rule: Any, target: Mapping[str, Any], received: Received, text: str) -> Delivery:
        arn, event = target["Arn"], received.event
        parcel = Parcel(text, event["id"], received.at, group_id=_group(target, event))
        return Delivery(
            sender=f"rule {rule.name}",
            target=arn,
            parcel=parcel,
            policy=_policy_of(target, self._policy),
            trace=received.trace,
            dead_letters=(target.get("DeadLetterConfig") or {}).get("Arn"),
            dead_parcel=replace(parcel, text=json.dumps(event)),
            dead_attributes=dead_attributes(arn, RULE_ARN=rule.arn),
            calls=_to_bus(arn, event) if ":event-bus/" in arn else (),
        )


def dead_attributes(target: str, **names: str) -> Callable[[Outcome], dict[str, str]]:
    """Return what makes the attributes of a message in a dead-letter queue.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
    """

    def attributes(outcome: Outcome) -> dict[str, str]:
        error = outcome.error
        told = {
            **names,
            "TARGET_ARN": target,
            "ERROR_CODE": _error_code(outcome),
            "ERROR_MESSAGE": (error.message if error else "")[:1024] or "unknown",
        }
        if outcome.exhausted:
            told["EXHAUSTED_RETRY_CONDITION"] = outcome.exhausted
        return {**told, "RETRY_ATTEMPTS": str(len(outcome.attempts) - 1)}

    return attributes


def _error_code(outcome: Outcome) -> str:
    error = outcome.error
    if error is None:
        return "UNKNOWN"
    if error.status == 404 or any(part in error.code for part in _NO_RESOURCE):
        return "NO_RESOURCE"
    if error.status == 429 or "Throttl" in error.code:
        return "THROTTLING"
    return "SDK_CLIENT_ERROR" if error.status < 500 else "ERROR_FROM_TARGET"


def _group(target: Mapping[str, Any], event: Mapping[str, Any]) -> str | None:
    """Return the group of a FIFO queue's message, or a record's partition key; raises `InputError`."""
    path = (target.get("KinesisParameters") or {}).get("PartitionKeyPath")
    if path:
        return str(next(values_at(path, event), "")) or None
    group = (target.get("SqsParameters") or {}).get("MessageGroupId")
    return None if group is None else str(group)


def _is_enabled(rule: Any) -> bool:
    return str(rule.state).startswith("ENABLED")


def _policy_of(target: Mapping[str, Any], policy: RetryPolicy) -> RetryPolicy:
    given = target.get("RetryPolicy") or {}
    return replace(
        policy,
        retries=int(given.get("MaximumRetryAttempts", policy.retries)),
        max_age=float(given.get("MaximumEventAgeInSeconds", policy.max_age)),
    )


def _to_bus(arn: str, event: Mapping[str, Any]) -> tuple[ApiCall, ...]:
    """Return the call that puts an event on another bus."""
    entry = {
        "EventBusName": arn,
        "Source": event["source"],
        "DetailType": event["detail-type"],
        "Detail": json.dumps(event["detail"]),
        "Resources": event["resources"],
        "Time": event["time"],
    }
    return (ApiCall("events", "PutEvents", {"Entries": [entry]}),)
