"""Cognito authorizers: which tokens are let in, and what a function learns of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from embedded_aws.gateway.model import Authorizer, Resource
from embedded_aws.gateway.user_pools import Claims, check_token
from tests.embedded_aws.gateway.fakes import Front, proxy, stage

POOL, OTHER = (f"arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_{name}" for name in "ab")
NOW = 1_700_000_000.0
IDENTITY = {
    "token_use": "id",
    "sub": "u1",
    "exp": int(NOW) + 60,
    "cognito:groups": ["a", "b"],
    "verified": True,
}
ACCESS = {"token_use": "access", "sub": "u1", "exp": int(NOW) + 60, "scope": "shop/read shop/write"}


class Pools:
    """Two tokens that the pool `a` issued."""

    def knows(self, arn: str) -> bool:
        return arn == POOL

    def claims(self, arn: str, token: str) -> Mapping[str, Any] | None:
        return {"identity": IDENTITY, "access": ACCESS}.get(token) if arn == POOL else None


def check(token: str, *scopes: str, arns: tuple[str, ...] = (POOL,), now: float = NOW) -> Any:
    """Return the claims, or the status and the message of the refusal."""
    found = check_token(Pools(), arns, token, scopes, now)
    return found.claims if isinstance(found, Claims) else (found.status, found.error)


def test_claims_are_texts() -> None:
    """As API Gateway hands them to functions: times written out, lists joined."""
    assert check("identity") == {
        "token_use": "id",
        "sub": "u1",
        "exp": "Tue Nov 14 22:14:20 UTC 2023",
        "cognito:groups": "a,b",
        "verified": "true",
    }


@pytest.mark.parametrize(("token", "scopes"), [("Bearer identity", ()), ("access", ("x", "shop/write"))])
def test_a_token_that_fits_is_let_in(token: str, scopes: tuple[str, ...]) -> None:
    """An identity token, or, where scopes are asked for, an access token with one of them."""
    assert check(token, *scopes)["sub"] == "u1"


@pytest.mark.parametrize(
    ("token", "scopes"),
    [("made up", ()), ("access", ()), ("identity", ("shop/read",)), ("access", ("admin",))],
)
def test_a_token_that_does_not_fit_is_refused(token: str, scopes: tuple[str, ...]) -> None:
    """Not issued, of the other kind, or without the scope."""
    assert check(token, *scopes) == (401, "Unauthorized")


def test_a_token_of_another_pool_is_refused() -> None:
    """Each pool knows its own; several may be named."""
    assert check("identity", arns=(OTHER,)) == (401, "Unauthorized")
    assert check("identity", arns=(OTHER, POOL))["sub"] == "u1"


def test_an_expired_token_is_told_so() -> None:
    """By which clients know that they have to refresh it."""
    assert check("identity", now=NOW + 61) == (401, "The incoming token has expired")


def test_a_request_without_a_token_does_not_reach_the_function(front: Callable[..., Front]) -> None:
    """Nor does one with a token that nobody issued."""
    authorizer = Authorizer(
        "a1", "pool", "COGNITO_USER_POOLS", sources=("method.request.header.Authorization",), pools=(POOL,)
    )
    method = proxy("GET", authorization="COGNITO_USER_POOLS", authorizer=authorizer)
    gateway = front(stage(Resource("r1", "/hello", {"GET": method})))
    for headers in ({}, {"Authorization": "made up"}):
        answer = gateway.request("GET", "/hello", headers=headers)
        assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})
    assert gateway.function.calls == []
