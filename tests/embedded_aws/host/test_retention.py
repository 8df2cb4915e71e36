"""What is too old, and who lets go of it."""

from __future__ import annotations

import threading

import pytest

from embedded_aws.host.retention import DAY, MAX_AGE, Ages, CleanupThread, Limits

NOW = 1_790_000_000.0


class Time:
    """A clock, and the time that really passes."""

    def __init__(self) -> None:
        self.clock = NOW
        self.passed = 0.0

    def ages(self, newest: float | None) -> Ages:
        return Ages(newest, lambda: self.clock, lambda: self.passed)


def test_what_is_30_days_old_is_too_old() -> None:
    """With a clock that agrees with what is stored, its age counts to now."""
    assert Time().ages(NOW - 60).oldest() == NOW - MAX_AGE


def test_a_clock_that_starts_ahead_makes_nothing_old() -> None:
    """A start that is weeks after the newest thing counts one day of them."""
    time = Time()
    assert time.ages(NOW - 40 * DAY).oldest() == NOW - 39 * DAY - MAX_AGE


def test_a_clock_that_jumps_while_the_server_runs_makes_nothing_old() -> None:
    """What really passed counts, and a day."""
    time = Time()
    ages = time.ages(NOW)
    time.clock, time.passed = NOW + 60 * DAY, 3600.0
    assert ages.oldest() == NOW + DAY + 3600 - MAX_AGE


def test_a_clock_that_is_set_back_makes_nothing_old() -> None:
    """The clock counts where it is behind."""
    time = Time()
    ages = time.ages(NOW)
    time.clock = NOW - 60 * DAY
    assert ages.oldest() == NOW - 60 * DAY - MAX_AGE


def test_a_server_that_runs_for_months_keeps_30_days() -> None:
    """Age goes on counting while the server runs."""
    time = Time()
    ages = time.ages(NOW)
    time.clock, time.passed = NOW + 90 * DAY, 90 * DAY
    assert ages.oldest() == NOW + 90 * DAY - MAX_AGE


def test_an_empty_store_counts_from_its_first_start() -> None:
    """There is nothing that could tell another time."""
    assert Time().ages(None).oldest() == NOW - MAX_AGE


def test_limits_add_up() -> None:
    """Traces and logs share what there is."""
    limits = Limits.of(1_000_000_001)
    assert limits.traces + limits.logs == 1_000_000_001
    assert limits.traces > limits.logs > 0


def test_the_cleanup_goes_on_while_there_is_more() -> None:
    """It works in batches until nothing is left, at once."""
    left, done = [3, 2, 1], threading.Event()

    def tidy() -> bool:
        if left:
            left.pop()
        else:
            done.set()
        return bool(left) or not done.is_set()

    cleanup = CleanupThread(tidy, "test")
    assert done.wait(10)
    cleanup.close()


def test_the_cleanup_goes_on_after_a_failure(caplog: pytest.LogCaptureFixture) -> None:
    """It is told once, however often it comes."""
    calls, done = iter(range(3)), threading.Event()

    def tidy() -> bool:
        if next(calls, None) is None:
            done.set()
            return False
        raise ValueError("what nobody expected")

    cleanup = CleanupThread(tidy, "test", seconds=0.001)
    assert done.wait(10)
    cleanup.close()
    assert [record.getMessage() for record in caplog.records] == ["the store was not tidied up"]
