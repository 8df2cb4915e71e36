"""Gives back every message that says consumer, and takes the others."""

import json
from typing import Any

from opentelemetry import trace

from tracing import capture_lambda_handler

tracer = trace.get_tracer(__name__)


@capture_lambda_handler
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    failed = [record["messageId"] for record in event["Records"] if fails(record)]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def fails(record: dict[str, Any]) -> bool:
    with tracer.start_as_current_span("read"):
        return bool(json.loads(record["body"])["fails"] == "consumer")
