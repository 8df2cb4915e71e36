"""Fails when the query's `fails` says front; asks the worker otherwise."""

import json
import os
from typing import Any

import boto3

from tracing import capture_lambda_handler

client = boto3.client("lambda")


@capture_lambda_handler
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    fails = event["queryStringParameters"]["fails"]
    if fails == "front":
        raise ValueError("front failed")
    reply = client.invoke(FunctionName=os.environ["WORKER_FUNCTION"], Payload=json.dumps({"fails": fails}))
    body = reply["Payload"].read().decode()
    return {"statusCode": 502 if reply.get("FunctionError") else 200, "body": body}
