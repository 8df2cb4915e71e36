"""One span and one AWS call with our library."""

import os
from typing import Any

import boto3
from botocore.config import Config
from opentelemetry import trace

from tracing import add_metadata, annotate, capture_lambda_handler

tracer = trace.get_tracer(__name__)
dynamodb = boto3.client(
    "dynamodb", endpoint_url=os.environ["STUB"], config=Config(retries={"max_attempts": 0})
)


@capture_lambda_handler
def handler(_event: Any, _context: Any) -> dict[str, int]:
    with tracer.start_as_current_span("store"):
        annotate("customer", "ada")
        add_metadata("order", {"lines": 3})
        dynamodb.put_item(TableName="items", Item={"id": {"S": "1"}})
    return {"statusCode": 200, "pid": os.getpid()}
