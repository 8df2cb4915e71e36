"""One AWS call and nothing about tracing: what the others are measured against."""

import os
from typing import Any

import boto3
from botocore.config import Config

dynamodb = boto3.client(
    "dynamodb", endpoint_url=os.environ["STUB"], config=Config(retries={"max_attempts": 0})
)


def handler(_event: Any, _context: Any) -> dict[str, int]:
    dynamodb.put_item(TableName="items", Item={"id": {"S": "1"}})
    return {"statusCode": 200, "pid": os.getpid()}
