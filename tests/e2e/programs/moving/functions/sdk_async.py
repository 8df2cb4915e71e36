"""The X-Ray SDK, with coroutines that are captured."""

import asyncio
from typing import Any

from aws_xray_sdk.core import xray_recorder


@xray_recorder.capture_async("store")  # type: ignore[untyped-decorator] # the X-Ray SDK is untyped
async def store(event: dict[str, Any]) -> None:
    subsegment = xray_recorder.current_subsegment()
    subsegment.put_annotation("id", event["id"])
    subsegment.put_metadata("event", event, "shop")


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    asyncio.run(store(event))
    return {"statusCode": 201}
