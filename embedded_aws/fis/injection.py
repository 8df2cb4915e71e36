"""From the actions that are in force to what one invocation, or one call of AWS, suffers: pure decisions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from embedded_aws.awslambda.faults import NONE, Injection, Replacement, http_response, invocation_error
from embedded_aws.fis.actions import CALL_DELAY, CALL_ERROR, CALL_THROTTLE, DELAY, ERROR, HTTP_RESPONSE


@dataclass(frozen=True)
class ActiveAction:
    """One action in force: since when, in epoch seconds, for which experiment, on which functions."""

    since: float
    experiment: str
    action_id: str
    values: dict[str, Any]
    functions: tuple[str, ...] = ()


@dataclass(frozen=True)
class CallFault:
    """What one call of AWS suffers; `delay` in seconds."""

    kind: Literal["throttle", "error", "delay"]
    experiment: str
    delay: float = 0.0


@dataclass(frozen=True)
class Called:
    """A call of AWS: `PutItem` of `dynamodb` on the table `items`."""

    service: str
    operation: str
    resource: str


def injection_for(
    actions: Iterable[ActiveAction], function_arn: str, invoked_arn: str, roll: float
) -> Injection:
    """Return what one invocation gets; `roll` is a random number from 0 up to 100.

    Different actions add up. Of identical or conflicting ones (an error and a response) only that with the
    earliest start applies. One roll decides for all of them, so that faults of equal percentages meet the
    same invocations.
    https://docs.aws.amazon.com/fis/latest/userguide/use-lambda-actions.html#understanding-concurrency
    """
    on_function = sorted(
        (action for action in actions if {function_arn, invoked_arn} & {*action.functions}),
        key=lambda action: action.since,
    )
    delay = _first(on_function, {DELAY}, roll, "invocationPercentage")
    response = _first(on_function, {ERROR, HTTP_RESPONSE}, roll, "invocationPercentage")
    applied = [action for action in (delay, response) if action]
    if not applied:
        return NONE
    return Injection(
        delay=delay.values["startupDelayMilliseconds"] / 1000 if delay else 0.0,
        replacement=_replacement(response) if response else None,
        experiments=tuple(dict.fromkeys(action.experiment for action in applied)),
        log=tuple(f"AWS FIS EXTENSION - {_said(action)}" for action in applied),
    )


def call_fault(actions: Iterable[ActiveAction], called: Called, roll: float) -> CallFault | None:
    """Return what one call of AWS suffers: of several actions that apply, the earliest-started one."""
    matching = sorted(
        (action for action in actions if _hits(action, called)), key=lambda action: action.since
    )
    action = _first(matching, {CALL_THROTTLE, CALL_ERROR, CALL_DELAY}, roll, "callPercentage")
    if action is None:
        return None
    if action.action_id == CALL_DELAY:
        return CallFault("delay", action.experiment, action.values["delayMilliseconds"] / 1000)
    return CallFault("throttle" if action.action_id == CALL_THROTTLE else "error", action.experiment)


def _first(actions: list[ActiveAction], ids: set[str], roll: float, percentage: str) -> ActiveAction | None:
    first = next((action for action in actions if action.action_id in ids), None)
    return first if first and roll < first.values[percentage] else None


def _replacement(action: ActiveAction) -> Replacement:
    values = action.values
    prevents = values["preventExecution"]
    if action.action_id == ERROR:
        return invocation_error(action.experiment, prevents_execution=prevents)
    return http_response(values["statusCode"], values["contentTypeHeader"], prevents_execution=prevents)


def _said(action: ActiveAction) -> str:
    """Return the extension's line; only that about latency is published."""
    values = action.values
    if action.action_id == DELAY:
        return f"adding {values['startupDelayMilliseconds']} milliseconds of latency to function invocation"
    if action.action_id == ERROR:
        return "marking function invocation as failed"
    return f"replacing function response with status {values['statusCode']}"


def _hits(action: ActiveAction, called: Called) -> bool:
    values = action.values
    return (
        values.get("service") == called.service
        and values["operation"] in {"", called.operation}
        and values["resource"] in {"", called.resource}
    )
