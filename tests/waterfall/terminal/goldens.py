"""The renderings that are kept as text. Run as a module, it writes them anew: look at the difference."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.waterfall import answers, samples
from waterfall.compare.difference import compare
from waterfall.terminal import compare as comparison
from waterfall.terminal import service_map as map_picture
from waterfall.terminal import traces, waterfall
from waterfall.terminal.screen import Screen, to_text
from waterfall.traces.service_map import service_map
from waterfall.traces.summaries import summary

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER = Path(__file__).parents[1] / "golden"
NOW = samples.T0 + 65
NARROW, WIDE = Screen(80), Screen(160)
ASCII = Screen(100, encoding="ascii")


def shown(documents: list[dict[str, object]], screen: Screen, *, details: bool = False) -> str:
    return to_text(waterfall.render(samples.trace(documents), screen, now=NOW, details=details), screen)


def listed(screen: Screen) -> str:
    summaries = [summary(answer) for answer in answers.SUMMARIES]
    return to_text(traces.render(summaries, screen, now=NOW), screen)


def mapped(screen: Screen) -> str:
    graph = service_map(answers.SERVICES, samples.T0, samples.T0 + 300)
    return to_text(map_picture.render(graph, screen), screen)


def compared(screen: Screen) -> str:
    left, right = samples.trace(samples.request()), samples.trace(samples.failed())
    maps = [service_map(answers.SERVICES[first:], samples.T0, samples.T0 + 1) for first in (0, 1)]
    found = compare(left, right, (maps[0], maps[1]))
    return to_text(comparison.render(found, screen, ("native", "otel")), screen)


def equal(screen: Screen) -> str:
    cold, warm = samples.trace(samples.request()), samples.trace(samples.request(cold=False))
    return to_text(comparison.render(compare(cold, warm), screen), screen)


CASES: dict[str, Callable[[], str]] = {
    "request-80": lambda: shown(samples.request(), NARROW),
    "request-160": lambda: shown(samples.request(), WIDE),
    "request-ascii": lambda: shown(samples.request(), ASCII),
    "warm-100": lambda: shown(samples.request(cold=False), Screen(100)),
    "failed-80": lambda: shown(samples.failed(), NARROW),
    "failed-details": lambda: shown(samples.failed(), Screen(120), details=True),
    "throttled-80": lambda: shown(samples.throttled(), NARROW),
    "timed-out-80": lambda: shown(samples.timed_out(), NARROW),
    "timed-out-ascii": lambda: shown(samples.timed_out(), ASCII),
    "orphaned-80": lambda: shown(samples.orphaned(), NARROW),
    "consumer-80": lambda: shown(samples.consumer(), NARROW),
    "broken-100": lambda: shown(samples.broken(), Screen(100)),
    "nothing-80": lambda: shown([], NARROW),
    "traces-80": lambda: listed(NARROW),
    "traces-160": lambda: listed(WIDE),
    "map-80": lambda: mapped(NARROW),
    "map-160": lambda: mapped(WIDE),
    "map-ascii": lambda: mapped(ASCII),
    "compare-100": lambda: compared(Screen(100)),
    "compare-160": lambda: compared(WIDE),
    "compare-equal-80": lambda: equal(NARROW),
    "compare-ascii": lambda: compared(ASCII),
}


def path_of(name: str) -> Path:
    return FOLDER / f"{name}.txt"


if __name__ == "__main__":
    for name, render in CASES.items():
        path_of(name).write_text(render(), encoding="utf-8")
