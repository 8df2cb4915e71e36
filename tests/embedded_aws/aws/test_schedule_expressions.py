"""When schedules are due."""

from __future__ import annotations

import datetime as dt

import pytest

from embedded_aws.aws.schedule_expressions import ExpressionError, parse


def epoch(text: str) -> float:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC).timestamp()


def shown(moment: float | None) -> str | None:
    return None if moment is None else dt.datetime.fromtimestamp(moment, dt.UTC).strftime("%Y-%m-%dT%H:%M")


@pytest.mark.parametrize(
    ("text", "after", "due"),
    [
        ("rate(1 minute)", "2026-11-28T12:00:10", "2026-11-28T12:01"),
        ("rate(5 minutes)", "2026-11-28T12:07:00", "2026-11-28T12:10"),
        ("rate(2 hours)", "2026-11-28T12:00:00", "2026-11-28T14:00"),
        ("rate(1 day)", "2026-11-28T12:00:00", "2026-11-29T12:00"),
        ("cron(0 10 * * ? *)", "2026-11-28T12:00:00", "2026-11-29T10:00"),
        ("cron(15 12 * * ? *)", "2026-11-28T12:14:59", "2026-11-28T12:15"),
        ("cron(15 12 * * ? *)", "2026-11-28T12:15:00", "2026-11-29T12:15"),
        ("cron(0 18 ? * MON-FRI *)", "2026-11-28T00:00:00", "2026-11-30T18:00"),
        ("cron(0 8 1 * ? *)", "2026-11-28T00:00:00", "2026-12-01T08:00"),
        ("cron(0/15 * * * ? *)", "2026-11-28T12:16:00", "2026-11-28T12:30"),
        ("cron(0/30 20-2 ? * MON-FRI *)", "2026-11-30T01:45:00", "2026-11-30T02:00"),
        ("cron(0 9 ? * 2#1 *)", "2026-11-28T00:00:00", "2026-12-07T09:00"),
        ("cron(0 9 ? * FRIL *)", "2026-11-28T00:00:00", "2026-12-25T09:00"),
        ("cron(0 9 L * ? *)", "2026-11-28T00:00:00", "2026-11-30T09:00"),
        ("cron(0 9 L-1 * ? *)", "2026-11-28T00:00:00", "2026-11-29T09:00"),
        ("cron(0 9 28W * ? *)", "2026-11-27T00:00:00", "2026-11-27T09:00"),
        ("cron(0 0 29 FEB ? *)", "2026-11-28T00:00:00", "2028-02-29T00:00"),
        ("cron(0 0 1 1 ? 2026)", "2026-11-28T00:00:00", None),
        ("at(2026-12-24T18:00:00)", "2026-11-28T00:00:00", "2026-12-24T18:00"),
        ("at(2026-11-24T18:00:00)", "2026-11-28T00:00:00", None),
    ],
)
def test_due_times(text: str, after: str, due: str | None) -> None:
    """An expression tells when it is due next; rates count from when the schedule began."""
    assert shown(parse(text).after(epoch(after), epoch("2026-11-28T12:00:00"))) == due


def test_cron_in_a_time_zone() -> None:
    """The hours of the Scheduler are those of its time zone, summer time included."""
    due = parse("cron(0 8 * * ? *)", "Europe/Berlin")
    assert shown(due.after(epoch("2026-07-01T00:00:00"), 0)) == "2026-07-01T06:00"
    assert shown(due.after(epoch("2026-12-01T00:00:00"), 0)) == "2026-12-01T07:00"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("5 minutes", "is no schedule: expected rate"),
        ("rate(1 minutes)", "expected 1 minute"),
        ("rate(5 minute)", "expected 1 minute"),
        ("cron(0 10 * * ?)", "has 5 fields; six are needed"),
        ("cron(0 10 * * * *)", "must be [?], and not both"),
        ("cron(0 25 * * ? *)", "hours '25': expected 0 to 23"),
        ("cron(0 10 ? * FUN *)", "day of week 'FUN': expected 1 to 7"),
        ("cron(0 10 999W * ? *)", "day of month '999W'"),
        ("cron(0/0 10 * * ? *)", "a step must be 1 or more"),
        ("at(2026-13-24T18:00:00)", "month must be"),
    ],
)
def test_wrong_expressions_are_named(text: str, message: str) -> None:
    """An expression that AWS refuses is an error that says what is allowed."""
    with pytest.raises(ExpressionError, match=message):
        parse(text)


def test_the_scheduler_takes_any_unit() -> None:
    """Of rules alone a unit must be singular for 1 and plural else.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rate-expressions.html
    """
    assert parse("rate(1 hours)", is_rule=False).after(0, 0) == 3600
    assert parse("rate(2 hour)", is_rule=False).after(0, 0) == 7200
    with pytest.raises(ExpressionError, match="expected 1 minute"):
        parse("rate(0 hours)", is_rule=False)


def test_an_unknown_time_zone_is_named() -> None:
    """A time zone that does not exist is an error."""
    with pytest.raises(ExpressionError, match="'Mars/Base' is no time zone"):
        parse("rate(1 day)", "Mars/Base")
