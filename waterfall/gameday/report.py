"""A game day as Markdown, which is readable as text too."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from waterfall.gameday.findings import Figures, Round
from waterfall.gameday.run import GameDay
from waterfall.terminal import waterfall
from waterfall.terminal.screen import Screen, to_text
from waterfall.terminal.text import duration

_SCREEN = Screen(width=100)


def render(day: GameDay, now: float) -> str:
    """Return the report."""
    return "\n".join(_lines(day, now)) + "\n"


def _lines(day: GameDay, now: float) -> Iterator[str]:
    yield "# Game day"
    yield ""
    yield _summary(day)
    yield ""
    yield _method(day, now)
    yield ""
    yield "| experiment | requests | errors | p50 | p99 | traces kept | with a fault | recovered |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    yield _row("baseline", day.baseline, day.baseline, "")
    for one in day.rounds:
        yield _row(one.name, one.figures, day.baseline, _recovered(one))
    for one in day.rounds:
        yield ""
        yield from _section(one, now)


def _summary(day: GameDay) -> str:
    count = len(day.rounds)
    found = (
        f"{day.weaknesses} weakness{'es' if day.weaknesses != 1 else ''}" if day.weaknesses else "no weakness"
    )
    unrecovered = sum(one.recovered_after is None for one in day.rounds)
    recovery = f"{unrecovered} did not recover" if unrecovered else "the system recovered after each"
    return f"{count} experiment{'' if count == 1 else 's'}: {found} found; {recovery}."


def _method(day: GameDay, now: float) -> str:
    clients = f"{day.clients} client{'' if day.clients == 1 else 's'}"
    return (
        f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d %H:%M} UTC, on this machine: {clients} sent "
        f"{day.baseline.requests} requests without any fault, and as many during each experiment. Errors are "
        "what the client got (4xx, 5xx); latencies are the client's, with their change against the baseline."
    )


def _row(name: str, measured: Figures, baseline: Figures, recovered: str) -> str:
    cells = (
        name,
        str(measured.requests),
        f"{measured.errors} ({measured.errors / max(1, measured.requests):.0%})",
        _time(measured.p50, baseline.p50),
        _time(measured.p99, baseline.p99),
        str(measured.kept),
        str(measured.injected),
        recovered,
    )
    return f"| {' | '.join(cells)} |"


def _time(seconds: float, baseline: float) -> str:
    change = seconds - baseline
    sign = "+" if change >= 0 else "-"
    return duration(seconds) if not change else f"{duration(seconds)} ({sign}{duration(abs(change))})"


def _recovered(one: Round) -> str:
    return "no" if one.recovered_after is None else f"at request {one.recovered_after}"


def _section(one: Round, now: float) -> Iterator[str]:
    yield f"## {one.name}"
    yield ""
    yield f"{'; '.join(one.faults)}."
    if one.ended_early:
        yield ""
        yield f"It was over before all requests were sent ({one.ended_early.rstrip('.')})."
    for weakness in one.weaknesses:
        yield ""
        yield f"**Weakness**: {weakness}."
    if one.first:
        text = to_text(waterfall.render(one.first, _SCREEN, now=now), _SCREEN)
        yield ""
        yield "```"
        yield from text.rstrip().splitlines()
        yield "```"
