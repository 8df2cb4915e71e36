"""What REST APIs check before they call anything, and how their own errors look.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-request-validation.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from embedded_aws.gateway.model import GatewayResponse, Resource, Stage, Throttle, Validator
from tests.embedded_aws.gateway.fakes import Front, proxy, stage

FrontFactory = Callable[..., Front]
ORDER = {
    "type": "object",
    "required": ["sku"],
    "properties": {"sku": {"$ref": "https://apigateway.amazonaws.com/restapis/abc123/models/Sku"}},
}
MODELS = {"Order": json.dumps(ORDER), "Sku": json.dumps({"type": "integer"})}


def validated(**rules: Any) -> Stage:
    """A stage with POST /orders, validated by a model and one required parameter."""
    method = proxy(
        "POST",
        validator=Validator(**rules),
        models={"application/json": "Order"},
        parameters={"method.request.querystring.page": True, "method.request.header.X-A": False},
    )
    made = stage(Resource("r1", "/orders", {"POST": method}))
    return replace(made, deployment=replace(made.deployment, models=MODELS))


@pytest.mark.parametrize(
    ("body", "status"), [('{"sku": 1}', 200), ('{"sku": "a"}', 400), ("{}", 400), ("no json", 400), ("", 400)]
)
def test_body_by_its_model(front: FrontFactory, body: str, status: int) -> None:
    """A body must fit its model, which may refer to another; what does not reaches no function."""
    gateway = front(validated(body=True))
    response = gateway.request("POST", "/orders", content=body)
    assert response.status_code == status
    if status == 400:
        assert response.json() == {"message": "Invalid request body"}
        assert response.headers["x-amzn-errortype"] == "BadRequestException"
        assert not gateway.function.calls


def modelled(schema: Any) -> Stage:
    made = validated(body=True)
    return replace(made, deployment=replace(made.deployment, models={"Order": json.dumps(schema)}))


@pytest.mark.parametrize(
    ("schema", "fits", "fails"),
    [
        ({"pattern": "^(a+)+$"}, "a" * 60, "a" * 60 + "!"),
        ({"patternProperties": {"^(a+)+$": {"type": "null"}}}, {"a" * 60 + "!": 1}, {"a" * 60: 1}),
        (
            {"patternProperties": {"^(a+)+$": {}}, "additionalProperties": False},
            {"a": 1},
            {"a" * 60 + "!": 1},
        ),
        ({"properties": {"b": {}}, "additionalProperties": {"type": "null"}}, {"b": 1, "c": None}, {"c": 1}),
        ({"uniqueItems": True}, [1, True, "1", [1], [True], *({"a": n} for n in range(30_000))], [1, 1.0]),
    ],
)
def test_schemas_that_would_take_for_ever(front: FrontFactory, schema: Any, fits: Any, fails: Any) -> None:
    """Patterns do not backtrack, and elements are not compared pair by pair."""
    gateway = front(modelled(schema))
    assert gateway.request("POST", "/orders", json=fits).status_code == 200
    assert gateway.request("POST", "/orders", json=fails).status_code == 400


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "http://127.0.0.1:1/x"},
        {"$ref": "#"},
        {"$ref": 5},
        {"$ref": "#/required", "required": ["a"]},
        {"type": "foo"},
        {"minLength": "x"},
        {"multipleOf": 0},
        {"pattern": "("},
        [],
        5,
    ],
    ids=str,
)
def test_models_that_are_no_schemas(
    front: FrontFactory, schema: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """They let every body through, with a warning that names the model; nothing is fetched."""
    gateway = front(replace(modelled(schema), api_id="abc123"))
    assert gateway.request("POST", "/orders", json="a").status_code == 200
    assert "the model Order of abc123 lets every body through" in caplog.text


def test_body_of_another_type(front: FrontFactory) -> None:
    """A media type without a model is let through."""
    response = front(validated(body=True)).request("POST", "/orders", headers={"Content-Type": "text/plain"})
    assert response.status_code == 200


def test_required_parameters(front: FrontFactory) -> None:
    """A missing one is named; one that is not required may be absent."""
    gateway = front(validated(parameters=True))
    response = gateway.request("POST", "/orders")
    assert (response.status_code, response.json()) == (
        400,
        {"message": "Missing required request parameters: [page]"},
    )
    assert gateway.request("POST", "/orders?page=1").status_code == 200


def customized(**responses: GatewayResponse) -> Stage:
    made = stage(Resource("r1", "/hello", {"GET": proxy("GET")}))
    return replace(made, deployment=replace(made.deployment, responses=responses))


def test_own_error_of_an_api(front: FrontFactory) -> None:
    """An API may give an error another status, headers, and a body with the message in it."""
    wanted = GatewayResponse(
        404,
        {"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"},
        {"application/json": '{"error": $context.error.messageString, "path": "$context.path"}'},
    )
    gateway = front(customized(MISSING_AUTHENTICATION_TOKEN=wanted))
    response = gateway.request("GET", "/nowhere")
    assert (response.status_code, response.headers["access-control-allow-origin"]) == (404, "*")
    assert response.json() == {"error": "Missing Authentication Token", "path": "/dev/nowhere"}


def test_default_for_all_client_errors(front: FrontFactory) -> None:
    """`DEFAULT_4XX` counts for each without one of its own, and not for what functions answer."""
    wanted = GatewayResponse(parameters={"gatewayresponse.header.X-Mine": "'yes'"})
    gateway = front(replace(customized(DEFAULT_4XX=wanted), throttles={"*/*": Throttle(0, 0)}))
    response = gateway.request("GET", "/hello")
    assert (response.status_code, response.headers["x-mine"]) == (429, "yes")
    assert "x-mine" not in front(customized(DEFAULT_4XX=wanted)).request("GET", "/hello").headers
