"""Permissions to invoke a function that a program forgets: here nothing is refused for lack of one.

On AWS a service that invokes a function needs a statement in the function's policy, unless it takes a role:
https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
"""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from embedded_aws.engine.registration import Registration

_ARN = re.compile(r"arn:[\w-]+:lambda:[\w-]+:\d*:function:(?P<name>[\w-]+)")
_GATEWAY = "apigateway.amazonaws.com"
_CONSEQUENCE = {
    _GATEWAY: "the API answers 500",
    "events.amazonaws.com": "the rule does not",
    "s3.amazonaws.com": "S3 refuses the notification",
    "sns.amazonaws.com": "the topic does not",
}


@dataclass(frozen=True)
class _Call:
    """`resource` is what the ARN of who invokes ends with; an API's methods follow its id."""

    label: str
    function: str
    principal: str
    resource: str


class Permissions:
    """Who invokes which function of a program, and who may; resources come from several threads at once."""

    def __init__(self) -> None:
        self._functions: set[str] = set()
        self._calls: list[_Call] = []
        self._given: list[tuple[str, str, str]] = []
        self._lock = threading.Lock()

    def stands(self, label: str, registration: Registration, resource_id: str) -> None:
        """Take note of a resource that exists, since now or from an earlier run."""
        type_, inputs = registration.type, registration.inputs
        with self._lock:
            if type_ == "aws:lambda/function:Function":
                self._functions.add(resource_id)
            elif type_ == "aws:lambda/permission:Permission":
                source = str(inputs.get("sourceArn") or "")
                self._given.append((_named(inputs["function"]), str(inputs["principal"]), source))
            elif type_ in _CALLERS:
                for uri, principal, resource in _CALLERS[type_](inputs, resource_id):
                    if found := _ARN.search(uri):
                        self._calls.append(_Call(label, found["name"], principal, resource))

    def finish(self) -> list[str]:
        """Return a warning for each function of the program that AWS would not let be invoked."""
        told: dict[tuple[str, str, str], str] = {}
        for call in self._calls:
            if call.function in self._functions and not self._is_allowed(call):
                told.setdefault((call.function, call.principal, call.resource), _warning(call))
        return list(told.values())

    def _is_allowed(self, call: _Call) -> bool:
        return any(
            function == call.function
            and principal in {call.principal, "*"}
            and (not source or _covers(source, call))
            for function, principal, source in self._given
        )


def _named(function: object) -> str:
    found = _ARN.search(str(function))
    return found["name"] if found else str(function).partition(":")[0]


def _covers(source: str, call: _Call) -> bool:
    pattern = source.split(":", 5)[-1]
    if call.principal != _GATEWAY:
        return fnmatchcase(call.resource, pattern)
    api, slash, _ = pattern.partition("/")  # which of its methods is the program's to know
    return fnmatchcase(call.resource, api) and bool(slash or api.endswith("*"))


def _warning(call: _Call) -> str:
    then = _CONSEQUENCE[call.principal]
    return (
        f"{call.label}: function {call.function} has no permission that lets {call.principal} invoke it for "
        f"{call.resource}; it is invoked here, on AWS {then}: give it an aws.lambda_.Permission"
    )


def _integration(inputs: Mapping[str, Any], _: str) -> Iterator[tuple[str, str, str]]:
    if not (inputs.get("credentials") or inputs.get("credentialsArn")):
        yield str(inputs.get("uri") or inputs.get("integrationUri") or ""), _GATEWAY, _api_of(inputs)


def _authorizer(inputs: Mapping[str, Any], _: str) -> Iterator[tuple[str, str, str]]:
    if not (inputs.get("authorizerCredentials") or inputs.get("authorizerCredentialsArn")):
        yield str(inputs.get("authorizerUri") or ""), _GATEWAY, _api_of(inputs)


def _api_of(inputs: Mapping[str, Any]) -> str:
    return str(inputs.get("restApi") or inputs.get("apiId"))


def _api(inputs: Mapping[str, Any], resource_id: str) -> Iterator[tuple[str, str, str]]:
    """Yield the functions of an OpenAPI document, unless it names roles, and that of a quick create."""
    body = inputs.get("body") or ""
    text = body if isinstance(body, str) else json.dumps(body)
    if "credentials" not in text.lower():
        yield from ((found[0], _GATEWAY, resource_id) for found in _ARN.finditer(text))
    if not inputs.get("credentialsArn"):
        yield str(inputs.get("target") or ""), _GATEWAY, resource_id


def _event_target(inputs: Mapping[str, Any], _: str) -> Iterator[tuple[str, str, str]]:
    bus = str(inputs.get("eventBusName") or "default").rpartition("/")[2]
    rule = str(inputs["rule"]) if bus == "default" else f"{bus}/{inputs['rule']}"
    yield str(inputs["arn"]), "events.amazonaws.com", f"rule/{rule}"


def _subscription(inputs: Mapping[str, Any], _: str) -> Iterator[tuple[str, str, str]]:
    yield str(inputs["endpoint"]), "sns.amazonaws.com", str(inputs["topic"]).rpartition(":")[2]


def _notification(inputs: Mapping[str, Any], _: str) -> Iterator[tuple[str, str, str]]:
    for entry in inputs.get("lambdaFunctions") or ():
        yield str(entry.get("lambdaFunctionArn") or ""), "s3.amazonaws.com", str(inputs["bucket"])


_CALLERS: Mapping[str, Callable[[Mapping[str, Any], str], Iterator[tuple[str, str, str]]]] = {
    "aws:apigateway/integration:Integration": _integration,
    "aws:apigateway/authorizer:Authorizer": _authorizer,
    "aws:apigateway/restApi:RestApi": _api,
    "aws:apigatewayv2/integration:Integration": _integration,
    "aws:apigatewayv2/authorizer:Authorizer": _authorizer,
    "aws:apigatewayv2/api:Api": _api,
    "aws:cloudwatch/eventTarget:EventTarget": _event_target,
    "aws:sns/topicSubscription:TopicSubscription": _subscription,
    "aws:s3/bucketNotification:BucketNotification": _notification,
}
"""The ARN or path of each function that a resource has invoked, by whom and for what, by its type."""
