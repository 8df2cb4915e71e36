"""Routes with JWT authorizers: whose tokens are let in, and what the integration learns of them."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from embedded_aws.gateway.http_api.model import Authorizer, Integration, Route
from tests.embedded_aws.gateway.fakes import NOW, Function
from tests.embedded_aws.gateway.http_api.fakes import FUNCTION, Front, answered, api

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

ISSUER = "https://tenant.example/"
CLAIMS = {"iss": ISSUER, "aud": "shop", "exp": NOW + 60, "iat": NOW - 1, "sub": "u1", "scope": "read write"}
JWT = Authorizer("a1", "JWT", sources=("$request.header.Authorization",), issuer=ISSUER, audiences=("shop",))


def token(**changes: Any) -> str:
    """A token with the claims; `None` leaves one out."""
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if value is not None}
    parts = ({"alg": "RS256", "kid": "k"}, claims)
    head, body = (base64.urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=") for each in parts)
    return f"{head}.{body}.c2lnbmVk"


def guarded(*scopes: str, integration: Integration = FUNCTION, **pools: Any) -> Front:
    route = Route("GET /hello", integration, "JWT", JWT, scopes)
    return Front([api(route)], Function(answered({"statusCode": 200})), **pools)


def ask(gateway: Front, given: str) -> httpx.Response:
    return gateway.request("GET", "/hello", headers={"Authorization": given})


def test_the_function_learns_what_the_token_says() -> None:
    """All claims are texts, and the scopes are the route's."""
    gateway = guarded("read")
    given = {"aud": ["other", "shop"], "admin": True, "groups": ["a", "b"], "exp": int(NOW) + 60, "iat": None}
    assert ask(gateway, f"Bearer {token(**given)}").status_code == 200
    assert gateway.event()["requestContext"]["authorizer"] == {
        "jwt": {
            "claims": {
                "iss": ISSUER,
                "aud": "[other shop]",
                "exp": str(int(NOW) + 60),
                "sub": "u1",
                "scope": "read write",
                "admin": "true",
                "groups": "[a b]",
            },
            "scopes": ["read"],
        }
    }


def test_format_1_has_the_claims_at_its_top() -> None:
    """As Lambda authorizers' context; a route without scopes has none."""
    gateway = guarded(integration=replace(FUNCTION, payload="1.0"))
    assert ask(gateway, token()).status_code == 200
    authorizer = gateway.event()["requestContext"]["authorizer"]
    assert (authorizer["claims"]["sub"], authorizer["scopes"]) == ("u1", None)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("Bearer", "unable to decode the token"),
        ("Bearer a.b", "unable to decode the token"),
        ("Bearer a.\xe9.c", "unable to decode the token"),
        (f"a.{'W10' * 9}.c", "unable to decode the token"),
        (token(iss="https://else.example/"), "the token does not have a valid issuer"),
        (token(aud="else"), "the token does not have a valid audience"),
        (token(aud="else", client_id="shop"), "the token does not have a valid audience"),
        (token(aud=None), "the token does not have a valid audience"),
        (token(exp=NOW - 1), "the token has expired"),
        (token(exp=None), "the token does not have a valid expiration time"),
        (token(exp="soon"), "the token does not have a valid expiration time"),
        (token(nbf=NOW + 9), "the token is not valid yet"),
    ],
)
def test_a_token_that_does_not_fit_is_refused(given: str, reason: str) -> None:
    """With the reason in the header where OAuth 2.0 has it; nothing is called."""
    gateway = guarded()
    refused = ask(gateway, given.encode("latin-1"))  # type: ignore[arg-type]
    assert (refused.status_code, refused.json()) == (401, {"message": "Unauthorized"})
    told = f'Bearer scope="" error="invalid_token" error_description="{reason}"'
    assert refused.headers["www-authenticate"] == told
    assert not gateway.function.calls


def test_a_request_without_a_token_is_refused() -> None:
    """Before anything is looked at."""
    assert guarded().request("GET", "/hello").status_code == 401


def test_without_a_place_for_the_token_nobody_is_let_in() -> None:
    """AWS makes no such authorizer."""
    route = Route("GET /hello", FUNCTION, "JWT", replace(JWT, sources=()))
    gateway = Front([api(route)], Function(answered({"statusCode": 200})))
    assert ask(gateway, token()).status_code == 401


def test_client_id_stands_in_for_a_missing_audience() -> None:
    """As access tokens of Cognito have it."""
    assert ask(guarded(), token(aud=None, client_id="shop")).status_code == 200


def test_a_token_without_the_routes_scope_is_forbidden() -> None:
    """One of them is enough; `scp` is read too."""
    refused = ask(guarded("admin", "write:all"), token())
    assert (refused.status_code, refused.json()) == (403, {"message": "Forbidden"})
    assert 'scope="admin write:all" error="insufficient_scope"' in refused.headers["www-authenticate"]
    assert ask(guarded("admin", "x"), token(scope=None, scp=["x"])).status_code == 200


class Pools:
    """One user pool, whose one token is `own`."""

    own = token(sub="own")

    def knows(self, arn: str) -> bool:
        return arn == ISSUER

    def claims(self, arn: str, token: str) -> Mapping[str, Any] | None:
        return {} if (arn, token) == (ISSUER, self.own) else None


def test_a_user_pool_that_is_here_must_have_issued_the_token() -> None:
    """Another one that says the same is refused."""
    gateway = guarded(pools=Pools())
    assert ask(gateway, Pools.own).status_code == 200
    assert ask(gateway, token()).status_code == 401


def test_claims_go_into_calls_of_aws() -> None:
    """As `$context.authorizer.claims` of a parameter mapping."""
    given = {"QueueUrl": "q", "MessageBody": "$context.authorizer.claims.sub"}
    gateway = guarded(integration=Integration("AWS_PROXY", subtype="SQS-SendMessage", parameters=given))
    assert ask(gateway, token()).status_code == 200
    [(_, parameters, _)] = gateway.aws.calls
    assert parameters["MessageBody"] == "u1"
