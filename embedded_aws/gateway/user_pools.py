"""Cognito authorizers of REST APIs: tokens that a user pool issued here.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-integrate-with-cognito.html
"""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from embedded_aws.aws.parsing import ParseError, read_json
from embedded_aws.gateway import response as answers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from embedded_aws.aws.moto import MotoAws
    from embedded_aws.gateway.response import Response

_EXPIRED = answers.error(401, "UnauthorizedException", "The incoming token has expired", kind="EXPIRED_TOKEN")
_TIMES = ("exp", "iat")


class UserPools(Protocol):
    """The user pools by ARN."""

    def claims(self, arn: str, token: str) -> Mapping[str, Any] | None:
        """Return what a token says, `None` for one that the pool did not issue."""

    def knows(self, arn: str) -> bool:
        """Tell whether there is a pool of that ARN, or of that issuer."""


class NoUserPools:
    """No user pool at all."""

    def knows(self, arn: str) -> bool:  # noqa: ARG002 - of the protocol
        """Know none."""
        return False

    def claims(self, arn: str, token: str) -> Mapping[str, Any] | None:  # noqa: ARG002 - of the protocol
        """Know no token."""
        return None


class MotoUserPools:
    """The user pools of moto, which remember each token that they issued, so that no signature is checked."""

    def __init__(self, moto: MotoAws) -> None:
        self._moto = moto

    def claims(self, arn: str, token: str) -> Mapping[str, Any] | None:
        """Return what a token says, `None` for one that the pool did not issue."""
        for pool in self._pools(arn):
            if token in pool.id_tokens or token in pool.access_tokens:
                return payload(token)
        return None

    def knows(self, arn: str) -> bool:
        """Tell whether there is a pool of that ARN, or of that issuer: both end with its id."""
        return any(self._pools(arn))

    def _pools(self, arn: str) -> Iterator[Any]:
        name = arn.rpartition("/")[2]
        backends = self._moto.used_backends("cognito-idp").values()
        return (backend.user_pools[name] for backend in backends if name in backend.user_pools)


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


def payload(token: str) -> dict[str, Any] | None:
    """Return the claims of a JSON Web Token, `None` for what is none."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        found = read_json(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ParseError, ValueError):
        return None
    return found if isinstance(found, dict) else None
