"""The constructs of Powertools Tracer: what each becomes, and why some are left to people.

https://docs.aws.amazon.com/powertools/python/latest/core/tracer/
"""

from __future__ import annotations

PACKAGE = "aws_lambda_powertools"
CLASSES = frozenset({f"{PACKAGE}.Tracer", f"{PACKAGE}.tracing.Tracer", f"{PACKAGE}.tracing.tracer.Tracer"})
TRACER = f"{PACKAGE}:tracer"
"""Stands for an object of the class in resolved names: `aws_lambda_powertools:tracer.put_annotation`."""

DECORATORS = frozenset({"capture_lambda_handler", "capture_method"})
DECORATOR_ARGUMENTS = frozenset({"capture_response", "capture_error"})
"""Both decide about metadata only, which `tracing` never writes: the exception itself is always recorded."""

REASONS = {
    "aiohttp_trace_config": "`tracing` does not record aiohttp: use OpenTelemetry's instrumentation of it",
    "capture_lambda_handler": "it does not decorate a plain `def`, or takes arguments that are not known",
    "capture_method": "it does not decorate a function, or takes arguments that are not known",
    "ignore_endpoint": "`tracing` records every call: drop it, or sample less",
    "patch": "`tracing` records boto3, requests, urllib3 and httpx by itself",
}
MIDDLEWARE = "middleware_factory.lambda_handler_decorator"
TRACE_EXECUTION = "it opens a subsegment of the X-Ray SDK: drop it, and open a span in the middleware"
GENERATOR = "a generator returns before its work is done: open a span around the loop that uses it"
HANDED_ON = "the object is handed on, or its definition is not the only one"


def why_left(name: str) -> str:
    return REASONS.get(name.rpartition(".")[2], HANDED_ON)


def is_tracing(name: str) -> bool:
    """Whether a resolved name is of Tracer; the package has much else."""
    return name in CLASSES or name.startswith((TRACER, f"{PACKAGE}.tracing"))
