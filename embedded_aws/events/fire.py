"""Fires a rule or a schedule now, for whoever does not want to wait: AWS has no operation for it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from embedded_aws.aws.ids import Clock, Ids
from embedded_aws.aws.interfaces import ACCOUNT_ID
from embedded_aws.aws.parsing import ParseError, read_object
from embedded_aws.delivery.courier import Courier, Delivery, Outcome
from embedded_aws.eventbridge.event import Received, timestamp
from embedded_aws.eventbridge.rules import Rules
from embedded_aws.eventbridge.schedules import Schedules

if TYPE_CHECKING:
    from embedded_aws.journal.about import Answer

_PATIENCE = 5.0
"""Seconds in which targets are told of; what fails is tried again after that as well."""


class Firing:
    """Finds what is meant by a name, and sends it to its targets."""

    def __init__(self, rules: Rules, schedules: Schedules, courier: Courier, clock: Clock, ids: Ids) -> None:
        self._rules = rules
        self._schedules = schedules
        self._courier = courier
        self._clock = clock
        self._ids = ids

    async def __call__(self, name: str, body: bytes) -> Answer:
        """Fire by a name, an ARN, or a name without Pulumi's ending; return the HTTP status and JSON.

        `body` is an event, or empty: a schedule then makes its own. The answer has the name as it is and, for
        each target, its `arn`, `delivered` (`None` while it is tried again), `error` and `request_id`.
        """
        try:
            given = read_object(body) if body.strip() else None
        except ParseError as problem:
            return 400, {"error": f"the event is not a JSON object: {problem}"}
        names = self.names(name)
        if len(names) != 1:
            known = ", ".join(sorted(self.all())) or "none"
            told = f"is one of {', '.join(sorted(names))}" if names else f"does not exist; there are {known}"
            return 404, {"error": f"the rule or schedule {name} {told}"}
        (found,) = names
        deliveries = self._deliveries(found, given)
        if deliveries is None:
            return 400, {"error": f"the rule {found} has no schedule, events fire it: give it one"}
        return 200, {"name": found, "targets": await self._sent(deliveries)}

    def _deliveries(self, name: str, given: Mapping[str, Any] | None) -> Sequence[Delivery] | None:
        now = self._clock()
        schedule = next((one for one in self._schedules.all(enabled=False) if one.name == name), None)
        rule = next((one for one in self._rules.all() if one.name == name), None)
        if rule and given is not None:
            event = {**self._blank(rule.region_name, now), **given}
            return list(
                self._rules.deliveries(rule, Received(event, rule.event_bus_name, rule.region_name, now))
            )
        return list(self._schedules.deliveries(schedule, now)) if schedule else None

    def _blank(self, region: str, now: float) -> dict[str, Any]:
        return {
            "version": "0",
            "id": self._ids.request_id(),
            "detail-type": "Fired",
            "source": "waterfall",
            "account": ACCOUNT_ID,
            "time": timestamp(now),
            "region": region,
            "resources": [],
            "detail": {},
        }

    async def _sent(self, deliveries: Sequence[Delivery]) -> list[dict[str, Any]]:
        outcomes: dict[int, Outcome] = {}

        async def deliver(place: int, delivery: Delivery) -> None:
            outcomes[place] = await self._courier.deliver(delivery)
            if len(outcomes) == len(deliveries):
                done.set()

        done = asyncio.Event()
        for place, delivery in enumerate(deliveries):
            self._courier.start(partial(deliver, place, delivery))
        try:
            async with asyncio.timeout(_PATIENCE if deliveries else 0):
                await done.wait()
        except TimeoutError:
            pass
        return [_told(delivery, outcomes.get(place)) for place, delivery in enumerate(deliveries)]

    def names(self, name: str) -> set[str]:
        """Return the names that may be meant by a name, an ARN, or a name without Pulumi's ending."""
        known = self.all()
        by_arn = {other for other, arn in known.items() if name in {other, arn}}
        automatic = re.compile(rf"{re.escape(name)}-[0-9a-f]{{7}}")
        return by_arn or {other for other in known if automatic.fullmatch(other)}

    def all(self) -> dict[str, str]:
        """Return the ARNs of all rules and schedules by their names."""
        rules = {rule.name: rule.arn for rule in self._rules.all()}
        return rules | {one.name: one.arn for one in self._schedules.all(enabled=False)}


def _told(delivery: Delivery, outcome: Outcome | None) -> dict[str, Any]:
    error = outcome.error if outcome else None
    return {
        "arn": delivery.target,
        "delivered": None if outcome is None else bool(outcome.attempts) and error is None,
        "error": f"{error.code}: {error.message}" if error else None,
        "request_id": outcome.request_id if outcome else None,
    }
