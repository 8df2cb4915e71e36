"""Schedule expressions: `rate(5 minutes)`, `cron(0 12 * * ? *)`, `at(2026-12-24T18:00:00)`. Pure.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_RATE = re.compile(r"rate\(([0-9]{1,9}) +(minute|minutes|hour|hours|day|days)\)")
_CRON = re.compile(r"cron\(([^()]+)\)")
_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400}
_MONTHS = {
    "JAN": 1, "FEB": 2, "MAR": 3, "APR": 4, "MAY": 5, "JUN": 6,
    "JUL": 7, "AUG": 8, "SEP": 9, "OCT": 10, "NOV": 11, "DEC": 12,
}  # fmt: skip
_DAYS = {"SUN": 1, "MON": 2, "TUE": 3, "WED": 4, "THU": 5, "FRI": 6, "SAT": 7}
_FIELDS: Mapping[str, tuple[int, int, Mapping[str, int]]] = {
    "minutes": (0, 59, {}),
    "hours": (0, 23, {}),
    "day of month": (1, 31, {}),
    "month": (1, 12, _MONTHS),
    "day of week": (1, 7, _DAYS),
    "year": (1970, 2199, {}),
}
_PART = re.compile(r"(\*|[A-Z0-9]+)(?:-([A-Z0-9]+))?(?:/([0-9]{1,4}))?")
_LAST_DAY = re.compile(r"L(?:-([0-9]{1,2}))?")
_WEEKDAY = re.compile(r"([0-9]{1,2}|L)W")
_NTH = re.compile(r"([A-Z0-9]+)#([1-5])")
_LAST_OF_WEEK = re.compile(r"([A-Z0-9]+)L")


class ExpressionError(ValueError):
    """A schedule expression is not valid; the message names it and what is allowed."""


class Expression(Protocol):
    """When something is due."""

    def after(self, moment: float, start: float) -> float | None:
        """Return the first time that is due after a moment, in epoch seconds; `None` when there is none.

        `start` is when the schedule began.
        """


def parse(text: str, timezone: str = "UTC", *, is_rule: bool = True) -> Expression:
    """Read an expression of a rule, or of the Scheduler with its `rate(1 hours)`; raises `ExpressionError`.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rate-expressions.html
    """
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ExpressionError(f"{timezone!r} is no time zone such as UTC or Europe/Berlin") from error
    if found := _RATE.fullmatch(text):
        return _rate(text, int(found[1]), found[2], is_rule=is_rule)
    if found := _AT.fullmatch(text):
        return _Once(_at(text, found[1], zone))
    if found := _CRON.fullmatch(text):
        return _cron(text, found[1].upper().split(), zone)
    raise ExpressionError(
        f"{text!r} is no schedule: expected rate(5 minutes), cron(0 12 * * ? *) or at(2026-12-24T18:00:00)"
    )


def _rate(text: str, number: int, unit: str, *, is_rule: bool) -> Expression:
    if number < 1 or (is_rule and (number == 1) == unit.endswith("s")):
        raise ExpressionError(f"{text!r}: expected 1 minute, hour or day, or more minutes, hours or days")
    return _Rate(number * _SECONDS[unit.rstrip("s")])


def _at(text: str, moment: str, zone: ZoneInfo) -> float:
    try:
        return dt.datetime.fromisoformat(moment).replace(tzinfo=zone).timestamp()
    except (ValueError, OverflowError) as error:
        raise ExpressionError(f"{text!r}: {error}") from error


def _cron(text: str, fields: list[str], zone: ZoneInfo) -> Expression:
    if len(fields) != len(_FIELDS):
        raise ExpressionError(f"{text!r} has {len(fields)} fields; six are needed: {', '.join(_FIELDS)}")
    minutes, hours, day, month, week, year = fields
    if (day == "?") == (week == "?"):
        raise ExpressionError(f"{text!r}: one of day of month and day of week must be ?, and not both")
    try:
        days: _Days = _DaysOfMonth.read(day) if week == "?" else _DaysOfWeek.read(week)
        return _Cron(
            _numbers("minutes", minutes),
            _numbers("hours", hours),
            _numbers("month", month),
            _numbers("year", year),
            days,
            zone,
        )
    except ValueError as error:
        raise ExpressionError(f"{text!r}: {error}") from error


@dataclass(frozen=True)
class _Rate:
    period: int

    def after(self, moment: float, start: float) -> float:
        passed = max(0, int((moment - start) // self.period))
        return start + (passed + 1) * self.period


@dataclass(frozen=True)
class _Once:
    moment: float

    def after(self, moment: float, start: float) -> float | None:  # noqa: ARG002 - the protocol's
        return self.moment if self.moment > moment else None


class _Days(Protocol):
    def of(self, year: int, month: int) -> Collection[int]: ...


@dataclass(frozen=True)
class _Cron:
    minutes: Collection[int]
    hours: Collection[int]
    months: Collection[int]
    years: Collection[int]
    days: _Days
    zone: ZoneInfo

    def after(self, moment: float, start: float) -> float | None:  # noqa: ARG002 - the protocol's
        """Go from month to month, for there may be none for years."""
        local = dt.datetime.fromtimestamp(moment, self.zone)
        year, month = local.year, local.month
        while year <= max(self.years):
            if year in self.years and month in self.months:
                for day in sorted(self.days.of(year, month)):
                    found = self._on(dt.date(year, month, day), moment)
                    if found is not None:
                        return found
            year, month = (year, month + 1) if month < 12 else (year + 1, 1)
        return None

    def _on(self, day: dt.date, moment: float) -> float | None:
        if dt.datetime.combine(day, dt.time.max, self.zone).timestamp() <= moment:
            return None
        times = (
            dt.datetime.combine(day, dt.time(hour, minute), self.zone).timestamp()
            for hour in sorted(self.hours)
            for minute in sorted(self.minutes)
        )
        return next((time for time in times if time > moment), None)


@dataclass(frozen=True)
class _DaysOfMonth:
    """Of `1-5,L-2,15W`: the numbers, days before the last one, and days that give way to a weekday."""

    numbers: Collection[int]
    before_last: Collection[int]
    weekdays: Collection[str]

    @classmethod
    def read(cls, text: str) -> _DaysOfMonth:
        parts = text.split(",")
        last = [found for part in parts if (found := _LAST_DAY.fullmatch(part))]
        near = [found[1] for part in parts if (found := _WEEKDAY.fullmatch(part))]
        plain = [p for p in parts if not _LAST_DAY.fullmatch(p) and not _WEEKDAY.fullmatch(p)]
        numbers = _numbers("day of month", ",".join(plain)) if plain else frozenset()
        return cls(numbers, [int(found[1] or 0) for found in last], near)

    def of(self, year: int, month: int) -> set[int]:
        last = calendar.monthrange(year, month)[1]
        found = {number for number in self.numbers if number <= last}
        found |= {last - before for before in self.before_last if before < last}
        for text in self.weekdays:
            wanted = last if text == "L" else int(text)
            if 1 <= wanted <= last:
                found.add(_nearest_weekday(year, month, wanted, last))
        return found


@dataclass(frozen=True)
class _DaysOfWeek:
    """Of `MON-FRI`, `3#2` (the second Tuesday) and `6L` (the last Friday); 1 is Sunday."""

    numbers: Collection[int]
    nth: tuple[int, int] | None = None
    last: int | None = None

    @classmethod
    def read(cls, text: str) -> _DaysOfWeek:
        if found := _NTH.fullmatch(text):
            return cls(frozenset(), nth=(_number("day of week", found[1]), int(found[2])))
        if text == "L":
            return cls(frozenset({7}))
        if found := _LAST_OF_WEEK.fullmatch(text):
            return cls(frozenset(), last=_number("day of week", found[1]))
        return cls(_numbers("day of week", text))

    def of(self, year: int, month: int) -> list[int]:
        last = calendar.monthrange(year, month)[1]
        by_weekday: dict[int, list[int]] = {number: [] for number in range(1, 8)}
        for day in range(1, last + 1):
            by_weekday[dt.date(year, month, day).isoweekday() % 7 + 1].append(day)
        if self.nth:
            weekday, number = self.nth
            return by_weekday[weekday][number - 1 : number]
        if self.last:
            return by_weekday[self.last][-1:]
        return [day for number in self.numbers for day in by_weekday[number]]


def _nearest_weekday(year: int, month: int, day: int, last: int) -> int:
    weekday = dt.date(year, month, day).isoweekday()
    if weekday == 6:
        return day - 1 if day > 1 else day + 2
    if weekday == 7:
        return day + 1 if day < last else day - 2
    return day


def _numbers(name: str, text: str) -> frozenset[int]:
    """Return what a field stands for: `*`, numbers or names, ranges, steps, and lists of them."""
    low, high, _ = _FIELDS[name]
    found: set[int] = set()
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if not match:
            raise ValueError(f"{name} {text!r}: {part!r} is no number, range or step")
        first, to, step = match.groups()
        start = low if first == "*" else _number(name, first)
        end = _number(name, to) if to else high if first == "*" or step else start
        if step == "0":
            raise ValueError(f"{name} {text!r}: a step must be 1 or more")
        wrapped = range(start, end + 1) if start <= end else [*range(start, high + 1), *range(low, end + 1)]
        found.update(wrapped[:: int(step or 1)])
    return frozenset(found)


def _number(name: str, text: str) -> int:
    low, high, names = _FIELDS[name]
    number = names.get(text, int(text) if text.isdecimal() else -1)
    if not low <= number <= high:
        raise ValueError(f"{name} {text!r}: expected {low} to {high}")
    return number
