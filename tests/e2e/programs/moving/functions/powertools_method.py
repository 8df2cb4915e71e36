"""Powertools Tracer, with methods that are captured."""

from typing import Any

from aws_lambda_powertools import Tracer

tracer = Tracer(service="shop")


@tracer.capture_method(capture_response=False)  # type: ignore[untyped-decorator] # not installed here
def store(event: dict[str, Any]) -> None:
    tracer.put_annotation("id", event["id"])
    tracer.put_metadata("event", event)


@tracer.capture_lambda_handler  # type: ignore[untyped-decorator] # not installed here
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    store(event)
    return {"statusCode": 201}
