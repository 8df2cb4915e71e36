"""The X-Ray SDK, with subsegments that are begun and ended, and a failure that is noted."""

from typing import Any

from aws_xray_sdk.core import xray_recorder


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    subsegment = xray_recorder.begin_subsegment("store")
    try:
        subsegment.put_annotation("id", event["id"])
        subsegment.put_metadata("event", event, "shop")
        int(event["id"] + "?")
    except ValueError as error:
        subsegment.add_exception(error, [])
    finally:
        xray_recorder.end_subsegment()
    return {"statusCode": 201}
