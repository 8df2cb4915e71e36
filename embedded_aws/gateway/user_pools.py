"""Cognito authorizers of REST APIs: tokens that a user pool issued here.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-integrate-with-cognito.html
"""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from embedded_aws.gateway import response as answers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from embedded_aws.aws.moto import MotoAws
    from embedded_aws.gateway.response import Response

_EXPIRED = answers.error(401, "UnauthorizedException", "The incoming token has expired", kind="EXPIRED_TOKEN")
_TIMES = ("exp", "iat")


class UserPools(Protocol):
    """The user pools by ARN."""

    def claims(self, arn: str, token: str) -> Mapping[str, Any] | None:
        """Return what a token says, `None` for one that the pool did not issue."""


class NoUserPools:
    """No user pool at all."""

    def claims(self, arn: str, token: str) -> Mapping[str, Any] | None:  # noqa: ARG002 - of the protocol
        """Know no token."""
        return None


class MotoUserPools:
    """The user pools of moto, which remember each token that they issued, so that no signature is checked."""

    def __init__(self, moto: MotoAws) -> None:
        self._moto = moto

    def claims(self, arn: str, token: str) -> Mapping[str, Any] | None:
        """Return what a token says, `None` for one that the pool did not issue."""
        name = arn.rpartition("/")[2]
        for backend in self._moto.used_backends("cognito-idp").values():
            pool = backend.user_pools.get(name)
            if pool and (token in pool.id_tokens or token in pool.access_tokens):
                return _payload(token)
        return None


@dataclass(frozen=True)
class Claims:
    """What a function learns of a caller whose token was accepted; there is no API key in one."""

    claims: Mapping[str, str] = field(default_factory=dict)
    key: None = None


def check_token(
    pools: UserPools, arns: Sequence[str], header: str, scopes: Sequence[str], now: float
) -> Claims | Response:
    """Return the claims of the token in the header, or why it is refused.

    Where a method asks for scopes, an access token with one of them is let in, else an identity token.
    """
    token = header.removeprefix("Bearer ").strip()
    claims = next((found for arn in arns if (found := pools.claims(arn, token)) is not None), None)
    if claims is None:
        return answers.UNAUTHORIZED
    if float(claims.get("exp", 0)) <= now:
        return _EXPIRED
    if claims.get("token_use") != ("access" if scopes else "id"):
        return answers.UNAUTHORIZED
    if scopes and not set(scopes) & set(str(claims.get("scope", "")).split()):
        return answers.UNAUTHORIZED
    return Claims({name: _text(name, value) for name, value in claims.items()})


def _text(name: str, value: Any) -> str:
    """Write a claim as API Gateway hands it over: all of them are texts."""
    if name in _TIMES:
        return time.strftime("%a %b %d %H:%M:%S UTC %Y", time.gmtime(float(value)))
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _payload(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found
