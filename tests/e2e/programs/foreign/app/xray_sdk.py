"""The X-Ray SDK, as its documentation shows it."""

import json
import os
from typing import Any

import boto3
from aws_xray_sdk.core import patch_all, xray_recorder

patch_all()

table = boto3.resource("dynamodb").Table(os.environ["TABLE"])


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    with xray_recorder.in_subsegment("check stock") as subsegment:
        subsegment.put_annotation("item", "lamp")
        subsegment.put_metadata("path", event["path"])
    table.put_item(Item={"id": context.aws_request_id})
    return {"statusCode": 201, "body": json.dumps("stored")}
