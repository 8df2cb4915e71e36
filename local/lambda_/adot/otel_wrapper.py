"""The handler that runs instead of the function's own, which `ORIG_HANDLER` names.

It instruments the function's handler with the distribution's own instrumentation and calls it. In fast-start
mode nothing is set up yet when this is imported, so the distribution's lite SDK is started first.
"""

from __future__ import annotations

import importlib
import os
from typing import Any


def _resolve() -> Any:
    path = os.environ["ORIG_HANDLER"]
    module_name, _, function_name = path.rpartition(".")
    if not module_name:
        raise ValueError(f"Bad handler {path!r}: expected <module>.<function>")
    module_name = module_name.replace("/", ".")
    os.environ["_HANDLER"] = f"{module_name}.{function_name}"
    return module_name, function_name


def _start_lite_sdk() -> None:
    from amazon.opentelemetry.distro.opentelemetry_lite_sdk import (  # type: ignore[import-not-found] # noqa: PLC0415 - only in the layer, and only in this mode
        configure_lite_mode,
    )

    configure_lite_mode()


def _instrumented_handler() -> Any:
    module_name, function_name = _resolve()
    if os.environ.get("OTEL_AWS_LAMBDA_FAST_START") == "true":
        _start_lite_sdk()
    from opentelemetry.instrumentation.aws_lambda import AwsLambdaInstrumentor  # noqa: PLC0415

    AwsLambdaInstrumentor().instrument()
    return getattr(importlib.import_module(module_name), function_name)


lambda_handler = _instrumented_handler()
