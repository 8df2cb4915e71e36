"""REST APIs of programs beyond plain proxies: CORS, authorizers, validators, keys, own errors."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pulumi
import pulumi_aws as aws
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.embedded_aws.engine import harness
from tests.embedded_aws.engine.conftest import Deploy

SOURCE = """\
def handler(event, context):
    return {"statusCode": 200, "body": event["requestContext"].get("authorizer", {}).get("user", "")}

def guard(event, context):
    if event["authorizationToken"] != "let me in":
        raise Exception("Unauthorized")
    statement = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": event["methodArn"]}
    return {"principalId": "u", "policyDocument": {"Statement": [statement]}, "context": {"user": "ann"}}
"""
SCHEMA = {"type": "object", "required": ["sku"]}


def rules_program() -> None:
    role = aws.iam.Role("role", assume_role_policy='{"Version": "2012-10-17", "Statement": []}')
    code = pulumi.AssetArchive({"app.py": pulumi.StringAsset(SOURCE)})
    handler, guard = (
        aws.lambda_.Function(name, role=role.arn, runtime="python3.11", handler=f"app.{name}", code=code)
        for name in ("handler", "guard")
    )
    api = aws.apigateway.RestApi("api")
    orders = aws.apigateway.Resource(
        "orders", rest_api=api.id, parent_id=api.root_resource_id, path_part="orders"
    )
    authorizer = aws.apigateway.Authorizer("guard", rest_api=api.id, authorizer_uri=guard.invoke_arn)
    validator = aws.apigateway.RequestValidator(
        "body", rest_api=api.id, validate_request_body=True, validate_request_parameters=False
    )
    order = aws.apigateway.Model(
        "order", rest_api=api.id, name="Order", content_type="application/json", schema=json.dumps(SCHEMA)
    )
    rules: dict[str, dict[str, Any]] = {
        "GET": {"authorization": "CUSTOM", "authorizer_id": authorizer.id},
        "POST": {"request_validator_id": validator.id, "request_models": {"application/json": order.name}},
        "PUT": {"api_key_required": True},
    }
    made: list[pulumi.Resource] = []
    for verb, settings in rules.items():
        method = aws.apigateway.Method(
            verb, rest_api=api.id, resource_id=orders.id, http_method=verb,
            **{"authorization": "NONE", **settings},
        )  # fmt: skip
        made.append(aws.apigateway.Integration(
            verb, rest_api=api.id, resource_id=orders.id, http_method=method.http_method, type="AWS_PROXY",
            integration_http_method="POST", uri=handler.invoke_arn,
        ))  # fmt: skip
    made += cors(api, orders)
    made.append(aws.apigateway.Response(
        "denied", rest_api_id=api.id, response_type="UNAUTHORIZED", status_code="418",
        response_templates={"application/json": '{"said": $context.error.messageString}'},
    ))  # fmt: skip
    options = pulumi.ResourceOptions(depends_on=made)
    deployment = aws.apigateway.Deployment("d", rest_api=api.id, opts=options)
    stage = aws.apigateway.Stage("s", rest_api=api.id, deployment=deployment.id, stage_name="live")
    key = aws.apigateway.ApiKey("key")
    stages = [aws.apigateway.UsagePlanApiStageArgs(api_id=api.id, stage=stage.stage_name)]
    plan = aws.apigateway.UsagePlan("plan", api_stages=stages)
    aws.apigateway.UsagePlanKey("in", key_id=key.id, key_type="API_KEY", usage_plan_id=plan.id)
    pulumi.export("url", pulumi.Output.concat(stage.invoke_url, "/orders"))
    pulumi.export("key", key.id)


def cors(api: aws.apigateway.RestApi, resource: aws.apigateway.Resource) -> list[pulumi.Resource]:
    """OPTIONS as a mock, as programs write it."""
    method = aws.apigateway.Method(
        "options", rest_api=api.id, resource_id=resource.id, http_method="OPTIONS", authorization="NONE"
    )
    integration = aws.apigateway.Integration(
        "options", rest_api=api.id, resource_id=resource.id, http_method=method.http_method, type="MOCK",
        request_templates={"application/json": '{"statusCode": 200}'},
    )  # fmt: skip
    header = "method.response.header.Access-Control-Allow-Origin"
    answer = aws.apigateway.MethodResponse(
        "options", rest_api=api.id, resource_id=resource.id, http_method=method.http_method,
        status_code="200", response_parameters={header: True},
    )  # fmt: skip
    response = aws.apigateway.IntegrationResponse(
        "options", rest_api=api.id, resource_id=resource.id, http_method=method.http_method,
        status_code=answer.status_code, response_parameters={header: "'*'"},
        opts=pulumi.ResourceOptions(depends_on=[integration]),
    )  # fmt: skip
    return [integration, response]


@pytest.fixture
def done(deploy: Deploy) -> harness.Deployed:
    return deploy(rules_program)


def test_rules_of_a_program_hold(done: harness.Deployed) -> None:
    """Each method of the program answers by its own rule."""
    url = done.outputs["url"]

    def ask(method: str, **options: Any) -> tuple[int, str]:
        response = httpx.request(method, url, trust_env=False, **options)
        return response.status_code, response.text

    assert done.warnings == []
    options = httpx.options(url, trust_env=False)
    assert (options.status_code, options.headers["access-control-allow-origin"]) == (200, "*")
    assert ask("GET", headers={"Authorization": "let me in"}) == (200, "ann")
    assert ask("GET", headers={"Authorization": "please"}) == (418, '{"said": "Unauthorized"}')
    assert ask("POST", json={"sku": 1})[0] == 200
    assert ask("POST", json={}) == (400, '{"message":"Invalid request body"}')
    assert ask("PUT")[0] == 403
    # The output itself is a secret, as with Pulumi's engine.
    key = done.client("apigateway").get_api_key(apiKey=done.outputs["key"], includeValue=True)["value"]
    assert ask("PUT", headers={"X-Api-Key": key})[0] == 200


CALLER = """\
def handler(event, context):
    context = event["requestContext"]
    told = context["authorizer"]["claims"]["cognito:username"] if "authorizer" in context else ""
    return {"statusCode": 200, "body": told or context["identity"]["userArn"]}
