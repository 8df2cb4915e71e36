"""What one does with a waterfall: searching, zooming, comparing, sending again."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from embedded_aws.journal.records import ApiRequest, sent
from tests.waterfall import samples
from tests.waterfall.web.many import deep_and_wide
from tests.waterfall.web.test_trace_view import NAMES, NODES, row

if TYPE_CHECKING:
    from tests.waterfall.conftest import Api
    from tests.waterfall.web.browser import Page

FIRST_ID = "1-6553f0ff-0123456789abcdef01234567"
CHOSEN = "document.querySelector('.row.chosen .text')?.innerText"
FOUND = "document.querySelector('.search .found').innerText"
ZOOM = "new URLSearchParams(location.search).get('zoom')"


@pytest.fixture
def address(console: str) -> str:
    return f"{console}/trace/{samples.TRACE_ID}"


def earlier(documents: list[dict[str, Any]], seconds: float = 1.0) -> list[dict[str, Any]]:
    """The same request as another trace, that many seconds before."""
    moved = []
    for document in documents:
        text = json.loads(json.dumps({**document, "trace_id": FIRST_ID}))
        moved.append(_shifted(text, -seconds))
    return moved


def _shifted(document: dict[str, Any], seconds: float) -> dict[str, Any]:
    for key in ("start_time", "end_time"):
        document[key] += seconds
    for child in document.get("subsegments", []):
        _shifted(child, seconds)
    return document


def test_a_search_leads_from_match_to_match(api: Api, address: str, page: Page) -> None:
    """`/` begins one, Enter and n go on, also into what is closed; Escape ends it."""
    api.put(samples.request())
    page.resize(1280, 1400)
    page.open(address)
    page.wait(f"{NODES} > 5")
    page.run(f"{row('front.handler')}.querySelector('.toggle').click()")
    page.wait(f"!{NAMES}.includes('worker.handler')")
    page.press("/")
    page.type("greetings")
    page.wait(f"{CHOSEN} === 'DynamoDB PutItem greetings' && {FOUND} === '1 of 3'")
    assert page.count(".row.match") == 3
    page.press("Enter")
    assert page.run(CHOSEN) == "S3 PutObject greetings-dev"
    page.press("Escape")
    page.wait("!document.querySelector('.row.match') && document.activeElement.matches('.rows')")
    page.press("/")
    page.type("seconds")
    page.wait(f"{CHOSEN} === 'simulate slow work' && {FOUND} === '1 of 1'")
    assert page.run("document.querySelector('.search .found').title") == "in metadata"
    assert page.run("new URLSearchParams(location.search).get('find')") == "seconds"


def test_the_time_axis_zooms(api: Api, address: str, page: Page) -> None:
    """Dragging over it chooses a stretch, which bars, ticks and address follow; `0` shows all again."""
    api.put(samples.request())
    page.resize(1280, 1400)
    page.open(address)
    page.wait(f"{NODES} > 5")
    left, top, width, height = page.box("document.querySelector('.ticks')")
    page.drag((left + width / 2, top + height / 2), (left + width, top + height / 2))
    page.wait(ZOOM)
    begin, end = map(float, page.run(ZOOM).split("-"))
    assert (begin, end) == pytest.approx((1.192, 2.384), abs=0.01)
    page.wait("document.querySelector('.ticks').innerText.startsWith('1.2')")
    lane = page.box(f"{row('simulate slow work')}.querySelector('.lane')")
    bar = page.box(f"{row('simulate slow work')}.querySelector('.bar')")
    assert bar[0] == lane[0]
    assert bar[2] / lane[2] == pytest.approx((2.315 - begin) / (end - begin), abs=0.01)
    assert page.run(f"{row('Init')}.querySelector('.bar')") is None
    page.press("0")
    page.wait(f"{ZOOM} === null && {row('Init')}.querySelector('.bar')")


def test_wheel_and_keys_zoom_too(api: Api, address: str, page: Page) -> None:
    """The wheel where the pointer is, `z` to the chosen row; an address opens as it was left."""
    api.put(samples.request())
    page.resize(1280, 1400)
    page.open(f"{address}?node=c000000000000006")
    page.wait(f"{CHOSEN} === 'S3 PutObject greetings-dev'")
    page.press("z")
    page.wait(ZOOM)
    assert list(map(float, page.run(ZOOM).split("-"))) == pytest.approx([2.3289, 2.3531], abs=1e-4)
    page.open(page.run("location.href") + "#again")
    page.wait("document.querySelector('.ticks')?.innerText.startsWith('2.3')")
    page.press("-")
    page.wait(f"{ZOOM} === '2.3168-2.3652'")
    left, top, width, height = page.box("document.querySelector('.ticks')")
    page.call(
        "Input.dispatchMouseEvent", type="mouseWheel", x=left + width / 2, y=top + height / 2, deltaX=0,
        deltaY=2000,
    )  # fmt: skip
    page.wait(f"{ZOOM} !== '2.3168-2.3652'")


def test_a_failed_trace_says_where(api: Api, address: str, page: Page) -> None:
    """Exception and line stand above the waterfall, and lead to the span that raised it."""
    api.put(samples.failed())
    page.open(address)
    text = page.text(".failed")
    assert "Failed at DynamoDB GetItem missing: ResourceNotFoundException" in text
    assert "app.py:31 in load" in text
    assert "which became LookupError: no greeting for 'Ada'" in text
    page.click(".failed .textlink")
    page.wait(f"{CHOSEN} === 'DynamoDB GetItem missing'")
    assert page.text(".details [aria-selected=true]").startswith("Exceptions")


def test_the_trace_before_is_one_click_away(api: Api, address: str, page: Page) -> None:
    """Of the same request; side by side each span tells how much longer it took, and the head where most."""
    api.put(earlier(samples.request()))
    slow = json.loads(json.dumps(samples.request()).replace("1700000002.315", "1700000002.115"))
    api.put(slow)
    page.open(address)
    page.click(".compared a")
    page.wait("location.pathname === '/compare' && document.querySelector('.pair')")
    assert page.run("location.search") == f"?a={FIRST_ID}&b={samples.TRACE_ID}"
    by = "[...document.querySelectorAll('.pair')].find((one) => one.innerText.includes('simulate slow work'))"
    assert page.run(f"{by}.querySelector('.by').innerText").endswith("200 ms")
    assert page.count(".by.faster") == 1
    page.open(f"{address.partition('/trace')[0]}/compare?a={samples.TRACE_ID}")
    page.click("a.previous")
    page.wait("document.querySelector('.pair')")


def test_a_message_leads_to_its_consumer_and_back(api: Api, address: str, page: Page) -> None:
    """Below the call that sent it, and above the consumer's trace by its request."""
    api.put(samples.request())
    api.put(samples.consumer())
    page.resize(1280, 1400)
    page.open(address)
    page.wait("document.querySelector('.linked a')")
    page.click(".remark.link a")
    page.wait(f"location.pathname.endsWith('{samples.CONSUMER_ID}')")
    assert page.text(".linked a") == "GET /dev/hello"
    page.click(".linked a")
    page.wait(f"location.pathname.endsWith('{samples.TRACE_ID}')")


