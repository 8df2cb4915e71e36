"""Serves the function URL: POST makes a short link, GET /{id} follows it."""

from __future__ import annotations

import base64
import json
import os
import secrets
from typing import Any

import boto3
from opentelemetry import trace

from tracing import annotate, capture_lambda_handler

USAGE = 'POST {"url": "https://example.com"} here\n'

tracer = trace.get_tracer(__name__)
dynamodb = boto3.client("dynamodb")
events = boto3.client("events")


@capture_lambda_handler
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    link = event["rawPath"].strip("/")
    if event["requestContext"]["http"]["method"] == "GET":
        return follow(link) if link else {"statusCode": 200, "body": USAGE}
    body = event.get("body") or "{}"
    match json.loads(base64.b64decode(body) if event["isBase64Encoded"] else body):
        case {"url": str(url)}:
            return {"statusCode": 202, "body": json.dumps({"id": shorten(url)})}
    return {"statusCode": 400, "body": USAGE}


def follow(link: str) -> dict[str, Any]:
    found = dynamodb.get_item(TableName=os.environ["TABLE_NAME"], Key={"id": {"S": link}}).get("Item")
    if not found or found["status"]["S"] != "public":
        return {"statusCode": 404, "body": "there is no such link\n"}
    return {"statusCode": 302, "headers": {"Location": found["url"]["S"]}}


def shorten(url: str) -> str:
    """Keep a link, which is followed once it is public, and tell of it; return its id."""
    with tracer.start_as_current_span("Shorten"):
        link = secrets.token_urlsafe(6)
        annotate("link", link)
        item = {"id": {"S": link}, "url": {"S": url}, "status": {"S": "new"}}
        dynamodb.put_item(TableName=os.environ["TABLE_NAME"], Item=item)
        event = {
            "EventBusName": os.environ["BUS_NAME"],
            "Source": "links",
            "DetailType": "LinkCreated",
            "Detail": json.dumps({"id": link, "url": url}),
        }
        events.put_events(Entries=[event])
        return link
