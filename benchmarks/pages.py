"""How soon pages of the console are seen, and answer: `python -m benchmarks.pages [--times N] [--nodes N]`.

A trace of 5,000 spans is opened in Chromium over `waterfall serve`. Told are medians: until its bars are
painted (from the navigation, X-Ray and console included), and until the frame after a keystroke of a search,
a step of the zoom, a screenful of scrolling, and closing and opening all. Beside them is the mean CPU of the
page's main thread, which tells more on a busy machine.
"""

from __future__ import annotations

import argparse
import json
import re
import signal
import subprocess
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from itertools import islice
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.servers import OTHER_PORTS
from embedded_aws.aws.ids import RandomIds
from tests.e2e.stack import WATERFALL
from tests.waterfall.web.browser import Page, browsing
from waterfall.traces.client import Source, client

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

_ENDPOINT = re.compile(r"AWS +(http://\S+)")

PAINTED = """
new Promise((done) => {
  const look = () => document.querySelector(%s)
    ? requestAnimationFrame(() => setTimeout(() => done(performance.now())))
    : requestAnimationFrame(look);
  look();
})
"""
"""Milliseconds from the navigation until an element was there and a frame was painted with it."""

ANSWERED = """
(async () => {
  const taken = [];
  for (let turn = 0; turn < %d; turn += 1) {
    const before = performance.now();
    (%s)(turn);
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    taken.push(performance.now() - before);
  }
  return taken;
})()
"""
"""Milliseconds of each turn of something until the frame after it was painted."""

PRESS = "(key) => document.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }))"
TURNS = {
    "search, a keystroke": "(turn) => { const field = document.querySelector('.search input');"
    " field.value = 'step ' + turn; field.dispatchEvent(new Event('input')); }",
    "zoom, a step": f"(turn) => ({PRESS})(turn % 8 < 4 ? '+' : '-')",
    "scroll, a screenful": "(turn) => {"
    " document.querySelector('.rows').scrollTop = (turn * 7919) % 130000; }",
    "close or open all": f"(turn) => ({PRESS})('e')",
}
"""What is done to a trace's page, as functions of the turn."""


def painted(page: Page, url: str, selector: str) -> float:
    """Open a page afresh and return the seconds until what a selector names was painted."""
    page.call("Page.navigate", url="about:blank")
    page.wait("location.href === 'about:blank'")
    page.call("Page.navigate", url=url)
    page.wait("location.href !== 'about:blank'")
    return float(page.run(PAINTED % json.dumps(selector))) / 1000


def answered(page: Page, turn: str, times: int) -> list[float]:
    """Return the seconds of each turn."""
    return [taken / 1000 for taken in page.run(ANSWERED % (times, turn))]


def busy(page: Page) -> float:
    """Return the seconds of CPU that the page's main thread has taken."""
    metrics = page.call("Performance.getMetrics")["metrics"]
    return float(next(one["value"] for one in metrics if one["name"] == "TaskDuration"))


def tell(what: str, seconds: list[float], cpu: float | None = None) -> None:
    milliseconds = [1000 * one for one in seconds]
    own = "" if cpu is None else f"   CPU {1000 * cpu / len(seconds):.1f} ms"
    print(f"{what:<24} {median(milliseconds):7.1f} ms   worst {max(milliseconds):7.1f} ms{own}")


def trace_page(page: Page, url: str, times: int) -> None:
    """Measure the page of a trace."""
    painted(page, url, ".row .bar")  # warms what is made once
    tell("first paint", [painted(page, url, ".row .bar") for _ in range(max(3, times // 4))])
    page.call("Performance.enable", timeDomain="threadTicks")
    for name, turn in TURNS.items():
        before = busy(page)
        taken = answered(page, turn, times)
        tell(name, taken, busy(page) - before)


@contextmanager
def served(data: Path | None = None) -> Iterator[tuple[Any, str]]:
    """Start `waterfall serve` and yield a client of its X-Ray and the address of its console."""
    with tempfile.TemporaryDirectory() as temporary:
        command = [str(WATERFALL), "serve", "--data", str(data or temporary), "--max-data", "8G"]
        command += ["--port", "0", *OTHER_PORTS]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            endpoint = next(found[1] for line in process.stdout if (found := _ENDPOINT.search(line)))
            with urllib.request.urlopen(f"{endpoint}/_local/status") as reply:
                console = json.load(reply)["console"]
            try:
                yield client(Source(endpoint), "xray"), console
            finally:
                process.send_signal(signal.SIGINT)
                process.stdout.read()


def put(xray: Any, documents: Iterable[Mapping[str, Any]]) -> None:
    """Send segments, as many at a time as X-Ray takes."""
    for some in batched(documents, 25):
        texts = [json.dumps(one, separators=(",", ":")) for one in some]
        refused = xray.put_trace_segments(TraceSegmentDocuments=texts)["UnprocessedTraceSegments"]
        assert refused == [], refused[0]


def batched(items: Iterable[Mapping[str, Any]], size: int) -> Iterator[list[Mapping[str, Any]]]:
    """Yield the items in lists of that size."""
    left = iter(items)
    while some := list(islice(left, size)):
        yield some


def spans(count: int, trace_id: str, at: float) -> Iterator[dict[str, Any]]:
    """Yield the segments of one trace of so many spans, in groups of fifty: X-Ray takes 500 kB of a trace."""
    groups = (count - 1) // 50
    root = f"{0xA:016x}"
    yield _span("all", root, at, groups * 0.1, trace_id=trace_id)
    for group in range(groups):
        start = at + group * 0.1
        steps = [
            _span(
                f"step {group * 49 + step}", f"{0x10000 + group * 49 + step:016x}", start, 0.002 * (step + 1)
            )
            for step in range(49)
        ]
        id_ = f"{0x1000 + group:016x}"
        yield _span(f"group {group}", id_, start, 0.1, trace_id=trace_id, parent_id=root, subsegments=steps)


def _span(name: str, id_: str, start: float, seconds: float, **fields: Any) -> dict[str, Any]:
    begin = round(start, 3)
    return {"name": name, "id": id_, "start_time": begin, "end_time": round(start + seconds, 3), **fields}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=40, metavar="N", help="how often each (default: 40)")
    parser.add_argument("--nodes", type=int, default=5000, metavar="N", help="spans (default: 5000)")
    given = parser.parse_args()
    now = time.time() - 120
    trace_id = RandomIds().trace_id(now)
    with browsing() as browser, served() as (xray, console):
        put(xray, spans(given.nodes, trace_id, now))
        page = browser.page(width=1280, height=800)
        print(f"a trace of {given.nodes} spans")
        trace_page(page, f"{console}/trace/{trace_id}", given.times)
        page.close()


if __name__ == "__main__":
    main()
