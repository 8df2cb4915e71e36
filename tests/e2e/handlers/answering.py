"""Answers after as much work as it is asked for; for ever, if that is all there is."""

from typing import Any

from opentelemetry import trace

from tracing import capture_lambda_handler

tracer = trace.get_tracer(__name__)


@capture_lambda_handler
def handler(event: dict[str, Any], _context: object) -> int:
    with tracer.start_as_current_span("work"):
        number = int(event.get("number", 0))
        if "Records" in event:
            number = len(event["Records"])
        while number < 0:
            pass
    return number + 1
