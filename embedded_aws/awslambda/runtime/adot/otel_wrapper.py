"""The handler that runs instead of the function's own, which `ORIG_HANDLER` names.

It instruments the function's handler with the distribution's own instrumentation and calls it.

As the managed layer does, and unlike the instrumentation left alone, the context that Lambda gives wins over
the event's headers, and the span is named `<module>.<function>`.
"""

from __future__ import annotations

import functools
import importlib
import os
from typing import Any

from opentelemetry import propagate, trace
from opentelemetry.instrumentation.aws_lambda import AwsLambdaInstrumentor
from opentelemetry.propagators.aws import AwsXRayPropagator

_HEADER = "X-Amzn-Trace-Id"


def _handler_path() -> tuple[str, str]:
    path = os.environ["ORIG_HANDLER"]
    module, dot, function = path.replace("/", ".").rpartition(".")
    if not dot or not module or not function:
        raise ValueError(f"Bad handler {path!r}: expected <module>.<function>")
    return module, function


def _parent_context(event: Any) -> Any:
    headers = event.get("headers") if isinstance(event, dict) else None
    carrier = {name.lower(): value for name, value in headers.items()} if isinstance(headers, dict) else {}
    context = propagate.extract(carrier)
    return AwsXRayPropagator().extract({_HEADER: os.environ.get("_X_AMZN_TRACE_ID", "")}, context)


def _named(handler: Any, name: str) -> Any:
    @functools.wraps(handler)
    def call(event: Any, context: Any) -> Any:
        trace.get_current_span().update_name(name)
        return handler(event, context)

    return call


def _instrumented_handler() -> Any:
    module_name, function_name = _handler_path()
    module = importlib.import_module(module_name)
    setattr(module, function_name, _named(getattr(module, function_name), f"{module_name}.{function_name}"))
    AwsLambdaInstrumentor().instrument(event_context_extractor=_parent_context)
    return getattr(module, function_name)


lambda_handler = _instrumented_handler()
