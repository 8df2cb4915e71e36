"""One function with a URL."""

import json
import sys

import pulumi
import pulumi_aws as aws

config = pulumi.Config()
ASSUME_ROLE = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}

role = aws.iam.Role("stock", assume_role_policy=json.dumps(ASSUME_ROLE))
packages = aws.lambda_.LayerVersion(
    "packages",
    layer_name="legacy-packages",
    code=pulumi.AssetArchive({"python": pulumi.FileArchive(config.require("packages"))}),
)
function = aws.lambda_.Function(
    "stock",
    role=role.arn,
    runtime=f"python{sys.version_info.major}.{sys.version_info.minor}",
    handler="app.handler",
    code=pulumi.AssetArchive({".": pulumi.FileArchive("app")}),
    layers=[packages.arn],
    environment={"variables": {"TRACING": config.get("tracing") or ""}},
    tracing_config={"mode": "Active"},
)
url = aws.lambda_.FunctionUrl("stock", function_name=function.name, authorization_type="NONE")
pulumi.export("url", url.function_url)
