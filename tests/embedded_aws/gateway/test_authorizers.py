"""Lambda authorizers of REST APIs.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from embedded_aws.aws.interfaces import InvokeRequest, InvokeResult
from embedded_aws.gateway.model import Authorizer, Resource
from tests.embedded_aws.gateway.fakes import ARN, URI, Front, Function, ok, proxy, returned, stage

FrontFactory = Callable[..., Front]
GUARD = ARN.replace("front", "guard")
TOKEN = Authorizer(
    "a1", "guard", "TOKEN", URI.replace("front", "guard"), ("method.request.header.Authorization",)
)
HEADER = {"Authorization": "t1"}


def policy(effect: str, *resources: str, **others: Any) -> InvokeResult:
    """What an authorizer returns."""
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": list(resources) or ["*"]}
    return returned({"principalId": "u1", "policyDocument": {"Statement": [statement]}, **others})


class Guarded(Function):
    """Two functions: one that authorizes, with an answer of its own, and the one behind it."""

    verdict = ok()

    async def invoke(self, request: InvokeRequest) -> InvokeResult:
        answer = await super().invoke(request)
        return self.verdict if request.function == GUARD else answer


def guarded(
    front: FrontFactory, verdict: InvokeResult, authorizer: Authorizer = TOKEN, **method: Any
) -> Front:
    route = proxy("GET", authorization="CUSTOM", authorizer=authorizer, **method)
    made = front(stage(Resource("r1", "/hello/{id}", {"GET": route})), keys=("key1",))
    function = Guarded()
    function.verdict = verdict
    return Front(made.apis, function, made.rules, made.segments, made.logs)


def test_token(front: FrontFactory) -> None:
    """The function gets the token and the method, and its context goes to the integration."""
    gateway = guarded(front, policy("Allow", context={"name": "n", "age": 7, "adult": True}))
    assert gateway.request("GET", "/hello/7", headers=HEADER).status_code == 200
    [(_, question, _), (_, event, _)] = gateway.function.calls
    assert question == {
        "type": "TOKEN",
        "methodArn": "arn:aws:execute-api:us-east-1:123456789012:abc123/dev/GET/hello/7",
        "authorizationToken": "t1",
    }
    assert event["requestContext"]["authorizer"] == {
        "principalId": "u1",
        "name": "n",
        "age": "7",
        "adult": "true",
    }


def test_request(front: FrontFactory) -> None:
    """A function of type REQUEST gets the whole request but for its body."""
    sources = ("method.request.header.Authorization", "method.request.querystring.q")
    authorizer = Authorizer("a1", "guard", "REQUEST", TOKEN.uri, sources)
    gateway = guarded(front, policy("Allow"), authorizer)
    assert gateway.request("GET", "/hello/7?q=1", headers=HEADER).status_code == 200
    question = gateway.function.calls[0][1]
    assert (question["type"], question["pathParameters"], question["queryStringParameters"]) == (
        "REQUEST",
        {"id": "7"},
        {"q": "1"},
    )
    assert "body" not in question
    assert gateway.request("GET", "/hello/7", headers=HEADER).status_code == 401


@pytest.mark.parametrize("headers", [{}, {"Authorization": "not valid"}])
def test_who_does_not_identify_himself(front: FrontFactory, headers: dict[str, str]) -> None:
    """A missing token, or one that does not fit the expression, is a 401 that no function sees."""
    authorizer = Authorizer("a1", "guard", "TOKEN", TOKEN.uri, TOKEN.sources, r"t\d")
    gateway = guarded(front, policy("Allow"), authorizer)
    response = gateway.request("GET", "/hello/7", headers=headers)
    assert (response.status_code, response.json()) == (401, {"message": "Unauthorized"})
    assert not gateway.function.calls
    assert gateway.request("GET", "/hello/7", headers=HEADER).status_code == 200


@pytest.mark.parametrize(
    ("verdict", "status", "message"),
    [
        (policy("Deny"), 403, "User is not authorized to access this resource with an explicit deny"),
        (policy("Allow", "*/dev/POST/*"), 403, "User is not authorized to access this resource"),
        (policy("Allow", "arn:aws:execute-api:*:*:abc123/dev/GET/hello/*"), 200, None),
    ],
)
def test_policy(front: FrontFactory, verdict: InvokeResult, status: int, message: str | None) -> None:
    """The policy decides about the method that is asked for."""
    response = guarded(front, verdict).request("GET", "/hello/7", headers=HEADER)
    assert response.status_code == status
    if message:
        assert response.json() == {"Message": message}


@pytest.mark.parametrize(
    ("verdict", "status", "error"),
    [
        (
            InvokeResult(200, b'{"errorMessage": "Unauthorized"}', function_error="Unhandled"),
            401,
            "Unauthorized",
        ),
        (
            InvokeResult(200, b'{"errorMessage": "boom"}', function_error="Unhandled"),
            500,
            "AuthorizerFailure",
        ),
        (returned({"principalId": "u1"}), 500, "AuthorizerConfiguration"),
        (InvokeResult(404, b"{}"), 500, "AuthorizerFailure"),
    ],
)
def test_function_that_does_not_decide(
    front: FrontFactory, verdict: InvokeResult, status: int, error: str
) -> None:
    """It refuses by raising "Unauthorized"; whatever else goes wrong is a 500."""
    response = guarded(front, verdict).request("GET", "/hello/7", headers=HEADER)
    assert (response.status_code, response.headers["x-amzn-errortype"]) == (status, f"{error}Exception")


def test_verdicts_are_used_again(front: FrontFactory) -> None:
    """For the authorizer's time a token is not asked about again."""
    gateway = guarded(front, policy("Allow"))
    for token in ("t1", "t1", "t2"):
        gateway.request("GET", "/hello/7", headers={"Authorization": token})
    gateway.now += 301
    gateway.request("GET", "/hello/7", headers=HEADER)
    asked = [event["authorizationToken"] for arn, event, _ in gateway.function.calls if arn == GUARD]
    assert asked == ["t1", "t2", "t1"]


