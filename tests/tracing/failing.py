"""Handlers that raise; undecorated where the environment says `UNDECORATED`."""

from __future__ import annotations

import asyncio
import functools
import os
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any, Protocol, TypeVar, cast

import boto3
import httpx
import requests
import urllib3
from botocore.config import Config
from opentelemetry import trace

import tracing

F = TypeVar("F")

NOBODY = "http://127.0.0.1:9/"


def _as_it_is(function: Any) -> Any:
    return function


class Decorator(Protocol):
    """Gives back what it is given, as far as types go."""

    def __call__(self, function: F, /) -> F: ...


handler = cast("Decorator", tracing.capture_lambda_handler)
method = cast("Decorator", tracing.capture_method)
carried = cast("Decorator", tracing.carry_context)
if "UNDECORATED" in os.environ:
    handler = method = carried = _as_it_is

tracer = trace.get_tracer(__name__)
once = Config(retries={"total_max_attempts": 1})
dynamodb = boto3.client("dynamodb", config=once)
nobody = boto3.client("dynamodb", config=once, endpoint_url=NOBODY)
unsigned = boto3.client("dynamodb", config=once)
unsigned._request_signer._credentials = None  # as where none are found


@handler
def at_once(event: Any, context: Any) -> None:
    raise ValueError("no such order")


@handler
def with_other_parameters(event: Any) -> None:
    """Lambda calls handlers with two."""


class _Callable:
    def __call__(self, event: Any, context: Any) -> None:
        raise KeyError(event)


of_an_object = handler(_Callable())
of_a_partial = handler(functools.partial(lambda _order, event, _context: event.missing, 1))


@method
def _find(order: str) -> None:
    raise LookupError(order)


@method
def _find_again(order: str) -> None:
    try:
        _find(order)
    except LookupError as error:
        raise RuntimeError("cannot go on") from error


@method
async def _find_later(order: str) -> None:
    await asyncio.sleep(0)
    _find(order)


@handler
def in_a_method(event: Any, context: Any) -> None:
    _find("1")


@handler
def in_methods(event: Any, context: Any) -> None:
    _find_again("1")


@handler
def in_a_coroutine(event: Any, context: Any) -> None:
    asyncio.run(_find_later("1"))


@handler
def in_a_task(event: Any, context: Any) -> None:
    async def gathered() -> None:
        await asyncio.gather(_find_later("1"), asyncio.sleep(0))

    asyncio.run(gathered())


@handler
def in_a_span(event: Any, context: Any) -> None:
    with tracer.start_as_current_span("outer"), tracer.start_as_current_span("inner"):
        _find("1")


@tracer.start_as_current_span("decorated")
def _decorated() -> None:
    _find("1")


@tracer.start_as_current_span("decorated")
async def _decorated_coroutine() -> None:
    await _find_later("1")


@handler
def in_a_function_decorated_with_a_span(event: Any, context: Any) -> None:
    _decorated()


@handler
def in_a_coroutine_decorated_with_a_span(event: Any, context: Any) -> None:
    asyncio.run(_decorated_coroutine())


@handler
def in_a_plain_span(event: Any, context: Any) -> None:
    with tracer.start_span("outer"), trace.use_span(tracer.start_span("inner"), end_on_exit=True):
        _find("1")


@handler
def in_a_thread(event: Any, context: Any) -> None:
    with ThreadPoolExecutor(1) as pool:
        done, _ = wait([pool.submit(carried(_find), "1")])
        done.pop().result()


@handler
def in_another_handler(event: Any, context: Any) -> None:
    at_once(event, context)


@handler
def raised_again(event: Any, context: Any) -> None:
    try:
        _find("1")
    except LookupError:
        tracing.annotate("found", value=False)
        raise
    finally:
        event.clear()


@handler
def refused_by_aws(event: Any, context: Any) -> None:
    dynamodb.put_item(TableName="orders", Item={"id": {"S": "1"}})


@handler
def aws_out_of_reach(event: Any, context: Any) -> None:
    nobody.put_item(TableName="orders", Item={"id": {"S": "1"}})


@handler
def without_credentials(event: Any, context: Any) -> None:
    unsigned.put_item(TableName="orders", Item={"id": {"S": "1"}})


@handler
def with_requests(event: Any, context: Any) -> None:
    requests.get(NOBODY, timeout=5)


@handler
def with_urllib3(event: Any, context: Any) -> None:
    urllib3.PoolManager(retries=False).request("GET", NOBODY)


@handler
def with_httpx(event: Any, context: Any) -> None:
    httpx.get(NOBODY)


@handler
def with_httpx_async(event: Any, context: Any) -> None:
    async def get() -> None:
        async with httpx.AsyncClient() as client:
            await client.get(NOBODY)

    asyncio.run(get())
