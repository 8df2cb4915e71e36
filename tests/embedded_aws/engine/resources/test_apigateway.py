from __future__ import annotations

from typing import Any

import httpx
import pulumi
import pulumi_aws as aws

from tests.embedded_aws.engine import harness
from tests.embedded_aws.engine.conftest import Deploy
from tests.embedded_aws.engine.resources.test_lambda import function


def api_program() -> None:
    made = function()
    api = aws.apigateway.RestApi("orders", description="orders", endpoint_configuration={"types": "REGIONAL"})
    route = aws.apigateway.Resource("r", rest_api=api.id, parent_id=api.root_resource_id, path_part="orders")
    method = aws.apigateway.Method(
        "m", rest_api=api.id, resource_id=route.id, http_method="POST", authorization="NONE",
        request_parameters={"method.request.querystring.q": True},
    )  # fmt: skip
    integration = aws.apigateway.Integration(
        "i", rest_api=api.id, resource_id=route.id, http_method=method.http_method, type="AWS_PROXY",
        integration_http_method="POST", uri=made.invoke_arn, timeout_milliseconds=5000,
    )  # fmt: skip
    deployment = aws.apigateway.Deployment(
        "d", rest_api=api.id, triggers={"hash": "1"}, opts=pulumi.ResourceOptions(depends_on=[integration])
    )
    logs = aws.cloudwatch.LogGroup("access")
    stage = aws.apigateway.Stage(
        "live", rest_api=api.id, deployment=deployment.id, stage_name="live", xray_tracing_enabled=True,
        variables={"colour": "blue"},
        access_log_settings={"destination_arn": logs.arn, "format": "$context.requestId"},
    )  # fmt: skip
    aws.apigateway.MethodSettings(
        "s", rest_api=api.id, stage_name=stage.stage_name, method_path="*/*",
        settings={"throttling_burst_limit": 5, "throttling_rate_limit": 2.5, "metrics_enabled": True},
    )  # fmt: skip
    for key, value in (("api", api.id), ("route", route.id), ("url", stage.invoke_url), ("logs", logs.arn)):
        pulumi.export(key, value)
    pulumi.export("execution", api.execution_arn)
    pulumi.export("uri", made.invoke_arn)


def test_api_can_be_read_back(deploy: Deploy) -> None:
    """Route, method, integration and stage arrive with their settings."""
    done = deploy(api_program)
    client, ids = done.client("apigateway"), done.outputs
    method = client.get_method(restApiId=ids["api"], resourceId=ids["route"], httpMethod="POST")
    assert method["requestParameters"] == {"method.request.querystring.q": True}
    integration = method["methodIntegration"]
    assert (integration["type"], integration["httpMethod"], integration["uri"]) == (
        "AWS_PROXY",
        "POST",
        ids["uri"],
    )
    assert integration["timeoutInMillis"] == 5000
    stage = client.get_stage(restApiId=ids["api"], stageName="live")
    assert (stage["tracingEnabled"], stage["variables"]) == (True, {"colour": "blue"})
    assert stage["accessLogSettings"] == {"destinationArn": ids["logs"], "format": "$context.requestId"}
    settings = stage["methodSettings"]["*/*"]
    assert (settings["throttlingBurstLimit"], settings["throttlingRateLimit"]) == (5, 2.5)
    assert settings["metricsEnabled"] is True
    assert done.warnings == []


def test_invoke_url_can_be_called_here_and_arn_is_awss(deploy: Deploy, aws: harness.Aws) -> None:
    """The stage's URL is the endpoint's; the execution ARN is as on AWS."""
    outputs = deploy(api_program).outputs
    assert outputs["url"] == f"{aws.url}/execute-api/{outputs['api']}/live"
    assert outputs["execution"] == f"arn:aws:execute-api:eu-west-1:123456789012:{outputs['api']}"


def test_responses_account_and_gateway_response(deploy: Deploy) -> None:
    """The rest of the REST API's resources arrive."""

    def program() -> None:
        api = aws.apigateway.RestApi("mock")
        where: dict[str, Any] = {
            "rest_api": api.id,
            "resource_id": api.root_resource_id,
            "http_method": "GET",
        }
        method = aws.apigateway.Method("m", **where, authorization="NONE")
        after = pulumi.ResourceOptions(depends_on=[method])
        integration = aws.apigateway.Integration(
            "i",
            **where,
            type="MOCK",
            request_templates={"application/json": '{"statusCode": 200}'},
            opts=after,
        )
        answer = aws.apigateway.MethodResponse("r", **where, status_code="200", opts=after)
        aws.apigateway.IntegrationResponse(
            "ir", **where, status_code="200", response_templates={"application/json": "{}"},
            opts=pulumi.ResourceOptions(depends_on=[integration, answer]),
        )  # fmt: skip
        aws.apigateway.Response("r4", rest_api_id=api.id, response_type="DEFAULT_4XX", status_code="418")
        role = aws.iam.Role("logs", assume_role_policy="{}")
        aws.apigateway.Account("account", cloudwatch_role_arn=role.arn)
        for key, value in (("api", api.id), ("root", api.root_resource_id), ("role", role.arn)):
            pulumi.export(key, value)

    done = deploy(program)
    client, ids = done.client("apigateway"), done.outputs
    method = client.get_method(restApiId=ids["api"], resourceId=ids["root"], httpMethod="GET")
    assert "200" in method["methodResponses"]
    responses = method["methodIntegration"]["integrationResponses"]
    assert responses["200"]["responseTemplates"] == {"application/json": "{}"}
    gateway = client.get_gateway_response(restApiId=ids["api"], responseType="DEFAULT_4XX")
    assert gateway["statusCode"] == "418"
    assert client.get_account()["cloudwatchRoleArn"] == ids["role"]


