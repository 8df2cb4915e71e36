"""Cognito user pools.

https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedded_aws.engine.registration import Update

if TYPE_CHECKING:
    from embedded_aws.engine.registration import Created, Registration, State
    from embedded_aws.engine.standing import Before


def user_pool(r: Registration) -> Created:
    """Make the pool: users sign in through the API, authorizers ask it, and its triggers do not fire."""
    name = r.physical_name(max_length=128)
    names = {"schemas": "Schema"}
    policies = {"passwordPolicy": r.inputs["passwordPolicy"]} if "passwordPolicy" in r.inputs else None
    inputs = {key: r.inputs[key] for key in r.inputs if key not in _SHAPED} | {"policies": policies}
    answer = r.call(
        "cognito-idp", "create_user_pool", names, inputs=inputs, PoolName=name, UserPoolTags=r.tags or None
    )
    _tell_triggers(r)
    pool = answer["UserPool"]["Id"]
    return pool, {
        "name": name,
        "arn": r.arn("cognito-idp", f"userpool/{pool}"),
        "endpoint": f"cognito-idp.{r.region}.amazonaws.com/{pool}",
    }


def update_user_pool(r: Registration, before: Before) -> State:
    """Change its policies and triggers; its users stay."""
    policies = {"passwordPolicy": r.inputs["passwordPolicy"]} if "passwordPolicy" in r.inputs else None
    inputs = {key: r.inputs[key] for key in r.inputs if key not in _SHAPED} | {"policies": policies}
    r.call("cognito-idp", "update_user_pool", inputs=inputs, UserPoolId=before.standing.id)
    if "lambdaConfig" in before.changed:
        _tell_triggers(r)
    return {}


def _tell_triggers(r: Registration) -> None:
    if triggers := ", ".join(sorted(name for name, arn in r.inputs.get("lambdaConfig", {}).items() if arn)):
        r.warn(f"its triggers do not fire, a pool invokes no function here: {triggers}")


def user_pool_client(r: Registration) -> Created:
    """Make the client of a pool."""
    name = r.physical_name(max_length=128)
    names = {
        "callbackUrls": "CallbackURLs",
        "logoutUrls": "LogoutURLs",
        "defaultRedirectUri": "DefaultRedirectURI",
    }
    answer = r.call("cognito-idp", "create_user_pool_client", names, ClientName=name)["UserPoolClient"]
    return answer["ClientId"], {"name": name, "clientSecret": answer.get("ClientSecret", "")}


_SHAPED = frozenset({"name", "passwordPolicy", "tags"})

RESOURCES = {
    "aws:cognito/userPool:UserPool": user_pool,
    "aws:cognito/userPoolClient:UserPoolClient": user_pool_client,
}

UPDATES = {
    "aws:cognito/userPool:UserPool": Update(
        update_user_pool, frozenset({"name", "schemas", "usernameAttributes", "aliasAttributes"})
    ),
}
