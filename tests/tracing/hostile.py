"""Raises exceptions that refuse to be looked at; prints how they come out of code that traces, as JSON."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from opentelemetry import trace

import tracing

tracer = trace.get_tracer(__name__)
TRACEBACK = BaseException.__dict__["__traceback__"]


class RefusedError(Exception):
    """What the methods below raise in their turn."""

    __str__ = None  # type: ignore[assignment]


def refuse(*_: Any) -> Any:
    raise RefusedError


class OfText(str):
    __slots__ = ()
    __len__ = __iter__ = __eq__ = __hash__ = encode = partition = refuse  # type: ignore[assignment]


class Closed(type):
    __getattribute__ = refuse


def of(name: str, **members: Any) -> type[Exception]:
    """An exception class with these members."""
    return type(name, (Exception,), members)


def exits(_: Any) -> str:
    sys.exit(3)


def raises_itself(error: Any) -> str:
    raise error


KINDS: dict[str, Callable[[], Exception]] = {
    "nothing": of("Harmless"),
    "str raises": of("Hostile", __str__=refuse),
    "repr raises": of("Hostile", __repr__=refuse, __str__=Exception.__repr__),
    "str exits": of("Hostile", __str__=exits),
    "str raises the exception itself": of("Hostile", __str__=raises_itself),
    "str is no text": of("Hostile", __str__=lambda _: 5),
    "str is text of its own kind": of("Hostile", __str__=lambda _: OfText("text")),
    "format raises": of("Hostile", __format__=refuse),
    "args raise": of("Hostile", args=property(refuse)),
    "class raises": of("Hostile", __class__=property(refuse)),
    "traceback raises": of("Hostile", __traceback__=property(refuse), with_traceback=refuse),
    "cause raises": of("Hostile", __cause__=property(refuse), __context__=property(refuse)),
    "notes raise": of("Hostile", __notes__=property(refuse)),
    "every attribute raises": of("Hostile", __getattribute__=refuse),
    "no attribute can be set": of("Hostile", __setattr__=refuse),
    "comparing and hashing raise": of("Hostile", __eq__=refuse, __hash__=refuse, __bool__=refuse),
    "module is no text": of("Hostile", __module__=5),
    "every attribute of the class raises": Closed("Hostile", (Exception,), {}),
}


def in_a_circle() -> Exception:
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    return first


KINDS["is its own cause"] = in_a_circle


def thrown(error: Exception) -> None:
    raise error


def in_spans(error: Exception) -> None:
    with tracer.start_as_current_span("outer"), tracer.start_as_current_span("inner"):
        thrown(error)


def in_plain_spans(error: Exception) -> None:
    with tracer.start_span("outer"), trace.use_span(tracer.start_span("inner"), end_on_exit=True):
        thrown(error)


def recorded(error: Exception) -> None:
    try:
        thrown(error)
    except Exception as found:
        trace.get_current_span().record_exception(found)
        raise


captured = tracing.capture_method(thrown)


@tracing.capture_method
async def later(error: Exception) -> None:
    thrown(error)


@tracer.start_as_current_span("decorated")
def decorated(error: Exception) -> None:
    thrown(error)


def in_a_coroutine(error: Exception) -> None:
    with suppress(StopIteration):  # by hand: asyncio itself looks into exceptions
        later(error).send(None)


WAYS = {
    "handler": thrown,
    "span": in_spans,
    "plain span": in_plain_spans,
    "record_exception": recorded,
    "capture_method": captured,
    "coroutine": in_a_coroutine,
    "decorator": decorated,
}


@tracing.capture_lambda_handler
def handler(event: Any, context: Any) -> None:
    way, error = event
    way(error)


def frames(trace: Any) -> list[str]:
    return [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(trace)]


def outcome(way: Any, error: Exception) -> Any:
    """Whether the very exception came out, and with which frames."""
    try:
        handler((way, error), None)
    except BaseException as found:  # noqa: BLE001 - told to the test
        return [found is error, frames(TRACEBACK.__get__(found))]
    return "nothing was raised"


os.environ["_X_AMZN_TRACE_ID"] = os.environ.get("HEADER", "")
found = {way: {kind: outcome(WAYS[way], make()) for kind, make in KINDS.items()} for way in WAYS}
sys.stdout.write(json.dumps(found))
