"""What the scenarios call: it answers, or raises when told to; and it consumes queues."""

from __future__ import annotations

import json
from typing import Any

from opentelemetry import trace

import tracing

tracer = trace.get_tracer(__name__)


@tracing.capture_lambda_handler
def handler(event: dict[str, Any], context: Any) -> Any:
    if "Records" in event:
        return consume(event["Records"])
    with tracer.start_as_current_span("work"):
        if event.get("raise"):
            raise RuntimeError(event["raise"])
    return {"statusCode": 200, "body": json.dumps(event)}


def consume(records: list[dict[str, Any]]) -> Any:
    failures = []
    for record in sorted(records, key=lambda record: str(record["body"])):
        try:
            with tracer.start_as_current_span("record"):
                tracing.annotate("body", json.loads(record["body"])["name"])
                if json.loads(record["body"])["bad"]:
                    raise ValueError("a bad record")
        except ValueError:
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}
