"""Powertools Tracer, with coroutines."""

import asyncio
from typing import Any

from aws_lambda_powertools import Tracer

tracer = Tracer(service="shop")


@tracer.capture_method  # type: ignore[untyped-decorator] # not installed here
async def store(event: dict[str, Any]) -> None:
    async with tracer.provider.in_subsegment_async("write"):
        tracer.put_annotation(key="id", value=event["id"])
        tracer.put_metadata(key="event", value=event)


@tracer.capture_lambda_handler(capture_response=False)  # type: ignore[untyped-decorator] # not installed
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    asyncio.run(store(event))
    return {"statusCode": 201}
