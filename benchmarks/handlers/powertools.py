"""The handler, one method and one AWS call with Powertools' Tracer."""

import os
from typing import Any

import boto3
from aws_lambda_powertools import Tracer
from botocore.config import Config

tracer = Tracer(service="benchmark")
dynamodb = boto3.client(
    "dynamodb", endpoint_url=os.environ["STUB"], config=Config(retries={"max_attempts": 0})
)


@tracer.capture_method  # type: ignore[untyped-decorator] # Powertools is not installed here
def store() -> None:
    tracer.put_annotation("customer", "ada")
    tracer.put_metadata("order", {"lines": 3})
    dynamodb.put_item(TableName="items", Item={"id": {"S": "1"}})


@tracer.capture_lambda_handler  # type: ignore[untyped-decorator] # Powertools is not installed here
def handler(_event: Any, _context: Any) -> dict[str, int]:
    store()
    return {"statusCode": 200, "pid": os.getpid()}
