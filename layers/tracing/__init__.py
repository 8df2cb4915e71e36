"""Tracing for Lambda handlers: the OpenTelemetry API in front, either SDK behind it.

Importing this package sets tracing up once, as the environment says: `TRACING_MODE` (`otel`, `native`,
`off`) chooses the SDK, `TRACING_EXPORT` (`xray`, `otlp`) the way out. Nothing here ever raises into the
handler or changes what it returns; where tracing is off or unsampled, every function does nothing.
"""

from __future__ import annotations

from tracing import _api, _setup

__all__ = ["add_metadata", "annotate", "capture_lambda_handler", "capture_method", "carry_context"]

add_metadata = _api.add_metadata
annotate = _api.annotate
capture_lambda_handler = _api.capture_lambda_handler
capture_method = _api.capture_method
carry_context = _api.carry_context

_setup.configure()
