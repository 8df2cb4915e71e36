"""Invokes a function, as part of a trace of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from waterfall.traces.client import ReadError, Source, client, readable


@dataclass(frozen=True, slots=True)
class InvocationAnswer:
    """What a function answered; `failure` is Lambda's word for it: `Unhandled`, or `None`."""

    function: str
    payload: str
    failure: str | None


def invoke(source: Source, function: str, event: bytes, header: str) -> InvocationAnswer:
    """Invoke a function by its name, its ARN or its name in the program; raises ReadError.

    `header` is its tracing header.
    """
    lambda_ = client(source, "lambda")
    lambda_.meta.events.register(
        "before-sign.lambda.Invoke",
        lambda request, **_: request.headers.add_header("X-Amzn-Trace-Id", header),
    )
    with readable(source, "Lambda"):
        name = _named(lambda_, function)
        answer = lambda_.invoke(FunctionName=name, Payload=event)
        payload = answer["Payload"].read().decode("utf-8", "replace")
    return InvocationAnswer(name, payload, answer.get("FunctionError"))


def arn_of(source: Source, function: str) -> str:
    """Return the ARN of a function that is named as in `invoke`; raises ReadError."""
    lambda_ = client(source, "lambda")
    with readable(source, "Lambda"):
        told = lambda_.get_function_configuration(FunctionName=_named(lambda_, function))
    return str(told["FunctionArn"])


def functions(source: Source) -> list[str]:
    """Return the names of all functions; raises ReadError."""
    with readable(source, "Lambda"):
        return sorted(_names(client(source, "lambda")))


def _names(lambda_: Any) -> list[str]:
    pages = lambda_.get_paginator("list_functions").paginate()
    return [str(each["FunctionName"]) for page in pages for each in page["Functions"]]


def _named(lambda_: Any, wanted: str) -> str:
    """Return a function's name; Pulumi adds `-` and seven hexadecimal digits to that in the program."""
    names = _names(lambda_)
    if wanted in names or ":" in wanted:
        return wanted
    found = [
        name
        for name in names
        if wanted and (name.rpartition("-")[0] == wanted or name.endswith(f"-{wanted}"))
    ]
    if len(found) != 1:
        raise ReadError(f"there is no function {wanted!r}: there are {', '.join(sorted(names)) or 'none'}")
    return found[0]
