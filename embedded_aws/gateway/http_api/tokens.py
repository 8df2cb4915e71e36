"""JWT authorizers of HTTP APIs.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html

A token of a user pool that is here must have been issued by it. Other issuers' keys are not asked for: their
tokens are taken for what they say, and no signature is checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from embedded_aws.gateway.http_api import response as answers
from embedded_aws.gateway.http_api.event import Caller
from embedded_aws.gateway.user_pools import payload

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from embedded_aws.gateway.http_api.model import Authorizer
    from embedded_aws.gateway.response import Response
    from embedded_aws.gateway.user_pools import UserPools


def check_token(
    pools: UserPools, authorizer: Authorizer, given: str, scopes: Sequence[str], now: float
) -> Caller | Response:
    """Return what the token in `given` says, or the answer that refuses it; `scopes` are the route's."""
    token = given.removeprefix("Bearer ").removeprefix("bearer ").strip()
    claims = payload(token)
    if claims is None:
        return answers.bearer("invalid_token", "unable to decode the token")
    if (reason := _flaw(authorizer, claims, now)) or not _issued(pools, authorizer.issuer, token):
        return answers.bearer("invalid_token", reason or "the token was not issued by the issuer")
    held = _held(claims)
    if scopes and not set(scopes) & set(held):
        return answers.bearer("insufficient_scope", "the token does not have a required scope", scopes)
    shown = {name: _text(value) for name, value in claims.items()}
    return Caller("jwt", {"claims": shown, "scopes": list(scopes) or None})


def _flaw(authorizer: Authorizer, claims: Mapping[str, Any], now: float) -> str | None:
    """Say which claim does not fit; `client_id` stands in for a missing `aud`."""
    audience = claims.get("aud") or claims.get("client_id")
    audiences = audience if isinstance(audience, list) else [audience]
    if claims.get("iss") != authorizer.issuer:
        return "the token does not have a valid issuer"
    if authorizer.audiences and not set(authorizer.audiences) & set(map(str, audiences)):
        return "the token does not have a valid audience"
    try:
        if float(claims["exp"]) <= now:
            return "the token has expired"
        if any(float(claims.get(name, 0)) > now for name in ("nbf", "iat")):
            return "the token is not valid yet"
    except (KeyError, TypeError, ValueError):
        return "the token does not have a valid expiration time"
    return None


def _issued(pools: UserPools, issuer: str, token: str) -> bool:
    return not pools.knows(issuer) or pools.claims(issuer, token) is not None


def _held(claims: Mapping[str, Any]) -> list[str]:
    said = claims.get("scope") or claims.get("scp") or ""
    return [str(each) for each in said] if isinstance(said, list) else str(said).split()


def _text(value: Any) -> str:
    """Write a claim as API Gateway hands it over: all of them are texts, lists in brackets."""
    if isinstance(value, list):
        return f"[{' '.join(map(str, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)
