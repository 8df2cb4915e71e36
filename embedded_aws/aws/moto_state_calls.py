"""The calls of AWS that state machines make in moto: here they are made by the `Step` that a task is.

moto makes them by boto3, at a port of localhost and without a trace header.
"""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from botocore import xform_name
from botocore.awsrequest import AWSResponse
from botocore.exceptions import UnknownServiceError

from embedded_aws.aws.execution_steps import Sent, Step
from embedded_aws.aws.model import model


@dataclass
class _Attempt:
    """One attempt of a task: its step, and what boto3 was given for the request that comes next."""

    step: Step
    calls: int = 0
    model: Any = None
    parameters: Mapping[str, Any] = field(default_factory=dict)


_SERVICES = {"cloudwatchlogs": "logs", "cognitoidentityprovider": "cognito-idp", "eventbridge": "events"}
"""boto3's names of services where states name them otherwise, and moto does not know that."""
_CAPITALS = re.compile(r"[A-Z]+(?![a-z])")
_ATTEMPT: ContextVar[_Attempt] = ContextVar("attempt")


@contextmanager
def made_for(step: Step) -> Iterator[None]:
    """Let a step make the calls of this thread."""
    token = _ATTEMPT.set(_Attempt(step))
    try:
        yield
    finally:
        _ATTEMPT.reset(token)


def apply() -> None:
    """Let the calls of tasks be made by their steps, spelled as AWS has them."""
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (  # noqa: PLC0415
        state_task_service_aws_sdk as sdk,
    )
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import (  # noqa: PLC0415
        StateTaskService,
    )
    from moto.stepfunctions.parser.asl.utils import boto_client  # noqa: PLC0415

    def to_boto(self: Any, parameters: Any, service: str | None = None, action: str | None = None) -> None:
        if shapes := _shapes(self, service, action):
            self._to_boto_request(parameters, shapes[0])

    def from_boto(self: Any, response: Any, service: str | None = None, action: str | None = None) -> None:
        if shapes := _shapes(self, service, action):
            self._from_boto_response(response, shapes[1])

    vars(boto_client)["boto3"] = clients = _Clients()
    threading.Thread(target=clients.warm, name="aws-clients", daemon=True).start()
    task: Any = StateTaskService
    task._normalise_parameters = _by_name(to_boto)  # noqa: SLF001
    task._normalise_response = _by_name(from_boto)  # noqa: SLF001
    task._SERVICE_NAME_SFN_TO_BOTO_OVERRIDES.update(_SERVICES)  # noqa: SLF001
    sdk_task: Any = sdk.StateTaskServiceAwsSdk
    sdk_task._normalise_service_error_name = _error_prefix  # noqa: SLF001


def _by_name(fit: Callable[[Any, Any, str | None, str | None], None]) -> Callable[..., None]:
    """Return a function that moto calls with its own names; in moto these two do nothing."""

    def fitted(self: Any, *values: Any, **named: Any) -> None:
        names = ("parameters", "response")
        (value,) = values or (named[name] for name in names if name in named)
        fit(self, value, named.get("boto_service_name"), named.get("service_action_name"))

    return fitted


def _error_prefix(task: Any, _service: str) -> str:
    """Return what the errors of a service begin with, the name that it has in AWS's SDK for Java.

    That is its id in camel case: `S3`, `Sqs`, `SecretsManager`.
    https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
    """
    words = str(model(task._get_boto_service_name()).service_id).split()  # noqa: SLF001
    return "".join(
        _CAPITALS.sub(lambda capitals: capitals[0].title(), word[0].upper() + word[1:]) for word in words
    )


def _shapes(task: Any, service: str | None, action: str | None) -> tuple[Any, Any] | None:
    """Return botocore's shapes of a call: states spell members like `StateMachineArn` however AWS does."""
    try:
        described = model(task._get_boto_service_name(service))  # noqa: SLF001
    except UnknownServiceError:
        return None
    wanted = task._get_boto_service_action(action)  # noqa: SLF001
    name = next((name for name in described.operation_names if xform_name(name) == wanted), None)
    operation = described.operation_model(name) if name else None
    return (operation.input_shape, operation.output_shape) if operation else None


class _Clients:
    """Stands for boto3 in moto: clients whose requests go to the step of the task that makes them."""

    def __init__(self) -> None:
        import boto3  # noqa: PLC0415 - a slow import, where there are state machines

        self._lock = threading.Lock()
        self._session = boto3.Session("local", "local")
        self._made: dict[tuple[str, str], Any] = {}

    def warm(self) -> None:
        """Read what the first client needs, a third of a second that its state would seem to take."""
        with self._lock:
            self._session.client("lambda", "us-east-1")

    def client(self, *, service_name: str, region_name: str, **options: Any) -> Any:
        """Return the client of a service, made on first use."""
        with self._lock:
            key = (service_name, region_name)
            if key not in self._made:
                client = self._client(service_name, region_name, options)
                client.meta.events.register("before-parameter-build", _note)
                client.meta.events.register("before-send", _send)
                self._made[key] = client
            return self._made[key]

    def _client(self, service: str, region: str, options: Mapping[str, Any]) -> Any:
        try:
            return self._session.client(service, region, **options)
        except UnknownServiceError as problem:
            raise NotImplementedError(f"the embedded AWS has no integration of {service}") from problem


def _note(params: Mapping[str, Any], model: Any, **_: Any) -> None:
    attempt = _ATTEMPT.get()
    attempt.model, attempt.parameters = model, dict(params)


def _send(request: Any, **_: Any) -> AWSResponse:
    """Answer in place of boto3's HTTP."""
    attempt = _ATTEMPT.get()
    attempt.calls += 1
    body = request.body.read() if hasattr(request.body, "read") else request.body or b""
    answer = attempt.step.call(
        Sent(
            service=attempt.model.service_model.service_name,
            operation=attempt.model.name,
            parameters=attempt.parameters,
            method=request.method,
            url=request.url,
            headers={name: _text(value) for name, value in request.headers.items()},
            body=body.encode() if isinstance(body, str) else body,
            is_poll=attempt.calls > 1,
        )
    )
    return AWSResponse(request.url, answer.status, dict(answer.headers), _Raw(answer.body))


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


class _Raw(io.BytesIO):
    """A body as botocore reads it."""

    def stream(self, amt: int = 65_536, **_: Any) -> Iterator[bytes]:
        while chunk := self.read(amt):
            yield chunk
