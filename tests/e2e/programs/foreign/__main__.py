"""A traced API made of plain pulumi_aws resources, in one file, as many teams write it."""

import json

import pulumi
import pulumi_aws as aws

config = pulumi.Config()

ADOT_LAYER = "arn:aws:lambda:eu-west-1:615299751070:layer:AWSOpenTelemetryDistroPython:26"
WRAPPED = {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/otel-instrument"}
ASSUME_ROLE = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}

table = aws.dynamodb.Table(
    "orders",
    attributes=[aws.dynamodb.TableAttributeArgs(name="id", type="S")],
    hash_key="id",
    billing_mode="PAY_PER_REQUEST",
)
role = aws.iam.Role("place", assume_role_policy=json.dumps(ASSUME_ROLE))
for name in ("service-role/AWSLambdaBasicExecutionRole", "AWSXRayDaemonWriteAccess"):
    aws.iam.RolePolicyAttachment(
        name.rsplit("/", maxsplit=1)[-1], role=role.name, policy_arn=f"arn:aws:iam::aws:policy/{name}"
    )
aws.iam.RolePolicy(
    "store",
    role=role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": table.arn}],
        }
    ),
)
packages = aws.lambda_.LayerVersion(
    "packages",
    layer_name="foreign-packages",
    code=pulumi.AssetArchive({"python": pulumi.FileArchive(config.require("packages"))}),
)
code = pulumi.AssetArchive({".": pulumi.FileArchive("app")})

api = aws.apigateway.RestApi("orders", name="orders")
functions: dict[str, tuple[str, pulumi.Input[str], dict[str, str]]] = {
    "adot": ("adot", ADOT_LAYER, WRAPPED),
    "xray-sdk": ("xray_sdk", packages.arn, {}),
    "powertools": ("powertools", packages.arn, {}),
}
integrations = []
for name, (module, layer, environment) in functions.items():
    function = aws.lambda_.Function(
        name,
        name=name,
        role=role.arn,
        runtime=config.require("runtime"),
        handler=f"{module}.handler",
        code=code,
        layers=[layer],
        memory_size=512,
        timeout=30,
        environment={"variables": {"TABLE": table.name, **environment}},
        tracing_config={"mode": "Active"},
    )
    resource = aws.apigateway.Resource(name, rest_api=api.id, parent_id=api.root_resource_id, path_part=name)
    method = aws.apigateway.Method(
        name, rest_api=api.id, resource_id=resource.id, http_method="GET", authorization="NONE"
    )
    integrations.append(
        aws.apigateway.Integration(
            name,
            rest_api=api.id,
            resource_id=resource.id,
            http_method=method.http_method,
            integration_http_method="POST",
            type="AWS_PROXY",
            uri=function.invoke_arn,
        )
    )
    aws.lambda_.Permission(
        name,
        action="lambda:InvokeFunction",
        function=function.name,
        principal="apigateway.amazonaws.com",
        source_arn=pulumi.Output.concat(api.execution_arn, "/*/*"),
    )
deployment = aws.apigateway.Deployment(
    "orders", rest_api=api.id, opts=pulumi.ResourceOptions(depends_on=integrations)
)
stage = aws.apigateway.Stage(
    "live", rest_api=api.id, deployment=deployment.id, stage_name="live", xray_tracing_enabled=True
)

pulumi.export("url", stage.invoke_url)