"""


def guarded_program() -> None:
    """Write an API whose document asks for a user's token on one path, and for a signature on the other."""
    role = aws.iam.Role("role", assume_role_policy='{"Version": "2012-10-17", "Statement": []}')
    code = pulumi.AssetArchive({"app.py": pulumi.StringAsset(CALLER)})
    caller = aws.lambda_.Function("c", role=role.arn, runtime="python3.11", handler="app.handler", code=code)
    pool = aws.cognito.UserPool("people")
    flows = ["ALLOW_ADMIN_USER_PASSWORD_AUTH"]
    client = aws.cognito.UserPoolClient("web", user_pool_id=pool.id, explicit_auth_flows=flows)

    def document(known: list[str]) -> str:
        calls = {"type": "aws_proxy", "httpMethod": "POST", "uri": known[0]}
        header = {"type": "apiKey", "name": "Authorization", "in": "header"}
        authorizer = {"type": "cognito_user_pools", "providerARNs": [known[1]]}
        kind = "x-amazon-apigateway-authtype"
        schemes = {
            "iam": {**header, kind: "awsSigv4"},
            "people": {**header, kind: "cognito_user_pools", "x-amazon-apigateway-authorizer": authorizer},
        }
        paths = {
            f"/{name}": {"get": {"security": [{name: []}], "x-amazon-apigateway-integration": calls}}
            for name in schemes
        }
        components = {"securitySchemes": schemes}
        return json.dumps({"openapi": "3.0.1", "info": {}, "paths": paths, "components": components})

    body = pulumi.Output.all(caller.invoke_arn, pool.arn).apply(document)
    api = aws.apigateway.RestApi("guarded", body=body)
    deployment = aws.apigateway.Deployment("d", rest_api=api.id)
    stage = aws.apigateway.Stage("s", rest_api=api.id, deployment=deployment.id, stage_name="live")
    pulumi.export("url", stage.invoke_url)
    pulumi.export("pool", pool.id)
    pulumi.export("client", client.id)


def test_a_program_lets_in_whom_its_pool_knows_and_who_signs(deploy: Deploy) -> None:
    """A user signs in at the pool, and comes in with the identity token; the access token does not do."""
    done = deploy(guarded_program)
    url, pool = done.outputs["url"], done.outputs["pool"]
    assert done.warnings == []

    def get(path: str, **headers: str) -> tuple[int, str]:
        response = httpx.get(f"{url}{path}", headers=headers, trust_env=False)
        return response.status_code, response.text

    assert get("/people") == (401, '{"message":"Unauthorized"}')
    assert get("/iam") == (403, '{"message":"Missing Authentication Token"}')
    cognito = done.client("cognito-idp")
    cognito.admin_create_user(UserPoolId=pool, Username="ann")
    cognito.admin_set_user_password(UserPoolId=pool, Username="ann", Password="Secret-7!", Permanent=True)
    tokens = cognito.admin_initiate_auth(
        UserPoolId=pool,
        ClientId=done.outputs["client"],
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ann", "PASSWORD": "Secret-7!"},
    )["AuthenticationResult"]
    assert get("/people", Authorization=tokens["IdToken"]) == (200, "ann")
    assert get("/people", Authorization=tokens["AccessToken"]) == (401, '{"message":"Unauthorized"}')
    signed = AWSRequest("GET", f"{url}/iam")
    SigV4Auth(Credentials("AKIAIOSFODNN7EXAMPLE", "secret"), "execute-api", "eu-west-1").add_auth(signed)
    assert get("/iam", **dict(signed.headers.items())) == (200, "arn:aws:iam::123456789012:root")


def test_the_quota_of_a_usage_plan_is_told(deploy: Deploy) -> None:
    """It is kept, and counts nothing."""

    def program() -> None:
        quota = aws.apigateway.UsagePlanQuotaSettingsArgs(limit=3, period="MONTH")
        aws.apigateway.UsagePlan("counted", quota_settings=quota)

    (warning,) = deploy(program).warnings
    assert warning.endswith("its quota refuses nobody here, on AWS who asks too often gets 429")
