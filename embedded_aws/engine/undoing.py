"""What takes a resource away again: of each call that made it, the inverse that AWS has for it.

`CreateQueue` has `DeleteQueue`, `PutRolePolicy` has `DeleteRolePolicy`; botocore's description of the inverse
says what it must be given, and that is in the request or in the answer of the call.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from botocore.exceptions import ClientError

_VERBS = {
    "Add": "Remove",
    "Attach": "Detach",
    "Create": "Delete",
    "Publish": "Delete",
    "Put": "Delete",
    "Register": "Deregister",
}
_IRREGULAR: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "AddRoleToInstanceProfile": ("RemoveRoleFromInstanceProfile", {}),
    "CreateKey": ("ScheduleKeyDeletion", {"PendingWindowInDays": 7}),
    "CreateSecret": ("DeleteSecret", {"ForceDeleteWithoutRecovery": True}),
    "PutBucketLifecycleConfiguration": ("DeleteBucketLifecycle", {}),
    "PutBucketNotificationConfiguration": (
        "PutBucketNotificationConfiguration",
        {"NotificationConfiguration": {}},
    ),
    "PutDashboard": ("DeleteDashboards", {}),
    "PutMetricAlarm": ("DeleteAlarms", {}),
    "PutPermission": ("RemovePermission", {}),
    "PutTargets": ("RemoveTargets", {}),
    "Subscribe": ("Unsubscribe", {}),
}
"""Inverses of another name, and what they are given besides."""
_NO_INVERSE = frozenset({"PutRestApi", "PutRetentionPolicy", "PutSecretValue", "PutFunctionConcurrency"})
"""What goes with the resource that another call made."""
_RENAMED: Mapping[str, tuple[str, ...]] = {
    "AlarmNames": ("AlarmName",),
    "DashboardNames": ("DashboardName",),
    "SecretId": ("ARN",),
    "VersionNumber": ("Version",),
    "apiKey": ("id",),
    "modelName": ("name",),
}
"""Members of inverses, and what the call that made it names them."""
_GONE = ("NotFound", "NoSuch", "NonExistent", "DoesNotExist", "NotExist", "404")

_made: ContextVar[list[Undo] | None] = ContextVar("_made", default=None)


@dataclass(frozen=True)
class Undo:
    """One call that takes something away."""

    service: str
    region: str
    operation: str
    params: Mapping[str, Any] = field(default_factory=dict)


@contextlib.contextmanager
def recording() -> Iterator[list[Undo]]:
    """Collect what would undo the calls of this block, the last one first."""
    made: list[Undo] = []
    token = _made.set(made)
    try:
        yield made
    finally:
        _made.reset(token)


def watch(client: Any, service: str, region: str) -> None:
    """Let `recording` see the calls of a client."""

    def asked(params: Mapping[str, Any], context: dict[str, Any], **_: Any) -> None:
        context["asked"] = params

    def answered(parsed: Any, model: Any, context: dict[str, Any], http_response: Any, **_: Any) -> None:
        made = _made.get()
        if made is None or http_response.status_code >= HTTPStatus.MULTIPLE_CHOICES:
            return
        if found := inverse(model, context.get("asked", {}), parsed):
            operation, params = found
            made.insert(0, Undo(service, region, operation, params))

    client.meta.events.register("provide-client-params", asked)
    client.meta.events.register("after-call", answered)


def inverse(
    model: Any, asked: Mapping[str, Any], answer: Mapping[str, Any]
) -> tuple[str, dict[str, Any]] | None:
    """Return operation and request that undo a call, or `None` for one that made nothing of its own."""
    name = _inverse_of(model.name)
    if name is None or name not in model.service_model.operation_names:
        return None
    operation, fixed = name, _IRREGULAR.get(model.name, ("", {}))[1]
    shape = model.service_model.operation_model(operation).input_shape
    required = set(shape.required_members)
    given: dict[str, Any] = dict(fixed)
    for member in shape.members.keys() - given.keys():
        value = _found(member, asked, answer) if member in required else _in(asked, member)
        if value is not None:
            listed = shape.members[member].type_name == "list" and not isinstance(value, list)
            given[member] = [value] if listed else value
    if model.name == "PutTargets":
        given["Ids"] = [target["Id"] for target in asked["Targets"]]
    if not given:  # either of two members names it, inside of the request
        found = ((member, _deep(asked, member)) for member in shape.members)
        given = dict([next(((member, value) for member, value in found if value), ("", None))])
    return (operation, given) if required <= given.keys() else None


def undo(call: Undo, client: Any) -> None:
    """Make the call; what is gone already is as well. Raises ClientError for everything else."""
    methods = {operation: method for method, operation in client.meta.method_to_api_mapping.items()}
    try:
        getattr(client, methods[call.operation])(**call.params)
    except ClientError as error:
        if not any(part in error.response["Error"].get("Code", "") for part in _GONE):
            raise


def _inverse_of(operation: str) -> str | None:
    if operation in _NO_INVERSE:
        return None
    if operation in _IRREGULAR:
        return _IRREGULAR[operation][0]
    return next(
        (
            f"{other}{operation.removeprefix(verb)}"
            for verb, other in _VERBS.items()
            if operation.startswith(verb)
        ),
        None,
    )


def _found(member: str, asked: Mapping[str, Any], answer: Mapping[str, Any]) -> Any:
    """Return what an inverse needs: from the request, from the answer, else what the answer calls its own."""
    value = next((found for name in (member, *_RENAMED.get(member, ())) if (found := _in(asked, name))), None)
    own = "arn" if member.lower().endswith("arn") else "id"
    names = (member, *_RENAMED.get(member, ()), *([own] if member.lower().endswith(own) else []))
    return value or next((found for name in names if (found := _deep(answer, name)) is not None), None)


def _in(values: Mapping[str, Any], name: str) -> Any:
    return next((value for key, value in values.items() if key.lower() == name.lower()), None)


def _deep(values: Mapping[str, Any], name: str) -> Any:
    """Return a member of that name, the outermost first."""
    pending = deque([values])
    while pending:
        level = pending.popleft()
        if (value := _in(level, name)) is not None:
            return value
        pending += [inner for inner in level.values() if isinstance(inner, Mapping)]
    return None
