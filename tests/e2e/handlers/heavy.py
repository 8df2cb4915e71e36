"""Makes more spans, larger attributes or more delay than fits."""

import time
from typing import Any

from opentelemetry import trace

from tracing import add_metadata, capture_lambda_handler

tracer = trace.get_tracer(__name__)


@capture_lambda_handler
def handler(event: dict[str, Any], _context: object) -> str:
    for number in range(event.get("spans", 0)):
        with tracer.start_as_current_span(f"span {number}"):
            pass
    if size := event.get("bytes", 0):
        with tracer.start_as_current_span("large"):
            add_metadata("blob", "x" * size)
            add_metadata("small", "kept")
    with tracer.start_as_current_span("wait"):
        time.sleep(event.get("seconds", 0))
    return "done"
