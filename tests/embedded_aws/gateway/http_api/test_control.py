"""API Gateway's API for HTTP APIs, as far as moto lacks it.

https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/operations.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from embedded_aws.gateway.http_api.model import Stage
from tests.embedded_aws.gateway.control import Control
from tests.embedded_aws.gateway.fakes import ARN, URI

INTEGRATION = "x-amazon-apigateway-integration"
PROXY = {"type": "aws_proxy", "uri": URI, "httpMethod": "POST", "payloadFormatVersion": "2.0"}


@pytest.fixture(scope="module")
def control() -> Control:
    return Control()


def made(control: Control, **settings: Any) -> str:
    given = {"name": "shop", "protocolType": "HTTP", **settings}
    return str(control.call("POST", "/v2/apis", given)["apiId"])


def served(control: Control, api: str, name: str = "$default") -> Stage:
    stage = control.stages.stage(api, name)
    assert stage
    return stage


def test_quick_create(control: Control) -> None:
    """A target brings an integration, a route, and a default stage that deploys by itself."""
    [route] = served(control, made(control, target=ARN, routeKey="GET /")).routes
    assert route.integration
    assert (route.key, route.integration.type, route.integration.uri) == ("GET /", "AWS_PROXY", ARN)
    assert route.integration.payload == "2.0"
    [catch_all] = served(control, made(control, target="https://back.example/x")).routes
    assert catch_all.integration
    assert (catch_all.key, catch_all.integration.type) == ("$default", "HTTP_PROXY")


def test_id_that_is_asked_for(control: Control) -> None:
    """An API takes the id of a tag, and can then be found by it."""
    assert made(control, tags={"_custom_id_": "steady1"}) == "steady1"
    assert control.call("GET", "/v2/apis/steady1")["apiEndpoint"].startswith("https://steady1.execute-api.")


def add_route(control: Control, api: str, key: str) -> None:
    integration = {"integrationType": "AWS_PROXY", "integrationUri": ARN, "payloadFormatVersion": "2.0"}
    id_ = control.call("POST", f"/v2/apis/{api}/integrations", integration)["integrationId"]
    control.call("POST", f"/v2/apis/{api}/routes", {"routeKey": key, "target": f"integrations/{id_}"})


def test_stage_that_deploys_by_itself(control: Control) -> None:
    """Later routes are served at once; other stages serve nothing without a deployment."""
    api = made(control)
    control.call("POST", f"/v2/apis/{api}/stages", {"stageName": "auto", "autoDeploy": True})
    control.call("POST", f"/v2/apis/{api}/stages", {"stageName": "manual"})
    add_route(control, api, "GET /a")
    assert [route.key for route in served(control, api, "auto").routes] == ["GET /a"]
    assert control.stages.stage(api, "manual") is None


def test_deployment_is_a_snapshot(control: Control) -> None:
    """A stage with a deployment serves what was there when it was made."""
    api = made(control)
    add_route(control, api, "GET /a")
    deployment = control.call("POST", f"/v2/apis/{api}/deployments", {})["deploymentId"]
    add_route(control, api, "GET /b")
    body = {"stageName": "dev", "deploymentId": deployment}
    control.call("POST", f"/v2/apis/{api}/stages", body)
    assert [route.key for route in served(control, api, "dev").routes] == ["GET /a"]
    assert control.call("GET", f"/v2/apis/{api}/deployments/{deployment}")["deploymentId"] == deployment


def test_openapi_body(control: Control) -> None:
    """A document brings routes, the default one, CORS and authorizers; stages stay."""
    authorizer = {
        "type": "request",
        "authorizerUri": URI,
        "identitySource": "$request.header.X",
        "enableSimpleResponses": True,
        "authorizerPayloadFormatVersion": "2.0",
    }
    scheme = {"type": "apiKey", "in": "header", "name": "X", "x-amazon-apigateway-authorizer": authorizer}
    document = {
        "openapi": "3.0.1",
        "info": {"title": "orders"},
        "paths": {
            "/pets/{id}": {"get": {INTEGRATION: PROXY, "security": [{"guard": []}]}},
            "/{proxy+}": {"x-amazon-apigateway-any-method": {INTEGRATION: PROXY}},
            "/$default": {"x-amazon-apigateway-any-method": {INTEGRATION: PROXY}},
        },
        "components": {"securitySchemes": {"guard": scheme}},
        "x-amazon-apigateway-cors": {"allowOrigins": ["*"]},
    }
    api = made(control)
    control.call("POST", f"/v2/apis/{api}/stages", {"stageName": "dev", "autoDeploy": True})
    control.call("PUT", f"/v2/apis/{api}", {"body": json.dumps(document)})
    stage = served(control, api, "dev")
    routes = {route.key: route for route in stage.routes}
    assert set(routes) == {"GET /pets/{id}", "ANY /{proxy+}", "$default"}
    guard = routes["GET /pets/{id}"].authorizer
    assert guard
    assert (guard.type, guard.simple, guard.sources) == ("REQUEST", True, ("$request.header.X",))
    assert stage.cors
    assert stage.cors.origins == ("*",)
    imported = control.call("PUT", "/v2/apis", {"body": json.dumps(document)})
    assert imported["name"] == "orders"


def test_variables_of_aws(control: Control) -> None:
    """An imported document may leave region and account to API Gateway."""
    uri = "arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:f"
    document = {"openapi": "3.0.1", "paths": {"/a": {"get": {INTEGRATION: {**PROXY, "uri": uri}}}}}
    api = control.call("PUT", "/v2/apis", {"body": json.dumps(document)})["apiId"]
    [made] = control.call("GET", f"/v2/apis/{api}/integrations")["items"]
    assert made["integrationUri"] == "arn:aws:lambda:us-east-1:123456789012:function:f"


def test_refused_document(control: Control) -> None:
    """Swagger 2.0 is not for HTTP APIs."""
    document = json.dumps({"swagger": "2.0", "paths": {}})
    response = control.answer("PUT", f"/v2/apis/{made(control)}", {"body": document})
    assert response.status_code == 400
    assert "OpenAPI 3" in response.text
