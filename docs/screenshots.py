"""Makes the pictures of the README from a running stack: `python docs/screenshots.py ENDPOINT`.

Needs Debian's Chromium. Shown are the first request of the last 6 hours, which began cold on a new stack,
and the map of the last hour: send some requests first.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent))

from tests.waterfall.web.browser import Page, find_chromium, running_chromium  # noqa: E402 - found by the line above
from waterfall.ports import LOCAL_ENDPOINT  # noqa: E402 - found by the line above
from waterfall.traces.client import Source, connect  # noqa: E402 - found by the line above
from waterfall.web.listener import bind  # noqa: E402 - found by the line above
from waterfall.web.server import serving  # noqa: E402 - found by the line above

WIDTH, HEIGHT = 1280, 800
LOOKS_BACK = 6 * 3600.0


def main() -> None:
    """Write `waterfall.png` and `map.png` beside this file."""
    parser = argparse.ArgumentParser(description="Make the pictures of the README.")
    parser.add_argument("endpoint", nargs="?", default=LOCAL_ENDPOINT, help="a running stack")
    source = Source(parser.parse_args().endpoint)
    chromium = find_chromium()
    now = time.time()
    requests = [item for item in connect(source).summaries(now - LOOKS_BACK, now) if item.is_request]
    if chromium is None or not requests:
        sys.exit("needs Chromium, and a stack that has answered a request in the last 6 hours")
    with serving(source, bind(0)) as address, running_chromium(chromium) as browser:
        page = browser.page(width=WIDTH, height=HEIGHT)
        page.resize(WIDTH, HEIGHT, scale=1.5)
        page.prefer("light")
        shoot(page, f"{address}/trace/{requests[-1].id}", ".row", "waterfall")
        shoot(page, f"{address}/map", "a.service", "map")


def shoot(page: Page, address: str, drawn: str, name: str) -> None:
    """Open a view, wait until it is drawn, and keep what is seen."""
    page.open(address)
    page.wait(f"document.querySelector('{drawn}')")
    page.wait("document.querySelector('.source').innerText")
    page.save(DOCS / f"{name}.png")


if __name__ == "__main__":
    main()
