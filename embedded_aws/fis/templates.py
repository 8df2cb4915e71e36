"""Experiment templates, checked as FIS checks them: what a request says becomes actions that can run.

https://docs.aws.amazon.com/fis/latest/userguide/experiment-templates.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from embedded_aws.aws.errors import NotFoundError, QuotaError, ValidationError
from embedded_aws.fis.actions import ACTIONS, LAMBDA_FUNCTION, Action

MAX_ACTIONS = 20
MAX_PARALLEL = 10
MAX_STOP_CONDITIONS = 5
MAX_DURATION = 12 * 3600.0
"""https://docs.aws.amazon.com/fis/latest/userguide/fis-quotas.html"""

ALARM = "aws:cloudwatch:alarm"
_SELECTION = re.compile(r"ALL|COUNT\((\d{1,9})\)|PERCENT\((\d{1,9})\)")
_LAMBDA_ARN = re.compile(r"arn:[\w-]+:lambda:[\w-]+:\d{12}:function:[\w-]+(:[\w$-]+)?")
_ALARM_ARN = re.compile(r"arn:[\w-]+:cloudwatch:[\w-]+:\d{12}:alarm:.+")


@dataclass(frozen=True)
class Step:
    """One action of a template: its values are read, `offset` is when it starts, in seconds."""

    name: str
    action: Action
    values: Mapping[str, Any]
    target: str | None
    offset: float

    @property
    def duration(self) -> float:
        return float(self.values["duration"])


@dataclass(frozen=True)
class Template:
    """One experiment template: `document` is what it now says, `request` what made it.

    Times are in epoch seconds.
    """

    id: str
    arn: str
    document: Mapping[str, Any]
    steps: tuple[Step, ...]
    created: float
    updated: float
    tags: Mapping[str, str] = field(default_factory=dict)
    request: Mapping[str, Any] = field(default_factory=dict)

    @property
    def alarms(self) -> list[str]:
        """The ARNs of the alarms that stop an experiment."""
        return [item["value"] for item in self.document["stopConditions"] if item["source"] == ALARM]

    @property
    def skips_empty_targets(self) -> bool:
        return bool(self.document.get("experimentOptions", {}).get("emptyTargetResolutionMode") == "skip")


def parse_steps(document: Mapping[str, Any]) -> tuple[Step, ...]:
    """Check a template's request, whose shape is right, and return its actions.

    Conflicting actions on one function are no mistake: FIS takes them, and applies the earliest one.
    https://docs.aws.amazon.com/fis/latest/userguide/use-lambda-actions.html#understanding-concurrency
    Raises `ValidationError`, `NotFoundError` for an action that does not exist, `QuotaError`.
    """
    actions, targets = document["actions"], document.get("targets") or {}
    if not actions:
        raise ValidationError("At least one action must be specified.")
    if len(actions) > MAX_ACTIONS:
        raise QuotaError(f"The template has {len(actions)} actions; at most {MAX_ACTIONS} are allowed.")
    for name, target in targets.items():
        _check_target(name, target)
    _check_stop_conditions(document["stopConditions"])
    read = {name: _read_action(name, given, targets) for name, given in actions.items()}
    _check_targets_are_used(read, targets)
    offsets: dict[str, float] = {}
    steps = tuple(
        Step(name, action, values, target, _offset(name, actions, read, (), offsets))
        for name, (action, values, target) in read.items()
    )
    _check_schedule(steps)
    return steps


_Read = tuple[Action, dict[str, Any], str | None]


def _read_action(name: str, given: Mapping[str, Any], targets: Mapping[str, Any]) -> _Read:
    id_ = given.get("actionId")  # which an update need not have by its shape
    if id_ is None:
        raise ValidationError(f"Action {name} has no actionId.")
    action = ACTIONS.get(id_)
    if action is None:
        raise NotFoundError(f"Action with ID {id_} not found.")
    return action, _values(name, action, given.get("parameters") or {}), _target(name, action, given, targets)


def _values(name: str, action: Action, given: Mapping[str, str]) -> dict[str, Any]:
    for key in given:
        if key not in action.parameters:
            raise ValidationError(
                f'Unexpected parameter "{key}" found in action {name}: {action.id} takes '
                f"{', '.join(action.parameters)}."
            )
    values = {}
    for key, parameter in action.parameters.items():
        if key not in given:
            if parameter.required:
                raise ValidationError(
                    f'The required parameter "{key}" is missing in action {name}; '
                    f"it must be {parameter.allowed}."
                )
            values[key] = parameter.default
            continue
        try:
            values[key] = parameter.read(given[key])
        except ValueError as error:
            raise ValidationError(
                f'The value "{given[key]}" of parameter "{key}" in action {name} is not valid: '
                f"it must be {parameter.allowed}."
            ) from error
    return values


