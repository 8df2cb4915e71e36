"""One span and one AWS call with our library."""

import os

import boto3
from botocore.config import Config
from opentelemetry import trace

from tracing import capture_lambda_handler

tracer = trace.get_tracer(__name__)
dynamodb = boto3.client(
    "dynamodb", endpoint_url=os.environ["STUB"], config=Config(retries={"max_attempts": 0})
)


@capture_lambda_handler
def handler(_event: object, _context: object) -> dict[str, int]:
    with tracer.start_as_current_span("store"):
        dynamodb.put_item(TableName="items", Item={"id": {"S": "1"}})
    return {"statusCode": 200}
