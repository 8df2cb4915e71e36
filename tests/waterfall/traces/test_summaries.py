"""Summaries, complete and with holes."""

from __future__ import annotations

import pytest

from waterfall.traces.summaries import summary


@pytest.mark.parametrize(
    ("flags", "status", "throttled"),
    [
        ({}, "ok", False),
        ({"HasError": True}, "error", False),
        ({"HasError": True, "HasThrottle": True}, "throttle", True),
        ({"HasThrottle": True}, "ok", True),
        ({"HasFault": True, "HasError": True, "HasThrottle": True}, "fault", True),
    ],
)
def test_status_is_the_roots(flags: dict[str, bool], status: str, throttled: bool) -> None:  # noqa: FBT001 - a column
    """A throttle somewhere below does not make the trace one, but is told."""
    found = summary({"Id": "1-6553f100-0", **flags})
    assert (found.status, found.throttled) == (status, throttled)


def test_bare_summary_is_read() -> None:
    """A summary of nothing but an id has the time that the id carries."""
    found = summary({"Id": "1-6553f100-0123456789abcdef01234567"})
    assert (found.start, found.is_request, found.http.status) == (1_700_000_000.0, False, None)


@pytest.mark.parametrize("id_", ["", "x", "1-zzzzzzzz-0"])
def test_senseless_id_has_no_time(id_: str) -> None:
    """An id without a time leaves the start unknown."""
    assert summary({"Id": id_}).start is None


def test_annotations_have_all_their_values() -> None:
    """One key may have several values, of each type."""
    values = [{"AnnotationValue": value} for value in ({"StringValue": "a"}, {"NumberValue": 2.0}, {}, "x")]
    assert summary({"Id": "", "Annotations": {"k": values}}).annotations == {"k": ("a", 2.0)}
