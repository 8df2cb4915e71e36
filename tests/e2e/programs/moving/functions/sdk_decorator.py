"""The X-Ray SDK, with functions that are captured."""

from typing import Any

from aws_xray_sdk.core import xray_recorder


@xray_recorder.capture("store")  # type: ignore[untyped-decorator] # the X-Ray SDK is untyped
def store(event: dict[str, Any]) -> None:
    xray_recorder.put_annotation("id", event["id"])
    xray_recorder.put_metadata("event", event, "shop")


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    store(event)
    return {"statusCode": 201}
