"""Tracing that a program does not ask for itself."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest
from pulumi_aws import apigateway, iam, lambda_

from embedded_aws.engine.tracing import Tracing
from tests.embedded_aws.engine import harness
from tests.embedded_aws.engine.resources.test_iam import ASSUME

CODE = pulumi.AssetArchive({"app.py": pulumi.StringAsset("def handler(event, context): return event")})
LAYER = f"arn:aws:lambda:{harness.REGION}:615299751070:layer:AWSOpenTelemetryDistroPython:26"


def function(name: str, **settings: Any) -> lambda_.Function:
    role = iam.Role(f"{name}-role", assume_role_policy=ASSUME)
    given: dict[str, Any] = {"runtime": "python3.13", "handler": "app.handler", "code": CODE} | settings
    made: lambda_.Function = lambda_.Function(name, name=name, role=role.arn, **given)
    return made


def stage(name: str, **settings: Any) -> apigateway.Stage:
    api = apigateway.RestApi(name)
    method = apigateway.Method(
        name, rest_api=api.id, resource_id=api.root_resource_id, http_method="GET", authorization="NONE"
    )
    call = apigateway.Integration(
        name, rest_api=api.id, resource_id=api.root_resource_id, http_method=method.http_method, type="MOCK"
    )
    deployment = apigateway.Deployment(name, rest_api=api.id, opts=pulumi.ResourceOptions(depends_on=[call]))
    return apigateway.Stage(name, rest_api=api.id, deployment=deployment.id, stage_name="live", **settings)


def configuration(done: harness.Deployed, name: str) -> dict[str, Any]:
    found: dict[str, Any] = done.client("lambda").get_function_configuration(FunctionName=name)
    return found


def test_a_program_that_says_nothing_of_xray_is_traced(aws: harness.Aws) -> None:
    """All its functions and stages are, and it is told what it takes on AWS."""

    def program() -> None:
        function("silent")
        made = stage("silent")
        pulumi.export("api", made.rest_api)

    done = harness.deploy(aws.url, program, "silent", tracing=Tracing())
    assert configuration(done, "silent")["TracingConfig"] == {"Mode": "Active"}
    found = done.client("apigateway").get_stage(restApiId=done.outputs["api"], stageName="live")
    assert found["tracingEnabled"]
    (told,) = [line for line in done.warnings if "X-Ray" in line]
    assert 'tracing_config={"mode": "Active"}' in told


def test_a_stage_that_its_deployment_makes_is_traced(aws: harness.Aws) -> None:
    """As `pulumi_aws` until 6 has it, whose outputs the deployment keeps."""

    def program() -> None:
        silent = stage("older")
        given = {"restApi": silent.rest_api, "stageName": "old", "invokeUrl": None, "executionArn": None}
        older = pulumi.CustomResource("aws:apigateway/deployment:Deployment", "old", given)
        pulumi.export("api", silent.rest_api)
        pulumi.export("url", pulumi.get(older, "invokeUrl"))
        pulumi.export("arn", pulumi.get(older, "executionArn"))

    done = harness.deploy(aws.url, program, "older", tracing=Tracing())
    api = done.outputs["api"]
    assert done.client("apigateway").get_stage(restApiId=api, stageName="old")["tracingEnabled"]
    assert done.outputs["url"] == f"{aws.url}/execute-api/{api}/old"
    assert done.outputs["arn"] == f"arn:aws:execute-api:eu-west-1:123456789012:{api}/old"


@pytest.mark.parametrize("setting", [{"mode": "Active"}, {"mode": "PassThrough"}])
def test_a_program_that_says_something_of_xray_is_left_as_it_is(
    aws: harness.Aws, setting: dict[str, str]
) -> None:
    """One setting anywhere is enough, also one that turns tracing off."""
    names = [f"{which}-{setting['mode']}" for which in ("said", "other")]

    def program() -> None:
        function(names[0], tracing_config=setting)
        function(names[1])

    done = harness.deploy(aws.url, program, names[0], tracing=Tracing())
    modes = [configuration(done, name)["TracingConfig"]["Mode"] for name in names]
    assert modes == [setting["mode"], "PassThrough"]
    assert not [line for line in done.warnings if "X-Ray" in line]


def test_python_functions_run_under_adots_wrapper_script(aws: harness.Aws) -> None:
    """They get its layer, its variable and active tracing, and keep what they have."""

    def program() -> None:
        function("plain", environment={"variables": {"TABLE": "orders"}})
        function("wrapped", environment={"variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/mine"}})
        function("javascript", runtime="nodejs22.x")
        function("another")

    done = harness.deploy(aws.url, program, "instrumented", tracing=Tracing(instruments=True))
    found = configuration(done, "plain")
    assert [layer["Arn"] for layer in found["Layers"]] == [LAYER]
    assert found["Environment"]["Variables"] == {
        "TABLE": "orders",
        "AWS_LAMBDA_EXEC_WRAPPER": "/opt/otel-instrument",
    }
    assert found["TracingConfig"] == {"Mode": "Active"}
    assert not configuration(done, "wrapped").get("Layers")
    assert not configuration(done, "javascript").get("Layers")
    (told,) = [line for line in done.warnings if "wrapper script" in line]
    assert told.startswith("another, plain: under ADOT's wrapper script here")
    assert f'layers=["{LAYER}"]' in told
    assert '"AWS_LAMBDA_EXEC_WRAPPER": "/opt/otel-instrument"' in told
