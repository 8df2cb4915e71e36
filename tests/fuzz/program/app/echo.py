"""Answers what the request's body asks for, where its path is `/reply`, and `ok` everywhere else."""

import json
from typing import Any


def handler(event: dict[str, Any], _context: object) -> Any:
    if "httpMethod" not in event:
        return event
    if event["path"] != "/reply":
        return {"statusCode": 200, "body": "ok"}
    return json.loads(event["body"] or "null")
