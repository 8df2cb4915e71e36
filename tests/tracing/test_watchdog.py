"""The watchdog."""

from __future__ import annotations

import threading

import pytest

from tracing._runtime import Watchdog, margin


@pytest.mark.parametrize(("remaining", "expected"), [(0.1, 0.05), (3.0, 0.3), (900.0, 0.5)])
def test_margin(remaining: float, expected: float) -> None:
    """A tenth of the time left, at least 50 ms, at most half a second."""
    assert margin(remaining) == pytest.approx(expected)


def test_rings_the_due_one() -> None:
    """It rings for the invocation whose deadline is near, and not for one that is over."""
    rung: list[int] = []
    done = threading.Event()
    watchdog = Watchdog(lambda key: (rung.append(key), done.set()))
    watchdog.watch(1, 60)
    watchdog.watch(2, 0.06)
    watchdog.forget(1)
    assert done.wait(timeout=10)
    assert rung == [2]


def test_one_thread() -> None:
    """Many invocations need one thread."""
    watchdog = Watchdog(lambda _: None)
    before = threading.active_count()
    for key in range(100):
        watchdog.watch(key, 60)
        watchdog.forget(key)
    assert threading.active_count() == before + 1