def _target(name: str, action: Action, given: Mapping[str, Any], targets: Mapping[str, Any]) -> str | None:
    chosen: Mapping[str, str] = given.get("targets") or {}
    for key in chosen:
        if key not in action.targets:
            raise ValidationError(f'Unexpected target "{key}" found in action {name}.')
    for key, resource_type in action.targets.items():
        if key not in chosen:
            raise ValidationError(f'The required target "{key}" is missing in action {name}.')
        target = targets.get(chosen[key])
        if target is None:
            raise ValidationError(f'Action {name} has the target "{chosen[key]}", which is not defined.')
        if target["resourceType"] != resource_type:
            raise ValidationError(
                f'The target "{chosen[key]}" of action {name} is of type {target["resourceType"]}; '
                f"it must be {resource_type}."
            )
        return chosen[key]
    return None


def _check_target(name: str, target: Mapping[str, Any]) -> None:
    if target["resourceType"] != LAMBDA_FUNCTION:
        raise ValidationError(
            f'The resource type {target["resourceType"]} of target "{name}" is not supported here; '
            f"{LAMBDA_FUNCTION} is."
        )
    arns, tags = target.get("resourceArns") or [], target.get("resourceTags") or {}
    if bool(arns) == bool(tags):
        raise ValidationError(f'The target "{name}" must have either resourceArns or resourceTags.')
    for arn in arns:
        if not _LAMBDA_ARN.fullmatch(arn):
            raise ValidationError(f'The ARN "{arn}" of target "{name}" is not that of a Lambda function.')
    if target.get("filters"):
        raise ValidationError(f'The target "{name}" has filters; {LAMBDA_FUNCTION} takes none.')
    selection = _SELECTION.fullmatch(target["selectionMode"])
    percent = selection and selection[2]
    if selection is None or selection[1] == "0" or (percent and not 1 <= int(percent) <= 100):
        raise ValidationError(
            f'The selection mode "{target["selectionMode"]}" of target "{name}" is not valid: '
            "it must be ALL, COUNT(n) or PERCENT(n)."
        )


def _check_stop_conditions(conditions: list[Mapping[str, str]]) -> None:
    if not conditions:
        raise ValidationError('At least one stop condition must be specified; its source may be "none".')
    if len(conditions) > MAX_STOP_CONDITIONS:
        raise QuotaError(
            f"The template has {len(conditions)} stop conditions; at most {MAX_STOP_CONDITIONS} are allowed."
        )
    for condition in conditions:
        source, value = condition["source"], condition.get("value")
        if source not in {ALARM, "none"}:
            raise ValidationError(f'The stop condition source "{source}" must be {ALARM} or none.')
        if source == "none" and (value or len(conditions) > 1):
            raise ValidationError('The stop condition source "none" stands alone and has no value.')
        if source == ALARM and not (value and _ALARM_ARN.fullmatch(value)):
            raise ValidationError(f'The stop condition value "{value}" is not the ARN of an alarm.')


def _check_targets_are_used(read: Mapping[str, _Read], targets: Mapping[str, Any]) -> None:
    used = {target for _, _, target in read.values()}
    for name in targets:
        if name not in used:
            raise ValidationError(f'The target "{name}" is not used by any action.')


def _offset(
    name: str,
    actions: Mapping[str, Any],
    read: Mapping[str, _Read],
    above: tuple[str, ...],
    known: dict[str, float],
) -> float:
    """Return when an action starts: when the last of those that it waits for has ended.

    `known` keeps the answers, since the paths through actions that wait for each other are countless.
    """
    if name in known:
        return known[name]
    if name in above:
        others = above[above.index(name) + 1 :]
        through = f" and those of {', '.join(others)}" if others else ""
        raise ValidationError(f"Action {name} waits for itself, by its startAfter{through}.")
    ends = [0.0]
    for other in actions[name].get("startAfter") or ():
        if other not in actions:
            raise ValidationError(f'Action {name} starts after "{other}", which is not defined.')
        ends.append(_offset(other, actions, read, (*above, name), known) + read[other][1]["duration"])
    known[name] = max(ends)
    return known[name]


def _check_schedule(steps: tuple[Step, ...]) -> None:
    longest = max(step.offset + step.duration for step in steps)
    if longest > MAX_DURATION:
        raise QuotaError("The experiment would last longer than 12 hours.")
    for moment in {step.offset for step in steps}:
        running = [step for step in steps if step.offset <= moment < step.offset + step.duration]
        if len(running) > MAX_PARALLEL:
            raise QuotaError(f"{len(running)} actions run at once; at most {MAX_PARALLEL} may.")


def selected_count(mode: str, available: int) -> int:
    """Return how many resources a selection mode takes; PERCENT rounds down, as FIS does."""
    found = _SELECTION.fullmatch(mode)
    if found is None or mode == "ALL":
        return available
    if found[1]:
        return min(int(found[1]), available)
    return available * int(found[2]) // 100
