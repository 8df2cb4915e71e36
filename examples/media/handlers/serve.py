"""Serves the HTTP API: GET /pictures and PUT /pictures/{name}."""

from __future__ import annotations

import base64
import os
from typing import Any

import boto3

from tracing import annotate, capture_lambda_handler

s3 = boto3.client("s3")


@capture_lambda_handler
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    if event["routeKey"] == "GET /pictures":
        return {"statusCode": 200, "body": "".join(f"{key}\n" for key in listed())}
    body = event.get("body") or ""
    picture = base64.b64decode(body) if event["isBase64Encoded"] else body.encode()
    if not picture.startswith(b"P6"):
        return {"statusCode": 415, "body": "a picture is a portable pixmap, which begins with P6\n"}
    key = f"pictures/{event['pathParameters']['name']}"
    annotate("picture", key)
    s3.put_object(Bucket=os.environ["BUCKET_NAME"], Key=key, Body=picture)
    return {"statusCode": 202, "body": f"{key}\n"}


def listed() -> list[str]:
    found = s3.list_objects_v2(Bucket=os.environ["BUCKET_NAME"])
    return [item["Key"] for item in found.get("Contents", [])]