def test_the_regions_settings_can_be_read(deploy: Deploy) -> None:
    """They are there without being created, as an account in use has them: with a role for logs."""

    def program() -> None:
        role = aws.apigateway.Account.get("region", "123456789012").cloudwatch_role_arn
        pulumi.export("enabled", role.apply(lambda arn: arn.startswith("arn:aws:iam::123456789012:role/")))

    done = deploy(program)
    assert (done.outputs["enabled"], done.warnings) == (True, [])


def openapi_program() -> None:
    made = function()
    uri = pulumi.Output.format(
        "arn:aws:apigateway:{0}:lambda:path/2015-03-31/functions/{1}/invocations", harness.REGION, made.arn
    )
    integration = {
        "uri": uri,
        "passthroughBehavior": "when_no_match",
        "httpMethod": "POST",
        "type": "aws_proxy",
    }
    route = {"x-amazon-apigateway-any-method": {"x-amazon-apigateway-integration": integration}}
    info = {"title": "api", "version": "1.0"}
    body = {"swagger": "2.0", "info": info, "paths": {"/{proxy+}": route}}
    api = aws.apigateway.RestApi(
        "swagger",
        body=pulumi.Output.json_dumps(body),
        parameters={"endpointConfigurationTypes": "REGIONAL"},
        endpoint_configuration={"types": "REGIONAL"},
    )
    deployment = aws.apigateway.Deployment("d", rest_api=api.id)
    stage = aws.apigateway.Stage("s", rest_api=api.id, deployment=deployment.id, stage_name="example")
    for key, value in (("api", api.id), ("root", api.root_resource_id), ("url", stage.invoke_url)):
        pulumi.export(key, value)


def test_api_of_a_swagger_document(deploy: Deploy) -> None:
    """A program whose routes are in a Swagger body can deploy them: any method, below any path."""
    done = deploy(openapi_program)
    client, api = done.client("apigateway"), done.outputs["api"]
    resources = {each["path"]: each for each in client.get_resources(restApiId=api)["items"]}
    assert set(resources) == {"/", "/{proxy+}"}
    assert resources["/"]["id"] == done.outputs["root"]
    route = resources["/{proxy+}"]
    integration = client.get_integration(restApiId=api, resourceId=route["id"], httpMethod="ANY")
    assert integration["type"] == "AWS_PROXY"
    assert done.warnings == []


def static_program() -> None:
    bucket = aws.s3.Bucket("site")
    page = pulumi.StringAsset("<h1>hi</h1>")
    aws.s3.BucketObject(
        "page", bucket=bucket.bucket, key="www/a b.html", source=page, content_type="text/html"
    )
    role = aws.iam.Role("reader", assume_role_policy='{"Version": "2012-10-17", "Statement": []}')
    names = {"method.response.header.Content-Type": "integration.response.header.Content-Type"}
    integration = {
        "type": "aws",
        "httpMethod": "GET",
        "uri": pulumi.Output.format(
            "arn:aws:apigateway:{0}:s3:path/{1}/www/{{proxy}}", harness.REGION, bucket.bucket
        ),
        "credentials": role.arn,
        "requestParameters": {"integration.request.path.proxy": "method.request.path.proxy"},
        "responses": {"default": {"statusCode": "200", "responseParameters": names}},
    }
    route = {"get": {"x-amazon-apigateway-integration": integration}}
    body = {"openapi": "3.0.1", "info": {"title": "static"}, "paths": {"/{proxy+}": route}}
    api = aws.apigateway.RestApi("static", body=pulumi.Output.json_dumps(body))
    deployment = aws.apigateway.Deployment("d", rest_api=api.id)
    stage = aws.apigateway.Stage("s", rest_api=api.id, deployment=deployment.id, stage_name="live")
    pulumi.export("url", stage.invoke_url)


def test_files_of_a_bucket(deploy: Deploy) -> None:
    """A program whose API serves a bucket's files serves them with their type."""
    response = httpx.get(f"{deploy(static_program).outputs['url']}/a%20b.html", trust_env=False)
    assert (response.status_code, response.headers["content-type"], response.text) == (
        200,
        "text/html",
        "<h1>hi</h1>",
    )
