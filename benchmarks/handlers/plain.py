"""One AWS call and nothing about tracing: what the others are measured against, and what ADOT wraps."""

import os

import boto3
from botocore.config import Config

dynamodb = boto3.client(
    "dynamodb", endpoint_url=os.environ["STUB"], config=Config(retries={"max_attempts": 0})
)


def handler(_event: object, _context: object) -> dict[str, int]:
    dynamodb.put_item(TableName="items", Item={"id": {"S": "1"}})
    return {"statusCode": 200}
