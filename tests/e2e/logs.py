"""What functions of a running stack logged, as CloudWatch Logs tells it."""

from __future__ import annotations

import json
from typing import Any

from tests.e2e.stack import Stack


def messages(stack: Stack, function: str, pattern: str = "") -> list[str]:
    """What is in a function's log group and matches, oldest first."""
    pages = (
        stack.client("logs")
        .get_paginator("filter_log_events")
        .paginate(logGroupName=f"/aws/lambda/{function}", filterPattern=pattern)
    )
    return [event["message"] for page in pages for event in page["events"]]


def records(stack: Stack, function: str, logger: str, pattern: str = "") -> list[dict[str, Any]]:
    """The records of one logger."""
    found = [json.loads(message) for message in messages(stack, function, pattern) if message[0] == "{"]
    return [record for record in found if record.get("logger") == logger]
