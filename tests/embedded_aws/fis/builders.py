"""Requests of FIS, and resources made of plain values."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from embedded_aws.aws.ids import RandomIds
from embedded_aws.fis.service import Fis

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:worker"
ALARM = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:too-much"
DELAY, ERROR, RESPONSE = (
    f"aws:lambda:invocation-{kind}" for kind in ("add-delay", "error", "http-integration-response")
)
_tokens = itertools.count()


def action(id_: str = ERROR, after: list[str] | None = None, **parameters: str) -> dict[str, Any]:
    """Return an action on the target `fn`: of two minutes, and with what an error needs."""
    own = {"preventExecution": "true"} if id_ == ERROR else {}
    return {
        "actionId": id_,
        "parameters": {"duration": "PT2M", **own, **parameters},
        "targets": {"Functions": "fn"},
        "startAfter": after or [],
    }


def target(*arns: str, **more: Any) -> dict[str, Any]:
    """Return a target: all of some functions."""
    return {
        "resourceType": "aws:lambda:function",
        "resourceArns": list(arns or [ARN]),
        "selectionMode": "ALL",
        **more,
    }


def request(**changes: Any) -> dict[str, Any]:
    """Return a valid request of CreateExperimentTemplate with some members changed."""
    return {
        "clientToken": f"token-{next(_tokens)}",
        "description": "a test",
        "roleArn": "arn:aws:iam::123456789012:role/experiments",
        "stopConditions": [{"source": "none"}],
        "targets": {"fn": target()},
        "actions": {"fail": action()},
        **changes,
    }


@dataclass
class World:
    """Functions with their tags, firing alarms, and the time."""

    functions: dict[str, dict[str, str]] = field(default_factory=lambda: {ARN: {}})
    firing: set[str] = field(default_factory=set)
    now: float = 1_000_000.0
    roll: float = 0.0

    def has_function(self, arn: str) -> bool:
        return arn in self.functions

    def functions_tagged(self, tags: Mapping[str, str]) -> list[str]:
        return [arn for arn, own in self.functions.items() if tags.items() <= own.items()]

    def is_firing(self, alarm_arn: str) -> bool:
        return alarm_arn in self.firing

    def fis(self) -> Fis:
        return Fis(
            self, clock=lambda: self.now, ids=RandomIds(), region="eu-west-1", chance=lambda: self.roll
        )


def start(fis: Fis, **changes: Any) -> str:
    """Create a template, start it, and return the experiment's id."""
    template = fis.create_template(request(**changes))
    token = f"token-{next(_tokens)}"
    return fis.start({"clientToken": token, "experimentTemplateId": template.id}).id
