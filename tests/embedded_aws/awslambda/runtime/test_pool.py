"""Who gets which execution environment when many want one at once."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import pytest

from embedded_aws.aws.errors import ThrottledError
from embedded_aws.aws.interfaces import InvokeRequest, InvokeResult, LogStream
from embedded_aws.awslambda.catalog import Function
from embedded_aws.awslambda.logging_config import LoggingConfig
from embedded_aws.awslambda.runtime.environment import Environment, Launch
from embedded_aws.awslambda.runtime.logs import StreamLog
from embedded_aws.awslambda.runtime.pool import Pool
from embedded_aws.logs.service import Logs
from embedded_aws.logs.store import Store
from tests.embedded_aws.awslambda.harness import Stack

PID = "import os\ndef handler(event, context): return os.getpid()"
CROWD = 40


def function(name: str, reserved: int | None = None) -> Function:
    arn = f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
    return Function(
        name, arn, arn, "$LATEST", "app.handler", "python3.13", b"", name, reserved_concurrency=reserved
    )


def pool(starts_at_once: int, *alone: str) -> Pool:
    def launch() -> Launch:
        return Launch([], {}, Path(), Path())

    stream = LogStream("us-east-1", "group", "stream")
    log = StreamLog(Logs(Store(None), time.time), stream, LoggingConfig("group"), time.time)

    def create(_: Function) -> Environment:
        return Environment(launch, time.time, log)

    return Pool(create, starts_at_once=starts_at_once, alone=lambda name: name in alone)


async def settle() -> None:
    """Let every task go on until it waits."""
    for _ in range(10):
        await asyncio.sleep(0)


def crowd(stack: Stack, name: str, count: int) -> list[InvokeResult]:
    async def invoke_all() -> list[InvokeResult]:
        return await asyncio.gather(*(stack.service.invoke(InvokeRequest(name, b"{}")) for _ in range(count)))

    results: list[InvokeResult] = stack.call(invoke_all())
    return results


def test_a_crowd_is_served_by_the_environments_that_are_up_first(stack: Stack) -> None:
    """Many invocations at once of a new function all succeed, in fewer environments than invocations."""
    results = crowd(stack, stack.deploy(PID), CROWD)
    assert [result.function_error for result in results] == [None] * CROWD
    assert len({json.loads(result.payload) for result in results}) < CROWD


def test_invocations_in_line_count_as_concurrent(stack: Stack) -> None:
    """Reserved concurrency limits what runs and what waits together; the rest is throttled."""
    name = stack.deploy(PID)
    stack.client("lambda").put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=3)
    statuses = [result.status for result in crowd(stack, name, 8)]
    assert sorted(statuses) == [200] * 3 + [429] * 5


def test_the_next_starts_when_one_is_up() -> None:
    """No more environments start at once than allowed; the next start begins when one has ended."""

    async def scenario() -> None:
        starting = pool(1)
        first, cold = await starting.acquire(function("a"))
        assert cold
        second = asyncio.create_task(starting.acquire(function("a")))
        await settle()
        assert not second.done()
        starting.started(first)
        await settle()
        assert second.done()
        await starting.close()

    asyncio.run(scenario())


def test_a_failed_start_lets_the_next_one_begin() -> None:
    """An environment that is discarded before it was up holds nobody back."""

    async def scenario() -> None:
        starting = pool(1)
        first, _ = await starting.acquire(function("a"))
        second = asyncio.create_task(starting.acquire(function("a")))
        await settle()
        starting.discard("a", first)
        await settle()
        assert second.done()
        await starting.close()

    asyncio.run(scenario())


def test_the_function_with_the_fewest_environments_starts_first() -> None:
    """A function that others wait for is not held up by the line of its callers."""

    async def scenario() -> None:
        starting = pool(1)
        first, _ = await starting.acquire(function("caller"))
        callers = [asyncio.create_task(starting.acquire(function("caller"))) for _ in range(3)]
        await settle()
        called = asyncio.create_task(starting.acquire(function("called")))
        await settle()
        starting.started(first)
        await settle()
        assert called.done()
        assert not any(caller.done() for caller in callers)
        await starting.close()
        refused = await asyncio.gather(*callers, return_exceptions=True)
        assert all(isinstance(error, ThrottledError) for error in refused)

    asyncio.run(scenario())


def test_a_closed_pool_gives_nothing() -> None:
    """After closing, an invocation is refused and no environment is made."""

    async def scenario() -> None:
        closed = pool(1)
        await closed.close()
        with pytest.raises(ThrottledError):
            await closed.acquire(function("a"))

    asyncio.run(scenario())


def test_a_function_that_is_debugged_has_one_environment_and_others_as_many_as_they_need() -> None:
    """Who comes second waits for it, and gets one of its own when the first is gone."""

    async def scenario() -> None:
        starting = pool(10, "debugged")
        first, _ = await starting.acquire(function("debugged"))
        second = asyncio.create_task(starting.acquire(function("debugged")))
        others = [asyncio.create_task(starting.acquire(function("a"))) for _ in range(2)]
        await settle()
        assert not second.done()
        assert all(other.done() for other in others)
        starting.discard("debugged", first)
        await settle()
        assert second.done()
        await starting.close()

    asyncio.run(scenario())


def test_who_waits_for_an_environment_that_died_gets_one() -> None:
    """Also when it died after its run: it is released, and nobody takes it."""

    async def scenario() -> None:
        starting = pool(10, "debugged")
        dead, _ = await starting.acquire(function("debugged"))
        waiting = asyncio.create_task(starting.acquire(function("debugged")))
        await settle()
        starting.started(dead)
        starting.release("debugged", dead)
        await settle()
        assert waiting.done()
        await starting.close()

    asyncio.run(scenario())