def test_call_of_the_authorizer_is_traced(front: FrontFactory) -> None:
    """The stage's segment has a subsegment for each of the two functions, whose callers they are."""
    gateway = guarded(front, policy("Allow"))
    gateway.request("GET", "/hello/7", headers=HEADER)
    calls = gateway.segment()["subsegments"]
    assert [call["aws"]["function_name"] for call in calls] == ["guard", "front"]
    assert [trace.parent for _, _, trace in gateway.function.calls] == [call["id"] for call in calls]


def test_api_key_from_the_authorizer(front: FrontFactory) -> None:
    """An API may take its keys from the authorizer's answer."""
    gateway = guarded(front, policy("Allow", usageIdentifierKey="key1"), api_key_required=True)
    assert gateway.request("GET", "/hello/7", headers=HEADER).status_code == 403
    deployed = gateway.apis.deployed
    deployment = replace(deployed.deployment, key_from_authorizer=True)
    gateway.apis.deployed = replace(deployed, deployment=deployment)
    assert gateway.request("GET", "/hello/7", headers=HEADER).status_code == 200


@pytest.mark.parametrize("name", ["Action", "Resource"])
@pytest.mark.parametrize("value", [5, True, {"a": 1}, [5]], ids=str)
def test_statements_of_any_shape(front: FrontFactory, name: str, value: Any) -> None:
    """What is no text is a malformed answer, which is API Gateway's 500 of its own."""
    statement = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": "*", name: value}
    said = returned({"principalId": "u1", "policyDocument": {"Statement": [statement]}})
    response = guarded(front, said).request("GET", "/hello/7", headers=HEADER)
    assert response.status_code == 500
    assert response.headers["x-amzn-errortype"] == "AuthorizerConfigurationException"
