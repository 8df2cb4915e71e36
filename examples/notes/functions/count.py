"""Counts the words of notes that were written."""

import json
import os
from typing import Any

import boto3

TABLE = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])


def handler(event: dict[str, Any], _context: object) -> None:
    """Add the number of words to each note of the messages."""
    for record in event["Records"]:
        note = json.loads(record["body"])
        TABLE.update_item(
            Key={"id": note["id"]},
            UpdateExpression="SET words = :words",
            ExpressionAttributeValues={":words": len(note["text"].split())},
        )
