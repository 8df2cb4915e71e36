"""Answers at once."""

from typing import Any


def handler(_event: Any, _context: Any) -> dict[str, Any]:
    return {"statusCode": 200, "body": "{}"}
