"""How soon the console's list is seen, and answers: `python -m benchmarks.lists [--traces N] [--times N]`.

The store has 300,000 traces of one hour, which Chromium shows over `waterfall serve`. Told are medians: until
rows and figures are painted (from the navigation, the store included) on a stack that was asked before, and
until the page shows what was asked for: another order, a filter, the next page, failures by cause, and a new
trace. The first questions work out what later ones find ready, and have a line of their own. The store is
written as it is on disk once its traces are quiet, not through the API.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.pages import painted, put, served, tell
from benchmarks.store import fill
from benchmarks.xray_store import HOUR, trace_documents
from tests.waterfall.web.browser import browsing

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.waterfall.web.browser import Page

FIGURES = "document.querySelector('.figurebox strong')?.innerText"
FIRST = "document.querySelector('tbody tr')?.dataset.id"

SHOWN = """
(async () => {
  const before = performance.now();
  const old = { first: %(first)s, figures: %(figures)s };
  (() => { %(act)s })();
  const look = (done) =>
    (%(condition)s) ? requestAnimationFrame(() => setTimeout(done)) : setTimeout(look, 2, done);
  await new Promise(look);
  return performance.now() - before;
})()
"""
"""Milliseconds from an act until a frame with what was asked for was painted; `old` is what was there."""

FILTER = (
    "const field = document.querySelector('.filter'); field.value = '%s';"
    " document.querySelector('form').requestSubmit();"
)
PRESS = "document.dispatchEvent(new KeyboardEvent('keydown', {{ key: '{}', bubbles: true }}))"


def shown(page: Page, act: str, condition: str) -> float:
    """Do something in the page and return the seconds until a condition holds."""
    script = SHOWN % {"act": act, "condition": condition, "first": FIRST, "figures": FIGURES}
    return float(page.run(script)) / 1000


def several(times: int, what: str, turn: Callable[[], float]) -> None:
    tell(what, [turn() for _ in range(times)])


def whole(traces: int) -> str:
    """Return a condition that the figures are those of all traces."""
    return f"{FIGURES} === ({traces}).toLocaleString('en')"


def list_page(page: Page, xray: Any, console: str, traces: int, times: int) -> None:
    url = f"{console}/traces?since=6h"
    started = time.perf_counter()
    page.open(url)
    tell("rows, the first time", [painted(page, url, "tbody tr")])
    while not page.run(whole(traces)):
        time.sleep(0.5)
    print(f"{'all read, the first time':<28} {time.perf_counter() - started:7.1f} s")
    several(times, "first paint of rows", lambda: painted(page, url, "tbody tr"))
    several(times, "first paint with figures", lambda: painted(page, url, ".histogram rect.ok"))

    order = "document.querySelector('th[data-column={}] button').click()"
    changed = f"{FIRST} !== old.first"

    def sort(column: str, again: str) -> float:
        taken = shown(page, order.format(column), changed)
        shown(page, order.format(again), changed)
        return taken

    for column in ("response", "request", "status"):
        several(times, f"sort by {column}", lambda column=column: sort(column, "began"))  # type: ignore[misc]

    def filter_(text: str) -> float:
        taken = shown(
            page, FILTER % text, f"{FIGURES} !== old.figures && !document.querySelector('[aria-busy]')"
        )
        shown(page, FILTER % "", whole(traces))
        return taken

    tell("filter, the first time", [filter_("fault")])
    several(times, "filter: fault", lambda: filter_("fault"))
    several(times, "filter: responsetime > 1", lambda: filter_("responsetime > 1"))

    def turn_page() -> float:
        taken = shown(page, PRESS.format("n"), changed)
        shown(page, "document.querySelector('.pages button').click()", changed)
        return taken

    several(times, "next page", turn_page)

    def group() -> float:
        taken = shown(page, PRESS.format("g"), "document.querySelector('.group')")
        shown(page, PRESS.format("g"), "!document.querySelector('.group')")
        return taken

    several(times, "failures by cause", group)

    def arrive(number: int) -> float:
        at = time.time()
        documents = list(trace_documents(traces + number, at - 1, random.Random(number)))
        id_ = documents[0]["trace_id"]
        started = time.perf_counter()
        put(xray, documents)
        page.wait(f"document.querySelector('tr[data-id=\"{id_}\"]')")
        return time.perf_counter() - started

    tell("a new trace, until its row", [arrive(number) for number in range(times)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=20, metavar="N", help="how often each (default: 20)")
    parser.add_argument("--traces", type=int, default=300_000, metavar="N", help="default: 300,000")
    parser.add_argument("--data", type=Path, metavar="DIR", help="a store that was written before")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        data = given.data or Path(directory)
        if given.data is None:
            fill(data, given.traces, time.time() - HOUR, packed=True)
        with browsing() as browser, served(data) as (xray, console):
            page = browser.page(width=1280, height=800)
            print(f"{given.traces:,} traces")
            list_page(page, xray, console, given.traces, given.times)
            page.close()


if __name__ == "__main__":
    main()
