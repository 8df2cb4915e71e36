"""Adds each stored order to what its customer has spent."""

from __future__ import annotations

import os
from typing import Any

import boto3
from opentelemetry import trace

from tracing import annotate, capture_lambda_handler

tracer = trace.get_tracer(__name__)
dynamodb = boto3.client("dynamodb")


@capture_lambda_handler
def handler(event: dict[str, Any], _context: Any) -> None:
    for record in event["Records"]:
        if record["eventName"] == "INSERT":
            add(record["dynamodb"]["NewImage"])


def add(order: dict[str, Any]) -> None:
    with tracer.start_as_current_span("AddUp"):
        annotate("customer", order["customer"]["S"])
        dynamodb.update_item(
            TableName=os.environ["TABLE_NAME"],
            Key={"customer": order["customer"]},
            UpdateExpression="ADD spent :total",
            ExpressionAttributeValues={":total": order["total"]},
        )
