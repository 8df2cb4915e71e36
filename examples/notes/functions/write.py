"""Writes a note, and announces it."""

import base64
import json
import os
import uuid
from typing import Any

import boto3

TABLE = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])
QUEUE = boto3.client("sqs")


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer with the id of the note in the request's body."""
    # The API hands on what is not named as text or JSON, such as what curl sends, in base64.
    body = base64.b64decode(event["body"]) if event["isBase64Encoded"] else event["body"]
    note = {"id": uuid.uuid4().hex, "text": json.loads(body)["text"]}
    TABLE.put_item(Item=note)
    QUEUE.send_message(QueueUrl=os.environ["QUEUE_URL"], MessageBody=json.dumps(note))
    return {"statusCode": 201, "body": json.dumps({"id": note["id"]})}
