"""Stores the orders of a queue."""

from __future__ import annotations

import json
import logging
import os
from typing import Any

import boto3
from opentelemetry import trace

from tracing import annotate, capture_lambda_handler

logger = logging.getLogger(__name__)
tracer = trace.get_tracer(__name__)
dynamodb = boto3.client("dynamodb")


@capture_lambda_handler
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Answer which records failed, so that SQS delivers only those again."""
    failed = [record["messageId"] for record in event["Records"] if not is_stored(record)]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def is_stored(record: dict[str, Any]) -> bool:
    try:
        store(json.loads(record["body"]))
    except Exception:
        logger.exception("message %s failed", record["messageId"])
        return False
    return True


def store(order: dict[str, Any]) -> None:
    with tracer.start_as_current_span("StoreOrder"):
        annotate("order", order["id"])
        item = {
            "id": {"S": order["id"]},
            "customer": {"S": order["customer"]},
            "sku": {"S": order["sku"]},
            "total": {"N": str(order["total"])},
        }
        dynamodb.put_item(TableName=os.environ["TABLE_NAME"], Item=item)
