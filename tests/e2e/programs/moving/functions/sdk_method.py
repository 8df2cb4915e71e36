"""The X-Ray SDK, with methods that are captured, and what is current annotated in a chain."""

from typing import Any

from aws_xray_sdk.core import xray_recorder


class Shop:
    """Stores what is ordered."""

    @xray_recorder.capture(name="store")  # type: ignore[untyped-decorator] # the X-Ray SDK is untyped
    def store(self, event: dict[str, Any]) -> None:
        xray_recorder.current_subsegment().put_annotation("id", event["id"])
        xray_recorder.current_subsegment().put_metadata("event", event, "shop")


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    Shop().store(event)
    return {"statusCode": 201}
