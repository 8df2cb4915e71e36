"""Links: a function URL shortens them, a bus tells of new ones, a state machine checks and publishes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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
table = aws.dynamodb.Table(
    "links", attributes=[{"name": "id", "type": "S"}], hash_key="id", billing_mode="PAY_PER_REQUEST"
)
bus = aws.cloudwatch.EventBus("links")


def function(name: str, environment: dict[str, Any], *grants: Grant) -> TracedFunction:
    code = Path("handlers") / f"{name}.py"
    return TracedFunction(name, TracedFunctionArgs(code, profile, layers.arns, environment, grants))


def role(name: str, service: str, resource: pulumi.Input[str], action: str) -> aws.iam.Role:
    """Return what a service acts as, to do one thing."""
    principal = aws.iam.GetPolicyDocumentStatementPrincipalArgs(type="Service", identifiers=[service])
    trust = aws.iam.GetPolicyDocumentStatementArgs(actions=["sts:AssumeRole"], principals=[principal])
    assumed = aws.iam.get_policy_document(statements=[trust])
    made = aws.iam.Role(name, assume_role_policy=assumed.json)
    allow(made, name, resource, action)
    return made


def allow(to: aws.iam.Role, name: str, resource: pulumi.Input[str], *actions: str) -> None:
    statement = {"Effect": "Allow", "Action": actions, "Resource": resource}
    policy = pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [statement]})
    aws.iam.RolePolicy(name, role=to.id, policy=policy)


# GET /{id} follows a link, POST makes one

shorten = function(
    "shorten",
    {"TABLE_NAME": table.name, "BUS_NAME": bus.name},
    Grant(["dynamodb:GetItem", "dynamodb:PutItem"], [table.arn]),
    Grant(["events:PutEvents"], [bus.arn]),
)
url = aws.lambda_.FunctionUrl("shorten", function_name=shorten.name, authorization_type="NONE")
aws.lambda_.Permission(
    "all-may-invoke",
    action="lambda:InvokeFunction",
    function=shorten.name,
    principal="*",
    invoked_via_function_url=True,
)

# New links are checked, then published or blocked

check = function("check", {})
machine_role = role("machine", "states.amazonaws.com", check.arn, "lambda:InvokeFunction")
allow(machine_role, "machine-writes", table.arn, "dynamodb:UpdateItem")
allow(
    machine_role,
    "machine-traces",
    "*",
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
)


def marked(status: str) -> dict[str, Any]:
    """Return the state that gives the link its status."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::dynamodb:updateItem",
        "Parameters": {
            "TableName": table.name,
            "Key": {"id": {"S.$": "$.id"}},
            "UpdateExpression": "SET #status = :status",
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": {":status": {"S": status}},
        },
        "End": True,
    }


machine = aws.sfn.StateMachine(
    "vet",
    role_arn=machine_role.arn,
    tracing_configuration={"enabled": True},
    definition=pulumi.Output.json_dumps(
        {
            "StartAt": "Check",
            "States": {
                "Check": {
                    "Type": "Task",
                    "Resource": "arn:aws:states:::lambda:invoke",
                    "Parameters": {"FunctionName": check.arn, "Payload.$": "$.detail"},
                    "OutputPath": "$.Payload",
                    "Retry": [{"ErrorEquals": ["Lambda.ServiceException"], "MaxAttempts": 2}],
                    "Next": "IsSafe",
                },
                "IsSafe": {
                    "Type": "Choice",
                    "Choices": [{"Variable": "$.safe", "BooleanEquals": True, "Next": "Publish"}],
                    "Default": "Block",
                },
                "Publish": marked("public"),
                "Block": marked("blocked"),
            },
        }
    ),
)
created = aws.cloudwatch.EventRule(
    "created",
    event_bus_name=bus.name,
    event_pattern=pulumi.Output.json_dumps({"source": ["links"], "detail-type": ["LinkCreated"]}),
)
aws.cloudwatch.EventTarget(
    "vet",
    rule=created.name,
    event_bus_name=bus.name,
    arn=machine.arn,
    role_arn=role("start", "events.amazonaws.com", machine.arn, "states:StartExecution").arn,
)

pulumi.export("url", url.function_url)
pulumi.export("table", table.name)
pulumi.export("machine", machine.arn)
