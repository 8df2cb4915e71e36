"""One function behind every path of an API, a table and a queue."""

import json

import pulumi
import pulumi_aws as aws

ASSUME_ROLE = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}

role = aws.iam.Role("echo", assume_role_policy=json.dumps(ASSUME_ROLE))
function = aws.lambda_.Function(
    "echo",
    name="echo",
    role=role.arn,
    runtime="python3.13",
    handler="echo.handler",
    code=pulumi.AssetArchive({".": pulumi.FileArchive("app")}),
    timeout=10,
    tracing_config={"mode": "Active"},
)
aws.lambda_.Permission(
    "echo", action="lambda:InvokeFunction", function=function.name, principal="apigateway.amazonaws.com"
)
api = aws.apigateway.RestApi("fuzz", name="fuzz")
everything = aws.apigateway.Resource(
    "all", rest_api=api.id, parent_id=api.root_resource_id, path_part="{proxy+}"
)
integrations = []
for name, place in (("root", api.root_resource_id), ("all", everything.id)):
    method = aws.apigateway.Method(
        name, rest_api=api.id, resource_id=place, http_method="ANY", authorization="NONE"
    )
    integrations.append(
        aws.apigateway.Integration(
            name,
            rest_api=api.id,
            resource_id=place,
            http_method=method.http_method,
            integration_http_method="POST",
            type="AWS_PROXY",
            uri=function.invoke_arn,
        )
    )
deployment = aws.apigateway.Deployment(
    "fuzz", rest_api=api.id, opts=pulumi.ResourceOptions(depends_on=integrations)
)
stage = aws.apigateway.Stage(
    "dev", rest_api=api.id, deployment=deployment.id, stage_name="dev", xray_tracing_enabled=True
)
table = aws.dynamodb.Table(
    "items",
    name="items",
    attributes=[{"name": "id", "type": "S"}],
    hash_key="id",
    billing_mode="PAY_PER_REQUEST",
)
queue = aws.sqs.Queue("jobs", name="jobs")
pulumi.export("queue", queue.url)
