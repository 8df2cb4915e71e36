"""Answers an HTTP request after one span, and says in its log that it ran."""

import logging
from typing import Any

from opentelemetry import trace

from tracing import capture_lambda_handler

logger = logging.getLogger(__name__)
tracer = trace.get_tracer(__name__)


@capture_lambda_handler
def handler(event: object, _context: object) -> dict[str, Any]:
    with tracer.start_as_current_span("work"):
        logger.warning("the handler ran")
    return {"statusCode": 200, "body": "done"}
