"""Orders: an API announces them; a queue stores them, a function invoices, a stream adds up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
from traced_api import (
    Grant,
    QueueTrigger,
    TracedFunction,
    TracedFunctionArgs,
    TracingLayers,
    TracingLayersArgs,
    load_settings,
)

profile = load_settings().functions
layers = TracingLayers("tracing", TracingLayersArgs(profile))


def function(name: str, environment: dict[str, Any], *grants: Grant, **more: Any) -> TracedFunction:
    code = Path("handlers") / f"{name}.py"
    return TracedFunction(name, TracedFunctionArgs(code, profile, layers.arns, environment, grants, **more))


# What is kept

orders = aws.dynamodb.Table(
    "orders",
    attributes=[{"name": "id", "type": "S"}],
    hash_key="id",
    billing_mode="PAY_PER_REQUEST",
    stream_enabled=True,
    stream_view_type="NEW_IMAGE",
)
totals = aws.dynamodb.Table(
    "totals",
    attributes=[{"name": "customer", "type": "S"}],
    hash_key="customer",
    billing_mode="PAY_PER_REQUEST",
)
invoices = aws.s3.Bucket("invoices", force_destroy=True)

# POST /orders, which announces an order

topic = aws.sns.Topic("placed", tracing_config="Active")
aws.xray.ResourcePolicy(
    "topics-may-trace",
    policy_name="topics",
    policy_document=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "sns.amazonaws.com"},
                    "Action": ["xray:PutTraceSegments", "xray:GetSamplingRules", "xray:GetSamplingTargets"],
                    "Resource": "*",
                    "Condition": {"ArnEquals": {"aws:SourceArn": topic.arn}},
                }
            ],
        }
    ),
)
place = function("place", {"TOPIC_ARN": topic.arn}, Grant(["sns:Publish"], [topic.arn]))

api = aws.apigateway.RestApi(
    "orders",
    body=pulumi.Output.json_dumps(
        {
            "openapi": "3.0.1",
            "info": {"title": "orders", "version": "1"},
            "paths": {
                "/orders": {
                    "post": {
                        "x-amazon-apigateway-integration": {
                            "type": "aws_proxy",
                            "httpMethod": "POST",
                            "uri": place.invoke_arn,
                        }
                    }
                }
            },
        }
    ),
)
aws.lambda_.Permission(
    "api-may-invoke",
    action="lambda:InvokeFunction",
    function=place.name,
    principal="apigateway.amazonaws.com",
    source_arn=pulumi.Output.concat(api.execution_arn, "/*/POST/orders"),
)
deployment = aws.apigateway.Deployment("orders", rest_api=api.id, triggers={"place": place.arn})
stage = aws.apigateway.Stage(
    "live", rest_api=api.id, deployment=deployment.id, stage_name="live", xray_tracing_enabled=True
)

# Every order is stored, by way of a queue

dead_letters = aws.sqs.Queue("dead-letters", message_retention_seconds=14 * 24 * 3600)
queue = aws.sqs.Queue(
    "to-store",
    visibility_timeout_seconds=6 * profile.timeout,
    redrive_policy=pulumi.Output.json_dumps({"deadLetterTargetArn": dead_letters.arn, "maxReceiveCount": 3}),
)
aws.sqs.QueuePolicy(
    "topic-may-send",
    queue_url=queue.url,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "sns.amazonaws.com"},
                    "Action": "sqs:SendMessage",
                    "Resource": queue.arn,
                    "Condition": {"ArnEquals": {"aws:SourceArn": topic.arn}},
                }
            ],
        }
    ),
)
aws.sns.TopicSubscription(
    "to-store", topic=topic.arn, protocol="sqs", endpoint=queue.arn, raw_message_delivery=True
)
function(
    "store",
    {"TABLE_NAME": orders.name},
    Grant(["dynamodb:PutItem"], [orders.arn]),
    queue=QueueTrigger(queue.arn),
)

# Some want an invoice

invoice = function(
    "invoice",
    {"BUCKET_NAME": invoices.bucket},
    Grant(["s3:PutObject"], [pulumi.Output.concat(invoices.arn, "/*")]),
)
aws.lambda_.Permission(
    "topic-may-invoke",
    action="lambda:InvokeFunction",
    function=invoice.name,
    principal="sns.amazonaws.com",
    source_arn=topic.arn,
)
aws.sns.TopicSubscription(
    "to-invoice",
    topic=topic.arn,
    protocol="lambda",
    endpoint=invoice.arn,
    filter_policy=pulumi.Output.json_dumps({"payment": ["invoice"]}),
)

# What is stored is added up

read_stream = Grant(
    ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"],
    [orders.stream_arn],
)
add_up = function(
    "add_up", {"TABLE_NAME": totals.name}, Grant(["dynamodb:UpdateItem"], [totals.arn]), read_stream
)
aws.lambda_.EventSourceMapping(
    "stored",
    event_source_arn=orders.stream_arn,
    function_name=add_up.name,
    starting_position="TRIM_HORIZON",
    maximum_retry_attempts=3,
    bisect_batch_on_function_error=True,
)

pulumi.export("url", pulumi.Output.concat(stage.invoke_url, "/orders"))
pulumi.export("totals", totals.name)
pulumi.export("invoices", invoices.bucket)
