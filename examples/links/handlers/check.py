"""Tells whether a link may be published."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from opentelemetry import trace

from tracing import annotate, capture_lambda_handler

BLOCKED = {"example.net"}

tracer = trace.get_tracer(__name__)


@capture_lambda_handler
def handler(link: dict[str, Any], _context: Any) -> dict[str, Any]:
    with tracer.start_as_current_span("CheckLink"):
        parts = urlsplit(link["url"])
        safe = parts.scheme == "https" and parts.hostname not in BLOCKED
        annotate("safe", safe)
        return {"id": link["id"], "safe": safe}
