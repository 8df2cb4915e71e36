"""Two of the functions: one has what the move needs, by our components, the other is as it was."""

import json
import sys
from pathlib import Path

import pulumi
import pulumi_aws as aws
from traced_api import TracedFunction, TracedFunctionArgs, TracingLayers, TracingLayersArgs, load_settings

ASSUME_ROLE = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}

# `packages`, beside this file, is where the X-Ray SDK is
packages = aws.lambda_.LayerVersion(
    "packages",
    layer_name="xray-sdk",
    code=pulumi.AssetArchive({"python": pulumi.FileArchive("packages")}),
)
profile = load_settings().functions
layers = TracingLayers("tracing", TracingLayersArgs(profile, otel_layer="slim"))
code = Path("functions") / "sdk_with.py"
TracedFunction(
    "sdk_with", TracedFunctionArgs(code, profile, [*layers.arns, packages.arn], physical_name="sdk_with")
)
role = aws.iam.Role("sdk_decorator", assume_role_policy=json.dumps(ASSUME_ROLE))
aws.lambda_.Function(
    "sdk_decorator",
    name="sdk_decorator",
    role=role.arn,
    runtime=f"python{sys.version_info.major}.{sys.version_info.minor}",
    handler="sdk_decorator.handler",
    code=pulumi.AssetArchive({".": pulumi.FileArchive("functions")}),
    layers=[packages.arn],
    tracing_config={"mode": "Active"},
)
