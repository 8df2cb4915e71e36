"""What is known of a rule or a schedule: how it is set, what came to its bus, what became of what it sent."""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from itertools import islice
from typing import TYPE_CHECKING, Any

from embedded_aws.aws.event_patterns import ABSENT, first_difference
from embedded_aws.delivery.courier import Courier
from embedded_aws.eventbridge.rules import Rules
from embedded_aws.eventbridge.schedules import Schedules
from embedded_aws.events.fire import Firing

if TYPE_CHECKING:
    from embedded_aws.aws.moto import MotoAws

_MOST = 10
_PRINCIPAL = "events.amazonaws.com"
_FUNCTION = re.compile(r"arn:[\w-]+:lambda:(?P<region>[\w-]+):\d+:function:(?P<name>[\w-]+)")
_LONGEST = 300


class RuleAnswers:
    """Answers from moto's state, and from what rules and their courier remember."""

    def __init__(
        self, moto: MotoAws, rules: Rules, schedules: Schedules, courier: Courier, firing: Firing
    ) -> None:
        self._moto = moto
        self._rules = rules
        self._schedules = schedules
        self._courier = courier
        self._firing = firing

    def one(self, name: str) -> dict[str, Any]:
        """Return what is known of the rule or schedule that a name means, as `fire` takes it.

        `rule` is `None` unless there is exactly one; `names` are those there are, or that may be meant.

        A rule has `name`, `kind`, `state`, `bus`, `pattern` or `schedule`, `targets` (`arn`, `dead_letters`,
        and `allowed`: whether a function's policy lets EventBridge invoke it, `None` of others), and, newest
        first and at most ten, `events` of its bus and `deliveries`. An event has `differs`, the first field
        by which it does not fit: `field`, and as JSON `wanted` and `found`.
        """
        names = self._firing.names(name)
        if len(names) != 1:
            return {"rule": None, "names": sorted(names or self._firing.all())}
        (found,) = names
        rule = next((one for one in self._rules.all() if one.name == found), None)
        told = self._rule(rule) if rule else self._schedule(found)
        kind = "rule" if rule else "schedule"
        sent = [asdict(one) for one in reversed([*self._courier.sent]) if one.sender == f"{kind} {found}"]
        return {"rule": {**told, "name": found, "deliveries": sent[:_MOST]}, "names": [found]}

    def _rule(self, rule: Any) -> dict[str, Any]:
        pattern = rule.event_pattern.get_pattern() if rule.event_pattern.dump() is not None else None
        return {
            "kind": "rule",
            "state": str(rule.state),
            "bus": rule.event_bus_name,
            "pattern": pattern,
            "schedule": rule.scheduled_expression or None,
            "targets": [
                {
                    "arn": target["Arn"],
                    "dead_letters": (target.get("DeadLetterConfig") or {}).get("Arn"),
                    "allowed": self._allowed(target["Arn"], rule.arn),
                }
                for target in rule.targets
            ],
            "events": list(islice(self._events(rule, pattern), _MOST)) if pattern is not None else [],
        }

    def _schedule(self, name: str) -> dict[str, Any]:
        schedule = next(one for one in self._schedules.all(enabled=False) if one.name == name)
        target = schedule.owner.target
        dead_letters = (target.get("DeadLetterConfig") or {}).get("Arn")
        return {
            "kind": "schedule",
            "state": str(schedule.owner.state),
            "bus": None,
            "pattern": None,
            "schedule": f"{schedule.text} {schedule.timezone}",
            "targets": [{"arn": target["Arn"], "dead_letters": dead_letters, "allowed": None}],
            "events": [],
        }

    def _events(self, rule: Any, pattern: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        for received in reversed([*self._rules.received]):
            if (received.bus, received.region) != (rule.event_bus_name, rule.region_name):
                continue
            event = received.event
            yield {
                "id": event["id"],
                "at": received.at,
                "source": event["source"],
                "detail_type": event["detail-type"],
                "differs": _differs(first_difference(pattern, event)),
            }

    def _allowed(self, target: str, rule: str) -> bool | None:
        function = _FUNCTION.match(target)
        backend = function and self._moto.used_backends("lambda").get(function["region"])
        if not (function and backend):
            return None
        found = next((one for one in backend.list_functions() if one.function_name == function["name"]), None)
        return found and any(_allows(statement, rule) for statement in found.policy.statements)


def _allows(statement: Mapping[str, Any], rule: str) -> bool:
    principal = statement.get("Principal")
    service = principal.get("Service") if isinstance(principal, dict) else principal
    arns = [
        str(value)
        for condition in (statement.get("Condition") or {}).values()
        for key, value in condition.items()
        if key.lower() == "aws:sourcearn"
    ]
    return service in {_PRINCIPAL, "*"} and all(fnmatch.fnmatchcase(rule, arn) for arn in arns)


def _differs(found: tuple[str, Any, Any] | None) -> dict[str, Any] | None:
    if found is None:
        return None
    field, wanted, value = found
    return {"field": field, "wanted": _shown(wanted), "found": None if value is ABSENT else _shown(value)}


def _shown(value: Any) -> str:
    return json.dumps(value)[:_LONGEST]
