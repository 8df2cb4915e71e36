"""What could not be stored."""

from __future__ import annotations

import pytest

from embedded_aws.host.losses import Losses


def test_losses_are_counted_with_the_last_reason() -> None:
    """Each sort has its count, and why the last of it was lost."""
    losses = Losses()
    losses.add("segments", 2, ValueError("no room"))
    losses.add("segments", 3, ValueError("locked"))
    losses.add("log events", 1, ValueError("no room"))
    assert losses.told() == {
        "segments": {"count": 5, "reason": "locked"},
        "log events": {"count": 1, "reason": "no room"},
    }


def test_each_cause_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """A disk stays full for thousands of segments."""
    losses = Losses()
    for reason in ("no room", "no room", "locked", "no room"):
        losses.add("segments", 1, ValueError(reason))
    assert [record.getMessage() for record in caplog.records] == [
        "segments are lost: no room",
        "segments are lost: locked",
    ]


def test_causes_that_are_all_different_do_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """Some name the segment that was lost; all are counted."""
    losses = Losses()
    for number in range(1_000):
        losses.add("segments", 1, ValueError(f"segment {number} cannot be stored"))
    assert len(caplog.records) < 200
    assert losses.told()["segments"]["count"] == 1_000
