"""Rings shortly before an invocation's deadline: a timed-out function is killed without a word."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

_SHARE = 0.1
_MARGIN = (0.05, 0.5)


def margin(remaining: float) -> float:
    """Seconds before the deadline at which to ring."""
    return min(max(remaining * _SHARE, _MARGIN[0]), _MARGIN[1])


class Watchdog:
    """One daemon thread, started by the first invocation; later ones only write their time down.

    The thread sleeps until the earliest time that it knows of when it goes to sleep; as later invocations
    ring later, it need not be woken for them.
    """

    def __init__(self, ring: Callable[[int], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._ring = ring
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        """Start anew, in a forked process."""
        self._wake = threading.Condition()
        self._times: dict[int, float] = {}
        self._asleep_until: float | None = None
        self._thread: threading.Thread | None = None

    def watch(self, key: int, remaining: float) -> None:
        """Ring with `key` shortly before `remaining` seconds have passed."""
        at = self._clock() + remaining - margin(remaining)
        with self._wake:
            self._times[key] = at
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="tracing-watchdog", daemon=True)
                self._thread.start()
            elif self._asleep_until is None or at < self._asleep_until:
                self._wake.notify()

    def forget(self, key: int) -> None:
        self._times.pop(key, None)

    def _run(self) -> None:
        while True:
            for key in self._due():
                self._ring(key)

    def _due(self) -> list[int]:
        with self._wake:
            now = self._clock()
            due = [key for key, at in list(self._times.items()) if at <= now]
            for key in due:
                self.forget(key)
            if not due:
                self._asleep_until = min(list(self._times.values()), default=None)
                timeout = None if self._asleep_until is None else self._asleep_until - now
                self._wake.wait(timeout)
            return due
