"""While somebody stands at a line, no time limit passes, and afterwards it does."""

from __future__ import annotations

import asyncio
import time

import pytest

from embedded_aws.debugging.standstill import Place, Standstill


class Time:
    """A clock in the test's hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_limit_does_not_pass_while_somebody_stands_and_does_afterwards() -> None:
    """It has as much left as it had, also one that was set meanwhile."""

    async def stand() -> tuple[bool, bool]:
        still, late = Standstill(time.time), []

        async def limited() -> None:
            try:
                async with still.timeout(0.02):
                    await asyncio.Event().wait()
            except TimeoutError:
                late.append(time.monotonic())

        before = asyncio.create_task(limited())
        await asyncio.sleep(0)
        still.begin("front", "breakpoint")
        during = asyncio.create_task(limited())
        await asyncio.sleep(0.1)
        waited = not late
        still.end("front")
        await asyncio.gather(before, during)
        return waited, len(late) == 2

    assert asyncio.run(stand()) == (True, True)


def test_a_limit_passes_when_nobody_stands() -> None:
    async def limited() -> None:
        async with Standstill(time.time).timeout(0.01):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        asyncio.run(limited())


def test_a_pause_is_remembered_for_its_function_alone_with_the_first_place() -> None:
    async def stand() -> None:
        clock = Time()
        still, place = Standstill(clock), Place("/app/worker.py", 26, "handler")
        still.begin("worker", "breakpoint")
        still.at("worker", place)
        still.at("worker", Place("/app/caller.py", 1, "caller"))
        clock.now += 5
        assert still.total() == 5
        still.end("worker")
        clock.now += 1
        (pause,) = still.pauses("worker", 0, clock.now)
        assert (pause.start, pause.end, pause.place) == (1000, 1005, place)
        assert still.pauses("front", 0, clock.now) == []
        assert still.pauses("worker", 1005, clock.now) == []
        assert still.total() == 5

    asyncio.run(stand())


def test_steps_from_line_to_line_are_one_pause() -> None:
    async def stand() -> None:
        clock = Time()
        still = Standstill(clock)
        for _ in range(3):
            still.begin("front", "step")
            clock.now += 1
            still.end("front")
            clock.now += 0.01
        (pause,) = still.pauses("front", 0, 2000)
        assert (pause.start, pause.end) == pytest.approx((1000, 1003.02))

    asyncio.run(stand())


def test_a_breakpoint_right_after_attaching_is_a_pause_of_its_own() -> None:
    """Whoever stood there did not only attach."""

    async def stand() -> None:
        clock = Time()
        still = Standstill(clock)
        for reason in ("attach", "breakpoint"):
            still.begin("front", reason)
            clock.now += 1
            still.end("front")
            clock.now += 0.01
        assert [pause.reason for pause in still.pauses("front", 0, 2000)] == ["attach", "breakpoint"]

    asyncio.run(stand())


def test_what_has_a_time_of_its_own_is_put_off_by_as_much_as_somebody_stood() -> None:
    async def stand() -> None:
        clock, told = Time(), list[float]()
        still = Standstill(clock)
        still.keep_waiting.append(told.append)
        still.begin("front", "breakpoint")
        await asyncio.sleep(0)
        clock.now += 0.2
        still.end("front")
        await asyncio.sleep(0)
        assert sum(told) == pytest.approx(0.2)

    asyncio.run(stand())
