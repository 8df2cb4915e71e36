"""A fault for one function at once, on the embedded AWS alone; and what AWS FIS needs in a function."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from waterfall.traces.arguments import span
from waterfall.traces.client import ReadError, Source, client, readable

_ROLE = "arn:aws:iam::123456789012:role/fault"
_STATUS = re.compile(r"[1-5]\d\d")
_LOCATION, _WRAPPER, _BOOTSTRAP = (
    "AWS_FIS_CONFIGURATION_LOCATION",
    "AWS_LAMBDA_EXEC_WRAPPER",
    "/opt/aws-fis/bootstrap",
)
_LAYER = re.compile(r":layer:[\w-]*fis-extension-", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Fault:
    """What a function is to suffer: `kind` is one of `delay`, `error` and `status`."""

    kind: str
    action: str
    parameters: Mapping[str, str] = field(default_factory=dict)


def read_fault(text: str) -> Fault:
    """Read `delay 500ms`, `error` or `status 503`; raises ValueError for anything else."""
    kind, _, value = text.strip().partition(" ")
    if kind == "delay" and value:
        milliseconds = {"startupDelayMilliseconds": f"{span(value) * 1000:.0f}"}
        return Fault(kind, "aws:lambda:invocation-add-delay", milliseconds)
    if kind == "error" and not value:
        return Fault(kind, "aws:lambda:invocation-error", {"preventExecution": "true"})
    if kind == "status" and _STATUS.fullmatch(value):
        parameters = {
            "statusCode": value,
            "contentTypeHeader": "application/json",
            "preventExecution": "true",
        }
        return Fault(kind, "aws:lambda:invocation-http-integration-response", parameters)
    raise ValueError(f"{text!r} is not a fault: give `delay 500ms`, `error` or `status 503`")


def template_of(name: str, arn: str, fault: Fault, percentage: int, seconds: float) -> dict[str, Any]:
    """Return the request that makes a template of a fault; `percentage` of the calls meet it."""
    return {
        "clientToken": str(uuid.uuid4()),
        "description": name,
        "roleArn": _ROLE,
        "stopConditions": [{"source": "none"}],
        "targets": {
            "function": {
                "resourceType": "aws:lambda:function",
                "resourceArns": [arn],
                "selectionMode": "ALL",
            }
        },
        "actions": {
            fault.kind: {
                "actionId": fault.action,
                "parameters": {
                    "duration": f"PT{seconds:.0f}S",
                    "invocationPercentage": str(percentage),
                    **fault.parameters,
                },
                "targets": {"Functions": "function"},
            }
        },
        "tags": {"Name": name},
    }


def notes_of(source: Source, functions: Iterable[str]) -> Iterator[str]:
    """Yield a sentence for each function that can be read and lacks what AWS FIS needs in it.

    https://docs.aws.amazon.com/fis/latest/userguide/use-lambda-actions.html
    """
    for name in functions:
        try:
            with readable(source, "Lambda"):
                told = client(source, "lambda").get_function_configuration(FunctionName=name)
        except ReadError:
            continue  # the fault is there all the same
        needs = list(_needs(told))
        if needs:
            where = "" if source.aws else "On AWS "
            yield (
                f"{where}{name} meets no fault: it needs {' and '.join(needs)} "
                "(docs.aws.amazon.com/fis/latest/userguide/use-lambda-actions.html)."
            )


def _needs(configuration: Mapping[str, Any]) -> Iterator[str]:
    variables = configuration.get("Environment", {}).get("Variables", {})
    if not any(_LAYER.search(layer["Arn"]) for layer in configuration.get("Layers", ())):
        yield "the layer of the FIS extension"
    if _LOCATION not in variables:
        yield f"the variable {_LOCATION}"
    wrapper = variables.get(_WRAPPER)
    # with the location beside it, a script of another name may well start the extension too
    if wrapper != _BOOTSTRAP and not (wrapper and _LOCATION in variables):
        instead = f" instead of {wrapper}" if wrapper else ""
        yield f"{_WRAPPER}={_BOOTSTRAP}{instead}"
