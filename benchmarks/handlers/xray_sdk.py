"""One subsegment and one AWS call with the X-Ray SDK alone."""

import os

import boto3
from aws_xray_sdk.core import patch, xray_recorder
from botocore.config import Config

patch(["boto3"])
dynamodb = boto3.client(
    "dynamodb", endpoint_url=os.environ["STUB"], config=Config(retries={"max_attempts": 0})
)


def handler(_event: object, _context: object) -> dict[str, int]:
    with xray_recorder.in_subsegment("store"):
        dynamodb.put_item(TableName="items", Item={"id": {"S": "1"}})
    return {"statusCode": 200}
