"""Media: an HTTP API takes pictures, the bucket's notification makes thumbnails, a schedule tidies up."""

from __future__ import annotations

from pathlib import Path

import pulumi
import pulumi_aws as aws
from traced_api import (
    Grant,
    TracedFunction,
    TracedFunctionArgs,
    TracingLayers,
    TracingLayersArgs,
    load_settings,
)

profile = load_settings().functions
layers = TracingLayers("tracing", TracingLayersArgs(profile))
bucket = aws.s3.Bucket("pictures", force_destroy=True)
pictures = pulumi.Output.concat(bucket.arn, "/pictures/*")
thumbnails = pulumi.Output.concat(bucket.arn, "/thumbnails/*")


def function(name: str, *grants: Grant) -> TracedFunction:
    code = Path("handlers") / f"{name}.py"
    environment = {"BUCKET_NAME": bucket.bucket}
    return TracedFunction(name, TracedFunctionArgs(code, profile, layers.arns, environment, grants))


# GET /pictures lists them, PUT /pictures/{name} takes one

serve = function("serve", Grant(["s3:ListBucket"], [bucket.arn]), Grant(["s3:PutObject"], [pictures]))
api = aws.apigatewayv2.Api("media", protocol_type="HTTP")
integration = aws.apigatewayv2.Integration(
    "serve",
    api_id=api.id,
    integration_type="AWS_PROXY",
    integration_uri=serve.invoke_arn,
    payload_format_version="2.0",
)
for name, route in {"list": "GET /pictures", "upload": "PUT /pictures/{name}"}.items():
    target = pulumi.Output.concat("integrations/", integration.id)
    aws.apigatewayv2.Route(name, api_id=api.id, route_key=route, target=target)
stage = aws.apigatewayv2.Stage("live", api_id=api.id, name="$default", auto_deploy=True)
aws.lambda_.Permission(
    "api-may-invoke",
    action="lambda:InvokeFunction",
    function=serve.name,
    principal="apigateway.amazonaws.com",
    source_arn=pulumi.Output.concat(api.execution_arn, "/*/*"),
)

# Each picture that arrives gets a thumbnail

thumbnail = function("thumbnail", Grant(["s3:GetObject"], [pictures]), Grant(["s3:PutObject"], [thumbnails]))
bucket_may_invoke = aws.lambda_.Permission(
    "bucket-may-invoke",
    action="lambda:InvokeFunction",
    function=thumbnail.name,
    principal="s3.amazonaws.com",
    source_arn=bucket.arn,
)
aws.s3.BucketNotification(
    "arrived",
    bucket=bucket.bucket,
    lambda_functions=[
        {
            "lambda_function_arn": thumbnail.arn,
            "events": ["s3:ObjectCreated:*"],
            "filter_prefix": "pictures/",
            "filter_suffix": ".ppm",
        }
    ],
    opts=pulumi.ResourceOptions(depends_on=[bucket_may_invoke]),
)

# Once a day, old ones go

tidy = function(
    "tidy", Grant(["s3:ListBucket"], [bucket.arn]), Grant(["s3:DeleteObject"], [pictures, thumbnails])
)
daily = aws.cloudwatch.EventRule("daily", schedule_expression="rate(1 day)")
aws.cloudwatch.EventTarget("tidy", rule=daily.name, arn=tidy.arn)
aws.lambda_.Permission(
    "schedule-may-invoke",
    action="lambda:InvokeFunction",
    function=tidy.name,
    principal="events.amazonaws.com",
    source_arn=daily.arn,
)

pulumi.export("url", pulumi.Output.concat(stage.invoke_url, "pictures"))
pulumi.export("bucket", bucket.bucket)
pulumi.export("daily", daily.name)
