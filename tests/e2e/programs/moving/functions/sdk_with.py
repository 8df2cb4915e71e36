"""The X-Ray SDK, with subsegments as blocks."""

from typing import Any

from aws_xray_sdk.core import patch_all, xray_recorder

patch_all()


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    with xray_recorder.in_subsegment("store") as subsegment:
        subsegment.put_annotation("id", event["id"])
        subsegment.put_metadata("event", event, "shop")
    return {"statusCode": 201}