def test_attempts_at_one_message_are_told_apart(api: Api, address: str, page: Page) -> None:
    """Traces of the same name say how long after the message they began."""
    api.put(samples.request())
    api.put(samples.consumer())
    again = json.dumps(samples.consumer()).replace(samples.CONSUMER_ID, FIRST_ID)
    api.put(json.loads(again))
    page.open(address)
    page.wait("document.querySelectorAll('.linked a').length === 2")
    assert len(re.findall("later|at once", page.text(".linked"))) == 2


def test_a_request_is_copied_as_curl(api: Api, address: str, page: Page) -> None:
    """With body and headers where the stack remembers them, below its own endpoint."""
    api.put(samples.request())
    api.log.answered(
        ApiRequest(
            "r1", samples.T0, samples.T0 + 2, "POST", "/dev/hello?a=b", 200, "abc", "dev",
            trace_id=samples.TRACE_ID, sent=sent([("Content-Type", "text/plain")], b"it's me"),
        )
    )  # fmt: skip
    page.open(address)
    page.run("navigator.clipboard.writeText = async (text) => { window.copied = text; }; 0")
    page.wait("document.querySelector('.actions button')")
    page.run("document.querySelector('.actions button').click()")
    assert page.wait("window.copied") == (
        "curl \\\n  --request GET \\\n  --header 'Content-Type: text/plain' \\\n"
        f"  --data-raw 'it'\\''s me' \\\n  '{api.endpoint}/execute-api/abc/dev/hello?a=b'"
    )


def test_escape_closes_the_menu_first(api: Api, address: str, page: Page) -> None:
    """Then the details that were open beside it."""
    api.put(samples.request())
    page.open(f"{address}?node=c000000000000004")
    page.wait("!document.querySelector('.details').hidden")
    page.click(".share summary")
    page.wait("document.querySelector('.share').open")
    page.press("Escape")
    page.wait("!document.querySelector('.share').open")
    assert page.run("document.querySelector('.details').hidden") is False
    page.press("Escape")
    page.wait("document.querySelector('.details').hidden")


def test_back_finds_the_place_again(api: Api, address: str, page: Page) -> None:
    """Where one had scrolled to in 5,000 spans, after another view."""
    api.put(deep_and_wide(5000))
    page.open(address)
    page.wait(f"{NODES} > 10")
    page.run("document.querySelector('.rows').scrollTop = 70000")
    page.wait(f"{NAMES}.includes('step 250.0')")
    page.press("t")
    page.wait("location.pathname === '/traces'")
    page.run("history.back()")
    page.wait(f"document.querySelector('.rows')?.scrollTop === 70000 && {NAMES}.includes('step 250.0')")


def test_names_take_the_width_that_one_gives_them(api: Api, address: str, page: Page) -> None:
    """The edge is dragged; a deep trace keeps its levels apart; the width stays for the next page."""
    api.put([samples.deep(40)])
    page.resize(1280, 1600)
    page.open(address)
    page.wait(f"{NODES} === 41")
    icons = "[...document.querySelectorAll('.row .icon')].map((one) => one.getBoundingClientRect().x)"
    places = page.run(icons)
    assert places == sorted(set(places))
    x, y, width, height = page.box("document.querySelector('.edge')")
    page.drag((x + width / 2, y + height / 2), (x + width / 2 - 200, y + height / 2))
    wanted = "document.querySelector('.row .name').clientWidth"
    page.wait(f"{wanted} < {x - 150}")
    kept = page.run(wanted)
    page.open(f"{address}?again")
    page.wait(f"{NODES} === 41 && {wanted} === {kept}")
    assert places[-1] > page.run(f"{icons}.at(-1)")


def test_what_was_read_stays_when_nothing_can_be_read(api: Api, address: str, page: Page) -> None:
    """With the reason above it, until it can be read again."""
    documents = samples.request()
    api.put(documents[:1])
    page.open(address)
    page.wait(f"{NODES} === 2")
    api.replies["/Traces"] = lambda: (503, {}, b"")
    page.wait("document.querySelector('.head .warning')")
    assert page.run(NODES) == 2
    api.put(documents[1:3])
    del api.replies["/Traces"]
    page.wait(f"{NODES} > 5 && !document.querySelector('.head .warning')")
