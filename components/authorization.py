"""Who may call a route, as API Gateway checks it before the function runs.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-control-access-to-api.html
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from .kinds import SettingError
from .routes import A_ROUTE, split_route

if TYPE_CHECKING:
    import pulumi

_FUNCTION_ARN = re.compile(r"arn:(aws[a-z-]*):lambda:([a-z0-9-]+):\d{12}:function:[A-Za-z0-9-_]+(:[\w$-]+)?")
_POOL_ARN = re.compile(r"arn:aws[a-z-]*:cognito-idp:[a-z0-9-]+:\d{12}:userpool/[\w-]+")


@dataclass(frozen=True)
class Open:
    """Anybody may call; said so on purpose."""


@dataclass(frozen=True)
class Iam:
    """Callers sign with their AWS credentials, and their IAM policies have to allow `execute-api:Invoke`."""


@dataclass(frozen=True)
class LambdaAuthorizer:
    """A function is asked, and its answer is kept for `cache_seconds`, up to an hour, by the header's value.

    A request without the header is refused unasked.
    """

    function_arn: pulumi.Input[str]
    header: str = "Authorization"
    cache_seconds: int = 300


@dataclass(frozen=True)
class CognitoAuthorizer:
    """A token of one of these user pools, by ARN: an identity token, or with `scopes` an access token."""

    user_pool_arns: Sequence[pulumi.Input[str]]
    scopes: Sequence[str] = ()


OPEN, IAM = Open(), Iam()
Authorization: TypeAlias = Open | Iam | LambdaAuthorizer | CognitoAuthorizer


@dataclass(frozen=True)
class Scheme:
    """An authorization in OpenAPI: a security scheme's name and content, and the scopes that a route asks."""

    name: str
    content: Mapping[str, Any]
    scopes: Sequence[str] = ()


def arns_of(authorization: Authorization) -> Sequence[pulumi.Input[str]]:
    """Return what a scheme has to know, and perhaps only does after others are deployed."""
    if isinstance(authorization, LambdaAuthorizer):
        return [authorization.function_arn]
    return authorization.user_pool_arns if isinstance(authorization, CognitoAuthorizer) else []


def scheme_of(authorization: Authorization, arns: Sequence[str]) -> Scheme | None:
    """Return the security scheme, with the ARNs that `arns_of` asked for; None for an open route.

    Routes with equal authorizations share one: an API has 10 authorizers at most.
    """
    if isinstance(authorization, Open):
        return None
    if isinstance(authorization, Iam):
        return Scheme("iam", _scheme("awsSigv4"))
    if isinstance(authorization, CognitoAuthorizer):
        authorizer = {"type": "cognito_user_pools", "providerARNs": list(arns)}
        content = _scheme("cognito_user_pools", authorizer)
        return Scheme(_name("cognito", content), content, tuple(authorization.scopes))
    (arn,) = arns
    content = _scheme(
        "custom",
        {
            "type": "request",
            "authorizerUri": _invocation_uri(arn),
            "identitySource": f"method.request.header.{authorization.header}",
            "authorizerResultTtlInSeconds": authorization.cache_seconds,
        },
        authorization.header,
    )
    return Scheme(_name("lambda", content), content)


def read_authorization(given: Mapping[str, Any]) -> dict[str, Authorization]:
    """Check the setting `authorization`; raises SettingError naming route, value and what is allowed."""
    return {route: _read(route, value) for route, value in given.items()}


def _read(route: str, value: Any) -> Authorization:
    if split_route(route) is None:
        raise SettingError(f"authorization names the route {route!r}, which must be {A_ROUTE}")
    if value in ("none", "iam"):
        return OPEN if value == "none" else IAM
    if isinstance(value, str) and _POOL_ARN.fullmatch(value):
        return CognitoAuthorizer((value,))
    if isinstance(value, str) and _FUNCTION_ARN.fullmatch(value):
        return LambdaAuthorizer(value)
    raise SettingError(
        f"authorization has {value!r} for {route}, but must be none, iam, the ARN of a Cognito user pool, or "
        "that of a Lambda function that authorizes"
    )


def _scheme(
    kind: str, authorizer: Mapping[str, Any] | None = None, header: str = "Authorization"
) -> dict[str, Any]:
    content = {"type": "apiKey", "name": header, "in": "header", "x-amazon-apigateway-authtype": kind}
    return content | ({"x-amazon-apigateway-authorizer": authorizer} if authorizer else {})


def _name(kind: str, content: Mapping[str, Any]) -> str:
    """Return a name that is the same for the same authorizer, since a name stands for one in the document."""
    return f"{kind}-{hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:8]}"


def _invocation_uri(function_arn: str) -> str:
    _, partition, _, region, *_ = function_arn.split(":")
    path = f"2015-03-31/functions/{function_arn}/invocations"
    return f"arn:{partition}:apigateway:{region}:lambda:path/{path}"
