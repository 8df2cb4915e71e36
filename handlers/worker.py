"""Works for a while, then stores what it was told and queues a message about it."""

from __future__ import annotations

from tracing import annotate, capture_lambda_handler  # first, as it times what is imported

# isort: split
import json
import logging
import os
import time
from typing import Any

import boto3
from opentelemetry import trace

logger = logging.getLogger(__name__)
tracer = trace.get_tracer(__name__)
dynamodb = boto3.client("dynamodb")
s3 = boto3.client("s3")
sqs = boto3.client("sqs")


@capture_lambda_handler
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    work()
    store(context.aws_request_id, event.get("message", ""))
    return {"statusCode": 200, "body": json.dumps("Hello from Lambda 2!")}


def work() -> None:
    seconds = float(os.environ["WORK_SECONDS"])
    with tracer.start_as_current_span("work"):
        annotate("WorkSeconds", seconds)
        time.sleep(seconds)


def store(item_id: str, message: str) -> None:
    key = f"messages/{item_id}.json"
    body = json.dumps({"id": item_id, "message": message})
    item = {"id": {"S": item_id}, "message": {"S": message}}
    dynamodb.put_item(TableName=os.environ["TABLE_NAME"], Item=item)
    s3.put_object(Bucket=os.environ["BUCKET_NAME"], Key=key, Body=body, ContentType="application/json")
    sqs.send_message(QueueUrl=os.environ["QUEUE_URL"], MessageBody=json.dumps({"key": key}))
    logger.info("stored and queued %s", key)
