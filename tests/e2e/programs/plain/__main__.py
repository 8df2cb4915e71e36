"""A traced API made of plain pulumi_aws resources, in one file, as many teams write it."""

import json

import pulumi
import pulumi_aws as aws

config = pulumi.Config()

table = aws.dynamodb.Table(
    "orders",
    attributes=[aws.dynamodb.TableAttributeArgs(name="id", type="S")],
    hash_key="id",
    billing_mode="PAY_PER_REQUEST",
)
topic = aws.sns.Topic("placed")

role = aws.iam.Role(
    "place",
    assume_role_policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "lambda.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
    ),
)
for name in ("service-role/AWSLambdaBasicExecutionRole", "AWSXRayDaemonWriteAccess"):
    aws.iam.RolePolicyAttachment(
        f"place-{name.split('/')[-1]}", role=role.name, policy_arn=f"arn:aws:iam::aws:policy/{name}"
    )
aws.iam.RolePolicy(
    "place",
    role=role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": table.arn},
                {"Effect": "Allow", "Action": "sns:Publish", "Resource": topic.arn},
            ],
        }
    ),
)

packages = aws.lambda_.LayerVersion(
    "packages",
    layer_name="orders-packages",
    code=pulumi.AssetArchive({"python": pulumi.FileArchive(config.require("packages"))}),
)
place = aws.lambda_.Function(
    "place",
    role=role.arn,
    runtime=config.require("runtime"),
    handler="orders.place",
    code=pulumi.AssetArchive({".": pulumi.FileArchive("app")}),
    layers=[packages.arn],
    timeout=10,
    environment={"variables": {"TABLE": table.name, "TOPIC": topic.arn}},
    tracing_config={"mode": "Active"},
)

api = aws.apigateway.RestApi("orders", name="orders")
resource = aws.apigateway.Resource(
    "orders", rest_api=api.id, parent_id=api.root_resource_id, path_part="orders"
)
method = aws.apigateway.Method(
    "post-order", rest_api=api.id, resource_id=resource.id, http_method="POST", authorization="NONE"
)
integration = aws.apigateway.Integration(
    "post-order",
    rest_api=api.id,
    resource_id=resource.id,
    http_method=method.http_method,
    integration_http_method="POST",
    type="AWS_PROXY",
    uri=place.invoke_arn,
)
aws.lambda_.Permission(
    "api",
    action="lambda:InvokeFunction",
    function=place.name,
    principal="apigateway.amazonaws.com",
    source_arn=pulumi.Output.concat(api.execution_arn, "/*/*"),
)
deployment = aws.apigateway.Deployment(
    "orders", rest_api=api.id, opts=pulumi.ResourceOptions(depends_on=[integration])
)
stage = aws.apigateway.Stage(
    "live", rest_api=api.id, deployment=deployment.id, stage_name="live", xray_tracing_enabled=True
)

pulumi.export("url", pulumi.Output.concat(stage.invoke_url, "/orders"))
