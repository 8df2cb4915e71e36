"""Who may call a route: the setting, the document that API Gateway takes, and what the preview says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.api import TracedApi, TracedApiArgs
from components.authorization import (
    IAM,
    OPEN,
    Authorization,
    CognitoAuthorizer,
    LambdaAuthorizer,
    read_authorization,
)
from components.baseline import Baseline
from components.function import TracedFunction, TracedFunctionArgs
from components.kinds import SettingError
from components.settings import ApiProfile, FunctionProfile, Target, Throttling
from tests.components.conftest import Deploy, Deployed

API, PERMISSION = "aws:apigateway/restApi:RestApi", "aws:lambda/permission:Permission"
POOL = "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_a1B2c3"
AUTHORIZER = "arn:aws:lambda:eu-west-1:123456789012:function:gate"
URI = f"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{AUTHORIZER}/invocations"

Up = Callable[..., Deployed]


@pytest.fixture
def up(deploy: Deploy) -> Up:
    """Deploys an API of two routes with the authorizations of some."""

    def program(access: dict[str, Authorization], *, production: bool = False) -> Deployed:
        def run() -> None:
            shared = FunctionProfile(Target("python3.13", "arm64"), "otel")
            front = TracedFunction("front", TracedFunctionArgs(Path("code.py"), shared))
            profile = ApiProfile(Throttling(5, 10), baseline=Baseline(production=production))
            routes = {"GET /a": front, "POST /b": front}
            TracedApi("api", TracedApiArgs(routes, profile, authorization=access))

        return deploy(run)

    return program


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What is said in the preview: the level and the text."""
    said: list[tuple[str, str]] = []
    for level in ("info", "warn"):

        def note(text: str, resource: Any = None, *, level: str = level, **_: Any) -> None:
            said.append((level, text))

        monkeypatch.setattr(pulumi.log, level, note)
    return said


def document(deployed: Deployed) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(deployed.one(API).inputs["body"])
    return read


def scheme(deployed: Deployed, path: str, method: str) -> tuple[dict[str, Any], list[str]]:
    """Return the security scheme of an operation, and its scopes."""
    read = document(deployed)
    ((name, scopes),) = read["paths"][path][method]["security"][0].items()
    return read["components"]["securitySchemes"][name], scopes


def test_a_route_is_open_unless_said_otherwise(up: Up) -> None:
    """No scheme at all, as before."""
    read = document(up({"GET /a": OPEN}))
    assert "components" not in read
    assert not [path for path, item in read["paths"].items() for it in item.values() if "security" in it]


def test_iam_asks_for_a_signature(up: Up) -> None:
    """And the other route stays open."""
    deployed = up({"GET /a": IAM})
    asked, _ = scheme(deployed, "/a", "get")
    assert asked["x-amazon-apigateway-authtype"] == "awsSigv4"
    assert "security" not in document(deployed)["paths"]["/b"]["post"]


def test_a_user_pool_is_asked_for_tokens(up: Up) -> None:
    """With scopes, for access tokens that have one of them."""
    deployed = up({"GET /a": CognitoAuthorizer([POOL]), "POST /b": CognitoAuthorizer([POOL], ["shop/write"])})
    asked, scopes = scheme(deployed, "/a", "get")
    authorizer = {"type": "cognito_user_pools", "providerARNs": [POOL]}
    assert asked["x-amazon-apigateway-authtype"] == "cognito_user_pools"
    assert asked["x-amazon-apigateway-authorizer"] == authorizer
    assert scopes == []
    assert scheme(deployed, "/b", "post") == (asked, ["shop/write"])


def test_a_function_that_authorizes_may_be_called_by_this_api(up: Up) -> None:
    """Two routes with the same one share an authorizer and a permission."""
    deployed = up({"GET /a": LambdaAuthorizer(AUTHORIZER), "POST /b": LambdaAuthorizer(AUTHORIZER)})
    asked, _ = scheme(deployed, "/a", "get")
    assert asked["x-amazon-apigateway-authorizer"] == {
        "type": "request",
        "authorizerUri": URI,
        "identitySource": "method.request.header.Authorization",
        "authorizerResultTtlInSeconds": 300,
    }
    assert len(document(deployed)["components"]["securitySchemes"]) == 1
    (permission,) = [one for one in deployed.all(PERMISSION) if "authorizer" in one.name]
    assert permission.inputs["function"] == AUTHORIZER
    assert permission.inputs["sourceArn"].endswith(":api-1a2b3c4/authorizers/*")


def test_clients_need_tls_1_2(up: Up) -> None:
    """API Gateway's default for REST APIs would take 1.0; said with the document too, which resets it."""
    deployed = up({})
    read, inputs = document(deployed), deployed.one(API).inputs
    assert inputs["securityPolicy"].startswith("SecurityPolicy_TLS13_1_2_")
    assert read["x-amazon-apigateway-security-policy"] == inputs["securityPolicy"]
    assert read["x-amazon-apigateway-endpoint-access-mode"] == inputs["endpointAccessMode"] == "BASIC"


def test_an_authorization_of_no_route_is_refused(up: Up) -> None:
    """A misspelt route would stay open."""
    with pytest.raises(SettingError, match="names the route 'GET /aa', but api has GET /a, POST /b"):
        up({"GET /aa": IAM})


def test_the_preview_of_a_production_stack_names_what_is_open(up: Up, told: list[tuple[str, str]]) -> None:
    """A warning, unless it was meant."""
    up({"POST /b": OPEN}, production=True)
    (warned,) = [text for level, text in told if level == "warn" and "NONE" in text]
    assert warned.startswith("GET /a of api has authorization NONE: anybody can call it; set authorization")
    meant = [text for level, text in told if level == "info"]
    assert meant == ["POST /b of api has authorization NONE: anybody can call it"]


def test_a_guarded_or_an_unproductive_stack_is_not_nagged(up: Up, told: list[tuple[str, str]]) -> None:
    """Nothing is said where nothing is open, or where nobody depends on it."""
    up({"GET /a": IAM, "POST /b": IAM}, production=True)
    up({})
    assert not [text for _, text in told if "NONE" in text]


def test_the_setting_knows_four_kinds() -> None:
    """Written in the stack file, by route."""
    given = {"GET /a": "iam", "GET /b": "none", "GET /c": POOL, "GET /d": AUTHORIZER}
    assert read_authorization(given) == {
        "GET /a": IAM,
        "GET /b": OPEN,
        "GET /c": CognitoAuthorizer((POOL,)),
        "GET /d": LambdaAuthorizer(AUTHORIZER),
    }


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"GET /a": "cognito"}, "authorization has 'cognito' for GET /a, but must be none, iam, the ARN of"),
        ({"GET /a": 7}, "authorization has 7 for GET /a, but must be none, iam"),
        ({"/a": "iam"}, "authorization names the route '/a', which must be one of ANY, DELETE"),
    ],
)
def test_a_bad_authorization_is_refused(given: dict[str, Any], message: str) -> None:
    """The error names the route, the value and what is allowed."""
    with pytest.raises(SettingError) as error:
        read_authorization(given)
    assert str(error.value).startswith(message)
