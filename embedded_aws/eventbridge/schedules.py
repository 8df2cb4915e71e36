"""Schedules: rules of the default bus and EventBridge Scheduler's own, which moto keeps but never runs.

A schedule begins when it is first seen, which is at the tick after it was made. What nothing is due for costs
nothing: nobody looks until a request may have made one. Traces do not begin here: the function that is
invoked decides.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-related-service-xray.html
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from embedded_aws.aws.ids import Clock, Ids
from embedded_aws.aws.schedule_expressions import Expression, ExpressionError, parse
from embedded_aws.delivery.courier import Courier, Delivery
from embedded_aws.eventbridge.event import Received, scheduled_event
from embedded_aws.eventbridge.rules import DEFAULT_BUS, Rules
from embedded_aws.eventbridge.scheduler import delivery_of, is_within

if TYPE_CHECKING:
    from embedded_aws.aws.moto import MotoAws

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Scheduled:
    """One schedule as it is now: `owner` is moto's rule or schedule, `text` what it is due by."""

    arn: str
    name: str
    region: str
    text: str
    timezone: str
    owner: Any
    is_rule: bool

    @property
    def key(self) -> tuple[str, str, str]:
        return self.arn, self.text, self.timezone


@dataclass
class _Running:
    expression: Expression | None
    start: float
    due: float | None


class Schedules:
    """Fires what is due whenever `tick` is called; `changed` says that there may be a new schedule."""

    def __init__(self, moto: MotoAws, rules: Rules, courier: Courier, clock: Clock, ids: Ids) -> None:
        self._moto = moto
        self._rules = rules
        self._courier = courier
        self._clock = clock
        self._ids = ids
        self._used: set[str] = set()
        self._running: dict[tuple[str, str, str], _Running] = {}

    def changed(self, service: str) -> None:
        """Note that `events` or `scheduler` is used."""
        self._used.add(service)

    def tick(self) -> None:
        """Fire what has become due since the last tick, each once."""
        now = self._clock()
        known: dict[tuple[str, str, str], _Running] = {}
        for schedule in list(self.all(enabled=True)):
            running = self._running.get(schedule.key) or self._begin(schedule, now)
            known[schedule.key] = running
            if running.expression and running.due is not None and running.due <= now:
                due, running.due = running.due, running.expression.after(now, running.start)
                self._fire(schedule, due)
                if running.due is None and not schedule.is_rule:
                    self._complete(schedule)
        self._running = known

    def _fire(self, schedule: Scheduled, due: float) -> None:
        try:
            if schedule.is_rule or is_within(schedule.owner, due):
                for delivery in self.deliveries(schedule, due):
                    self._courier.send(delivery)
        except ValueError as problem:  # moto keeps inputs and dates that AWS would have refused
            _log.warning("schedule %s cannot be sent: %s", schedule.name, problem)
        except Exception:  # noqa: BLE001 - whatever it is, the others are due
            _log.exception("schedule %s cannot be sent", schedule.name)

    def _complete(self, schedule: Scheduled) -> None:
        """Delete a schedule that is never due again, where it asks for that."""
        if schedule.owner.action_after_completion == "DELETE":
            backend = self._moto.backend("scheduler", schedule.region)
            backend.delete_schedule(schedule.owner.group_name, schedule.name)

    def deliveries(self, schedule: Scheduled, at: float) -> Iterator[Delivery]:
        """Yield what a schedule sends when it is due at a time, in epoch seconds."""
        now = self._clock()
        if schedule.is_rule:
            event = scheduled_event(schedule.arn, self._ids.request_id(), schedule.region, at)
            yield from self._rules.deliveries(
                schedule.owner, Received(event, DEFAULT_BUS, schedule.region, now)
            )
        else:
            yield delivery_of(schedule.owner, schedule.region, at, now, self._ids)

    def _begin(self, schedule: Scheduled, now: float) -> _Running:
        try:
            expression = parse(schedule.text, schedule.timezone, is_rule=schedule.is_rule)
        except ExpressionError as problem:
            _log.warning("schedule %s never runs: %s", schedule.name, problem)
            return _Running(None, now, None)
        return _Running(expression, now, expression.after(now, now))

    def all(self, *, enabled: bool) -> Iterator[Scheduled]:
        """Yield the schedules, those that are disabled too unless `enabled`."""
        if "events" in self._used:
            for region, backend in self._moto.used_backends("events").items():
                for rule in list(backend.event_buses[DEFAULT_BUS].rules.values()):
                    text = rule.scheduled_expression
                    if text and (rule.state == "ENABLED" or not enabled):
                        yield Scheduled(rule.arn, rule.name, region, text, "UTC", rule, is_rule=True)
        if "scheduler" in self._used:
            for region, backend in self._moto.used_backends("scheduler").items():
                groups = list(backend.schedule_groups.values())
                for one in [one for group in groups for one in list(group.schedules.values())]:
                    text, zone = one.schedule_expression, one.schedule_expression_timezone or "UTC"
                    if one.state == "ENABLED" or not enabled:
                        yield Scheduled(one.arn, one.name, region, text, zone, one, is_rule=False)
