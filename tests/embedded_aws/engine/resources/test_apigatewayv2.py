"""HTTP APIs and function URLs of programs: deployed, addressed, called and traced."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pulumi
import pulumi_aws as aws
import pytest

from tests.embedded_aws.engine import harness
from tests.embedded_aws.engine.conftest import Deploy

SOURCE = """\
def handler(event, context):
    return {"path": event["rawPath"], "route": event["routeKey"], "arn": context.invoked_function_arn}
"""


def function(name: str = "fn", **settings: Any) -> aws.lambda_.Function:
    role = aws.iam.Role(f"{name}-role", assume_role_policy='{"Version": "2012-10-17", "Statement": []}')
    given = {"runtime": "python3.11", "handler": "app.handler", **settings}
    return aws.lambda_.Function(
        name,
        role=role.arn,
        code=pulumi.AssetArchive({"app.py": pulumi.StringAsset(SOURCE)}),
        tracing_config={"mode": "Active"},
        **given,
    )


def http_program() -> None:
    made, other = function(), function("node", runtime="nodejs20.x", handler="index.handler")
    api = aws.apigatewayv2.Api("http", protocol_type="HTTP")
    for key, called in (("ANY /{proxy+}", made), ("GET /node", other)):
        integration = aws.apigatewayv2.Integration(
            key, api_id=api.id, integration_type="AWS_PROXY", integration_uri=called.arn,
            payload_format_version="2.0",
        )  # fmt: skip
        target = integration.id.apply(lambda id_: f"integrations/{id_}")
        aws.apigatewayv2.Route(key, api_id=api.id, route_key=key, target=target)
    limits = [
        aws.apigatewayv2.StageRouteSettingArgs(
            route_key="GET /node", throttling_burst_limit=5, throttling_rate_limit=2.5
        )
    ]
    stage = aws.apigatewayv2.Stage("s", api_id=api.id, name="dev", auto_deploy=True, route_settings=limits)
    quick = aws.apigatewayv2.Api("quick", protocol_type="HTTP", route_key="GET /", target=made.invoke_arn)
    url = aws.lambda_.FunctionUrl("url", function_name=made.name, authorization_type="NONE")
    pulumi.export("invoke", stage.invoke_url)
    pulumi.export("quick", quick.api_endpoint)
    pulumi.export("url", url.function_url)


def alias_program() -> None:
    made = function()
    alias = aws.lambda_.Alias("live", function_name=made.name, function_version="$LATEST", name="live")
    url = aws.lambda_.FunctionUrl(
        "url", function_name=made.name, qualifier=alias.name, authorization_type="NONE"
    )
    pulumi.export("url", url.function_url)


def test_url_of_an_alias(deploy: Deploy) -> None:
    """A URL of an alias invokes the alias."""
    answer = httpx.get(deploy(alias_program).outputs["url"], trust_env=False).json()
    assert answer["arn"].endswith(":live")


@pytest.fixture
def done(deploy: Deploy) -> harness.Deployed:
    return deploy(http_program)


def test_addresses_of_a_program_work(done: harness.Deployed) -> None:
    """The outputs are addresses that answer here: of a stage, of an API made quickly, of a function."""
    outputs = done.outputs
    asked = [f"{outputs['invoke']}/a/b", f"{outputs['quick']}/", outputs["url"]]
    answers = [httpx.get(url, trust_env=False).json() for url in asked]
    assert [(answer["path"], answer["route"]) for answer in answers] == [
        ("/dev/a/b", "ANY /{proxy+}"),
        ("/", "GET /"),
        ("/", "$default"),
    ]


def test_function_that_is_not_python(done: harness.Deployed) -> None:
    """A function of another runtime exists, is warned of, and its routes say why they do not answer."""
    response = httpx.get(f"{done.outputs['invoke']}/node", trust_env=False)
    assert response.status_code == 501
    assert "has the runtime nodejs20.x" in response.json()["message"]
    assert any("runtime nodejs20.x cannot run here" in warning for warning in done.warnings)


def test_trace_of_a_request(done: harness.Deployed) -> None:
    """The gateway's inferred node stands above Lambda's two, in one tree."""
    header = {"X-Amzn-Trace-Id": "Root=1-6b0ad4f7-72a77a6cb8c20d9131253ba8;Sampled=1"}
    httpx.get(f"{done.outputs['invoke']}/a", headers=header, trust_env=False)
    xray = done.client("xray")
    trace_id = "1-6b0ad4f7-72a77a6cb8c20d9131253ba8"

    def documents() -> list[dict[str, Any]]:
        [trace] = xray.batch_get_traces(TraceIds=[trace_id])["Traces"]
        return [json.loads(each["Document"]) for each in trace["Segments"]]

    by_origin = {each["origin"]: each for each in documents()}
    gateway, service = by_origin["AWS::ApiGatewayV2::Api"], by_origin["AWS::Lambda"]
    assert gateway["inferred"] is True
    assert service["parent_id"] == gateway["id"]
