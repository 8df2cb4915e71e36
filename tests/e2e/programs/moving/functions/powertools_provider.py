"""Powertools Tracer, with the provider behind it."""

from typing import Any

from aws_lambda_powertools import Tracer

tracer = Tracer(service="shop")


@tracer.capture_lambda_handler(capture_response=False)  # type: ignore[untyped-decorator] # not installed
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    with tracer.provider.in_subsegment("store") as subsegment:
        subsegment.put_annotation(key="id", value=event["id"])
        subsegment.put_metadata(key="event", value=event, namespace="shop")
    return {"statusCode": 201}
