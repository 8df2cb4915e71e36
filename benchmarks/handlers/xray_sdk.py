"""One subsegment and one AWS call with the X-Ray SDK alone."""

import os
from typing import Any

import boto3
from aws_xray_sdk.core import patch, xray_recorder
from botocore.config import Config

patch(["boto3"])
dynamodb = boto3.client(
    "dynamodb", endpoint_url=os.environ["STUB"], config=Config(retries={"max_attempts": 0})
)


def handler(_event: Any, _context: Any) -> dict[str, int]:
    with xray_recorder.in_subsegment("store") as subsegment:
        subsegment.put_annotation("customer", "ada")
        subsegment.put_metadata("order", {"lines": 3})
        dynamodb.put_item(TableName="items", Item={"id": {"S": "1"}})
    return {"statusCode": 200, "pid": os.getpid()}
