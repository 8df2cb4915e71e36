"""Powertools' Tracer, as its documentation shows it."""

import json
import os
from typing import Any

import boto3
from aws_lambda_powertools import Tracer

tracer = Tracer(service="orders")
table = boto3.resource("dynamodb").Table(os.environ["TABLE"])


@tracer.capture_method  # type: ignore[untyped-decorator] # Powertools is not installed here
def check_stock(item: str) -> int:
    tracer.put_annotation("item", item)
    return 3


@tracer.capture_lambda_handler  # type: ignore[untyped-decorator] # Powertools is not installed here
def handler(event: object, context: Any) -> dict[str, Any]:
    check_stock("lamp")
    table.put_item(Item={"id": context.aws_request_id})
    return {"statusCode": 201, "body": json.dumps("stored")}
