"""The handler, one method and one AWS call with Powertools' Tracer."""

import os

import boto3
from aws_lambda_powertools import Tracer
from botocore.config import Config

tracer = Tracer(service="benchmark")
dynamodb = boto3.client(
    "dynamodb", endpoint_url=os.environ["STUB"], config=Config(retries={"max_attempts": 0})
)


@tracer.capture_method
def store():
    dynamodb.put_item(TableName="items", Item={"id": {"S": "1"}})


@tracer.capture_lambda_handler
def handler(_event, _context):
    store()
    return {"statusCode": 200}
