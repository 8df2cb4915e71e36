"""What handlers call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def capture_lambda_handler(handler: Callable[P, R]) -> Callable[P, R]:
    """Decorate the Lambda handler: one span for the invocation, sent before the response leaves."""
    return handler


def capture_method(method: Callable[P, R]) -> Callable[P, R]:
    """Decorate a function or coroutine function: one span for each call, named like it."""
    return method


def annotate(key: str, value: str | float | bool) -> None:  # noqa: FBT001 - a value, not a switch
    """Annotate the current span: indexed, searched with `annotation.key = value`."""
    del key, value


def add_metadata(key: str, value: Any, namespace: str = "default") -> None:
    """Add anything that JSON can say to the current span; shown with the trace, not indexed."""
    del key, value, namespace


def carry_context(function: Callable[P, R]) -> Callable[P, R]:
    """Return `function` bound to the current span, for executors and threads."""
    return function
