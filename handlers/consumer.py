"""Takes messages off the queue and reads the objects that they name."""

from __future__ import annotations

from tracing import add_metadata, annotate, capture_lambda_handler  # first, as it times what is imported

# isort: split
import json
import logging
import os
from typing import Any

import boto3
from opentelemetry import trace

logger = logging.getLogger(__name__)
tracer = trace.get_tracer(__name__)
s3 = boto3.client("s3")


@capture_lambda_handler
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Answer which records failed, so that SQS delivers only those again."""
    failed = [record["messageId"] for record in event["Records"] if not succeeds(record)]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def succeeds(record: dict[str, Any]) -> bool:
    """Process one record; whatever goes wrong with it must not stop the others."""
    try:
        process(record)
    except Exception:
        logger.exception("message %s failed", record["messageId"])
        return False
    return True


def process(record: dict[str, Any]) -> None:
    with tracer.start_as_current_span("ReadMessage"):
        key = json.loads(record["body"])["key"]
        annotate("ObjectKey", key)
        reply = s3.get_object(Bucket=os.environ["BUCKET_NAME"], Key=key)
        add_metadata("object", json.loads(reply["Body"].read()))
        logger.info("read %s", key)
