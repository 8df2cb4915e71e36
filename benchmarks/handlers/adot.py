"""One span and one AWS call with OpenTelemetry's API, as ADOT's wrapper script finds it."""

import os
from typing import Any

import boto3
from botocore.config import Config
from opentelemetry import trace

tracer = trace.get_tracer(__name__)
dynamodb = boto3.client(
    "dynamodb", endpoint_url=os.environ["STUB"], config=Config(retries={"max_attempts": 0})
)


def handler(_event: Any, _context: Any) -> dict[str, int]:
    with tracer.start_as_current_span("store") as span:
        span.set_attributes({"customer": "ada", "aws.xray.annotations": ["customer"], "order.lines": 3})
        dynamodb.put_item(TableName="items", Item={"id": {"S": "1"}})
    return {"statusCode": 200, "pid": os.getpid()}
