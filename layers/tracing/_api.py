"""What handlers call."""

from __future__ import annotations

import contextvars
import functools
import logging
from collections.abc import Callable
from types import FunctionType
from typing import Any, ParamSpec, TypeVar, cast

from tracing import _setup
from tracing._safely import safely, unseen

log = logging.getLogger("tracing")

P = ParamSpec("P")
R = TypeVar("R")

_COROUTINE = 0x80  # flags of code objects, as `inspect.CO_COROUTINE` and so on name them
_GENERATOR = 0x20
_ASYNC_GENERATOR = 0x200


def capture_lambda_handler(handler: Callable[P, R]) -> Callable[P, R]:
    """Decorate the Lambda handler: one span for the invocation, sent before the response leaves.

    What the handler raises is recorded and raised on unchanged. A returned `statusCode` of 5xx marks a
    fault, 4xx an error, 429 a throttle. Raises TypeError for `async def`: Lambda does not await handlers.
    """
    if _is(handler, _COROUTINE):
        raise TypeError(
            f"{handler.__qualname__} is 'async def', which Lambda does not await; "
            "make it 'def' and call asyncio.run(...) inside"
        )
    runtime = _setup.configure()
    if runtime is None:
        return handler

    @functools.wraps(handler)
    def traced(*args: P.args, **kwargs: P.kwargs) -> R:
        with unseen:
            return runtime.invoke(handler, args, kwargs)

    return traced


def capture_method(method: Callable[P, R]) -> Callable[P, R]:
    """Decorate a function or coroutine function: one span for each call, named like it.

    Raises TypeError for generator functions: they return before their work is done.
    """
    if _is(method, _GENERATOR) or _is(method, _ASYNC_GENERATOR):
        raise TypeError(
            f"{method.__qualname__} is a generator function; open a span around the loop that uses it, "
            "or decorate a function that returns a list"
        )
    if not _setup.has_api():
        return method
    from opentelemetry import trace  # noqa: PLC0415 - may be absent where tracing is off

    from tracing._exceptions import CurrentSpan  # noqa: PLC0415

    tracer = trace.get_tracer("tracing")
    start = functools.partial(tracer.start_span, method.__qualname__.replace("<locals>.", ""))
    if _is(method, _COROUTINE):

        @functools.wraps(method)
        async def traced_coroutine(*args: P.args, **kwargs: P.kwargs) -> Any:
            with unseen, CurrentSpan(start):
                return await cast("Any", method)(*args, **kwargs)

        return cast("Callable[P, R]", traced_coroutine)

    @functools.wraps(method)
    def traced(*args: P.args, **kwargs: P.kwargs) -> R:
        with unseen, CurrentSpan(start):
            return method(*args, **kwargs)

    return traced


def annotate(key: str, value: str | float | bool) -> None:  # noqa: FBT001 - a value, not a switch
    """Annotate the current span: indexed, found with `annotation.key = value`.

    X-Ray allows letters, digits and `_` in keys; other characters become `_`. It indexes 50 annotations;
    the rest of a span's go to its metadata.
    """
    with safely("annotating a span"):
        span = _current_span()
        if span is None:
            return
        from tracing import _span  # noqa: PLC0415 - not needed where tracing is off

        if not isinstance(value, bool | int | float | str):
            log.warning(
                "annotate(%r): %s is no str, number or bool; use add_metadata", key, type(value).__name__
            )
            return
        clean = _span.annotation_key(key)
        listed = _span.copied(getattr(span, "attributes", None)).get(_span.ANNOTATIONS, ())
        if clean in listed:
            span.set_attribute(clean, value)
            return
        if len(listed) == _span.MAX_ANNOTATIONS:
            log.warning("annotate(%r): a span has at most %d annotations", key, _span.MAX_ANNOTATIONS)
        span.set_attributes({_span.ANNOTATIONS: [*listed, clean], clean: value})


def add_metadata(key: str, value: Any, namespace: str = "default") -> None:
    """Add anything that JSON can say to the current span; shown with the trace, not indexed."""
    with safely("adding metadata to a span"):
        span = _current_span()
        if span is None:
            return
        if namespace.startswith("AWS."):
            log.warning(
                "add_metadata(%r): namespaces that start with AWS. are reserved; got %r", key, namespace
            )
            return
        from tracing import _span  # noqa: PLC0415 - not needed where tracing is off

        attribute = _span.METADATA + namespace
        known = _span.namespace_of(_span.copied(getattr(span, "attributes", None)).get(attribute))
        span.set_attribute(attribute, _span.Namespace.of({**(known or {}), key: _span.plain(value)}))


def carry_context(function: Callable[P, R]) -> Callable[P, R]:
    """Return `function` bound to the current span, for executors and threads.

    `pool.submit(carry_context(work), item)`; the result may be called many times and at once.
    """
    context = contextvars.copy_context()

    @functools.wraps(function)
    def carried(*args: P.args, **kwargs: P.kwargs) -> R:
        with unseen:
            return context.copy().run(function, *args, **kwargs)

    return carried


def _is(function: Callable[..., Any], flag: int) -> bool:
    """Whether it is a coroutine function, or a generator function of either kind."""
    if type(function) is FunctionType and not function.__dict__:
        return bool(function.__code__.co_flags & flag)
    import inspect  # noqa: PLC0415 - costs a cold start, and plain functions tell it themselves

    kinds = {
        _COROUTINE: inspect.iscoroutinefunction,
        _GENERATOR: inspect.isgeneratorfunction,
        _ASYNC_GENERATOR: inspect.isasyncgenfunction,
    }
    return kinds[flag](function)


def _current_span() -> Any:
    """The current span if it records, else `None`."""
    if not _setup.has_api():
        return None
    from opentelemetry import trace  # noqa: PLC0415 - may be absent where tracing is off

    span = trace.get_current_span()
    return span if span.is_recording() else None
