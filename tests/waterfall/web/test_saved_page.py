"""A trace saved as a page, opened from a file in a real browser that has no network."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.waterfall import samples
from tests.waterfall.samples import TRACE_ID
from tests.waterfall.web.many import SCRIPT, hostile
from tests.waterfall.web.test_trace_view import NAMES, NODES, row
from waterfall.web.saved_page import saved_page

if TYPE_CHECKING:
    from pathlib import Path

    from tests.waterfall.conftest import Api
    from tests.waterfall.web.browser import Page

NOW = samples.T0 + 100


@pytest.fixture
def saved(api: Api, tmp_path: Path) -> str:
    """The address of a file with the sample request."""
    api.put(samples.request())
    return save(api, tmp_path)


def save(api: Api, folder: Path, trace_id: str = TRACE_ID) -> str:
    (trace,) = api.reader().get([trace_id])
    path = folder / "trace.html"
    path.write_text(saved_page(trace, NOW), encoding="utf-8")
    return path.as_uri()


def bar(page: Page) -> tuple[float, float]:
    """Return where a function's bar begins, and how long it is."""
    left, _, width, _ = page.box(f"{row('front')}.querySelector('.bar')")
    return left, width


def test_the_file_shows_the_console_s_waterfall(api: Api, console: str, saved: str, page: Page) -> None:
    """The same rows, bars and head as the console draws, without one request but for the file."""
    page.resize(1280, 1400)
    page.open(f"{console}/trace/{TRACE_ID}")
    page.wait(f"{NODES} > 5")
    in_console = [page.run(NAMES), page.text(".head .facts"), bar(page)]
    asked = len(page.requests())
    page.open(saved)
    page.wait(f"{NODES} > 5")
    assert [page.run(NAMES), page.text(".head .facts"), bar(page)] == in_console
    others = [url for url in page.requests()[asked:] if not url.startswith(("file:", "data:"))]
    assert others == []
    assert "2023-11-14" in page.text(".source")


def test_every_node_can_be_looked_into(saved: str, page: Page) -> None:
    """Details and raw document of a node are in the file; the address keeps which one is open."""
    page.open(saved)
    page.wait(f"{NODES} > 5")
    page.run(f"{row('simulate slow work')}.click()")
    page.wait("document.querySelector('.details [data-tab=raw]')")
    page.click(".details [data-tab=raw]")
    page.wait("document.querySelector('.raw').innerText.includes('\"name\": \"simulate slow work\"')")
    node = page.run("new URLSearchParams(location.search).get('node')")
    assert node in page.text(".raw")


def test_the_file_offers_nothing_that_it_lacks(saved: str, page: Page) -> None:
    """No way to the map, to comparisons, to other traces or to logs leads out of it."""
    page.open(saved)
    page.wait(f"{NODES} > 5")
    assert page.count("a") == 0
    assert page.count(".actions") == 0
    assert "Logs" not in page.text(".tools")


def test_it_is_searched_and_zoomed_without_a_console(saved: str, page: Page) -> None:
    """As there, and the address keeps both."""
    page.open(saved)
    page.wait(f"{NODES} > 5")
    page.press("/")
    page.type("seconds")
    page.wait("document.querySelector('.row.chosen .text')?.innerText === 'simulate slow work'")
    page.press("Enter")
    page.run("document.querySelector('.rows').focus()")
    page.press("z")
    page.wait("location.search.includes('zoom=0.21395-2.384') && location.search.includes('find=seconds')")
    page.wait("document.querySelector('.minimap.zoomed')")


def test_the_theme_can_be_chosen(saved: str, page: Page) -> None:
    """The key of the console works here too."""
    page.prefer("light")
    page.open(saved)
    page.wait(f"{NODES} > 5")
    page.press("d")
    page.wait("document.documentElement.dataset.theme === 'dark'")


def test_text_of_a_trace_stays_text(api: Api, tmp_path: Path, page: Page) -> None:
    """Markup in names, URLs and messages ends no element of the file, and runs nowhere."""
    api.put(hostile())
    page.open(f"{save(api, tmp_path)}?node=b000000000000002&tab=exceptions")
    assert SCRIPT in page.text(".details .content")
    assert page.run("window.attacked") is None
    assert page.count("main script, main img") == 0


def test_the_policy_lets_nothing_be_fetched(saved: str, page: Page) -> None:
    """A file that was tampered with by a name in a trace could not tell anybody."""
    page.open(saved)
    page.wait(f"{NODES} > 5")
    tried = "fetch('http://127.0.0.1:9/').then(() => 'sent', (failure) => failure.name)"
    assert page.run(tried) == "TypeError"
    told = [text for text in page.complaints() if "Content Security Policy" in text]
    assert told
    page.forgive()


def test_the_console_saves_a_trace(api: Api, console: str, page: Page) -> None:
    """Share leads to a file in each format, which comes as a download."""
    api.put(samples.request())
    page.open(f"{console}/trace/{TRACE_ID}")
    page.wait(f"{NODES} > 5")
    page.click(".share summary")
    links = page.wait("[...document.querySelectorAll('.share a')].map((one) => one.getAttribute('href'))")
    assert links == [f"/api/traces/{TRACE_ID}/files/{one}" for one in ("html", "json", "otlp", "chrome")]
    seen = f"fetch({json.dumps(links[0])}).then((one) => one.headers.get('content-disposition'))"
    assert page.run(seen) == f'attachment; filename="{TRACE_ID}.html"'
    left, top, width, height = page.box("document.querySelector('.share a')")
    assert page.run(
        f"document.elementFromPoint({left + width / 2}, {top + height / 2}).closest('.share') !== null"
    )
