"""The actions that experiments here can have: AWS's three for Lambda, its wait, and some of our own.

https://docs.aws.amazon.com/fis/latest/userguide/fis-actions-reference.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from embedded_aws.fis.parameters import Parameter, duration, flag, media_type, one_of, whole

LAMBDA_FUNCTION = "aws:lambda:function"
DELAY = "aws:lambda:invocation-add-delay"
ERROR = "aws:lambda:invocation-error"
HTTP_RESPONSE = "aws:lambda:invocation-http-integration-response"
WAIT = "aws:fis:wait"
# Of the form that the provider of Pulumi and Terraform demands, aws:SERVICE:ACTION, with no service of AWS.
CALL_THROTTLE = "aws:local-call:throttle"
CALL_ERROR = "aws:local-call:error"
CALL_DELAY = "aws:local-call:delay"

CALLED_SERVICES = ("dynamodb", "s3", "sqs", "lambda")
"""Services whose calls the actions of `local-call` disturb."""


@dataclass(frozen=True)
class Action:
    """One kind of action; `targets` maps a target's key to its resource type."""

    id: str
    description: str
    parameters: Mapping[str, Parameter]
    targets: Mapping[str, str] = field(default_factory=dict)


_DURATION = {
    "duration": Parameter(
        "How long the action lasts, in ISO 8601.",
        "an ISO 8601 duration of at most 12 hours, such as PT5M",
        duration,
        required=True,
    )
}
_PERCENTAGE = Parameter(
    "The share of invocations that gets the fault.",
    "a whole number from 1 to 100",
    whole(1, 100),
    default=100,
)
_PREVENT = Parameter(
    "Whether the handler is kept from running.", "true or false", flag, required=True, default=False
)
_FUNCTIONS = {"Functions": LAMBDA_FUNCTION}


def _lambda(id_: str, description: str, **parameters: Parameter) -> Action:
    shared = {**_DURATION, "invocationPercentage": _PERCENTAGE}
    return Action(id_, description, {**shared, **parameters}, _FUNCTIONS)


def _call(id_: str, description: str, **parameters: Parameter) -> Action:
    """Return an action on calls of AWS; FIS itself has none for these services."""
    shared = {
        **_DURATION,
        "service": Parameter(
            "The called service.",
            f"one of {', '.join(CALLED_SERVICES)}",
            one_of(*CALLED_SERVICES),
            required=True,
        ),
        "operation": Parameter("The operation, such as PutItem.", "an operation's name", str, default=""),
        "resource": Parameter("The table, bucket, queue or function.", "a name", str, default=""),
        "callPercentage": _PERCENTAGE,
    }
    return Action(id_, description, {**shared, **parameters})


_ACTIONS = (
    _lambda(
        DELAY,
        "Delays the start of a function.",
        startupDelayMilliseconds=Parameter(
            "The delay between invocation and handler, in milliseconds.",
            "a whole number from 0 to 900000",
            whole(0, 900_000),
            default=1000,
        ),
    ),
    _lambda(ERROR, "Marks invocations as failed.", preventExecution=_PREVENT),
    _lambda(
        HTTP_RESPONSE,
        "Replaces the response of a function behind an HTTP integration.",
        contentTypeHeader=Parameter(
            "The response's content type.",
            "a media type such as application/json",
            media_type,
            required=True,
        ),
        preventExecution=_PREVENT,
        statusCode=Parameter(
            "The response's status.", "a whole number from 000 to 999", whole(0, 999), required=True
        ),
    ),
    Action(WAIT, "Waits.", _DURATION),
    _call(CALL_THROTTLE, "Throttles calls of AWS; on this machine only."),
    _call(CALL_ERROR, "Fails calls of AWS with the service's internal error; on this machine only."),
    _call(
        CALL_DELAY,
        "Delays calls of AWS; on this machine only.",
        delayMilliseconds=Parameter(
            "The delay before the call is made, in milliseconds.",
            "a whole number from 0 to 900000",
            whole(0, 900_000),
            default=1000,
        ),
    ),
)

ACTIONS: Mapping[str, Action] = {action.id: action for action in _ACTIONS}
