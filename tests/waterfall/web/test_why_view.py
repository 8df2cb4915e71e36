"""Why there is no trace, in a real browser."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from embedded_aws.aws.interfaces import Draw, SamplingDecision
from embedded_aws.journal.records import ApiRequest
from tests.waterfall import samples
from tests.waterfall.why.facts import function

if TYPE_CHECKING:
    from tests.waterfall.conftest import Api
    from tests.waterfall.web.browser import Page

ROWS = "document.querySelectorAll('.requests tbody tr').length"
CHOSEN = "document.querySelector('.requests tr[aria-current] .request')?.innerText"
YES = SamplingDecision(True, "all", Draw(True, 1, 1, 0.05, 1000))
NO = SamplingDecision(False, "all", Draw(False, 1, 1, 0.05, 1000))
EVIL = "</script><script>window.attacked = 1</script><img src=x onerror='window.attacked = 1'>"


def request(number: int, **fields: Any) -> ApiRequest:
    """A request that the rules left out."""
    at = samples.T0 + number
    made = ApiRequest(
        f"0000000{number}-aaaa", at, at + 0.1, "GET", f"/dev/item/{number}", 200, "abc", "dev",
        api_name="shop", route="GET /item/{id}", tracing=True,
        trace_id=f"1-6553f1{number:02x}-{'f' * 24}", decision=NO,
    )  # fmt: skip
    return replace(made, **fields)


def traced(api: Api, number: int = 5) -> ApiRequest:
    """A request whose trace is there."""
    api.put(samples.request())
    api.functions(function())
    return request(number, trace_id=samples.TRACE_ID, decision=YES, url="/dev/hello")


def test_the_last_request_is_explained(api: Api, console: str, page: Page) -> None:
    """Without a question the page explains the newest request, and its address names it from then on."""
    for number in (1, 2):
        api.log.answered(request(number))
    page.open(f"{console}/why")
    assert page.text(".explanation h1") == (
        "No trace: rule all did not sample it (reservoir of 1/s was used up; 5 % rate)"
    )
    page.wait("location.search === '?request=00000002-aaaa'")
    assert page.wait(CHOSEN) == "GET /dev/item/2"
    assert "Raise the rule's reservoir or rate" in page.text(".reasons .stop .fix")
    assert page.count(".explanation a.button") == 0


def test_a_link_leads_to_the_same_explanation(api: Api, console: str, page: Page) -> None:
    """By a request id, a trace id, or a method and URL."""
    for number in (1, 2, 3):
        api.log.answered(request(number))
    for asked in ("00000002-aaaa", request(2).trace_id, "GET+/item/2"):
        page.open(f"{console}/why?request={asked}")
        assert page.wait(CHOSEN) == "GET /dev/item/2"


def test_the_trace_is_one_click_away(api: Api, console: str, page: Page) -> None:
    """From the explanation and from the list."""
    api.log.answered(traced(api))
    page.open(f"{console}/why")
    assert page.text(".explanation h1").startswith(f"There is a trace: {samples.TRACE_ID}")
    assert page.text(".requests .traced") == "✓ traced"
    page.click(".explanation a.button")
    page.wait(f"location.pathname === '/trace/{samples.TRACE_ID}'")
    page.run("history.back()")
    page.click(".requests .traced a")
    page.wait(f"location.pathname === '/trace/{samples.TRACE_ID}'")


def test_requests_appear_while_they_come_in(api: Api, console: str, page: Page) -> None:
    """New ones come on top; what is being read stays."""
    api.log.answered(request(1))
    page.open(f"{console}/why")
    page.wait(f"{ROWS} === 1")
    page.wait(CHOSEN)
    api.log.answered(request(2, api_name=None, status=403))
    page.wait(f"{ROWS} === 2")
    assert page.text(".requests tbody tr:first-child .outcome") == "✗ no such stage"
    assert page.run(CHOSEN) == "GET /dev/item/1"


def test_what_arrives_later_is_shown(api: Api, console: str, page: Page) -> None:
    """The explanation is made again when a trace has come."""
    api.log.answered(request(5, trace_id=samples.TRACE_ID, decision=YES))
    page.open(f"{console}/why")
    assert page.text(".explanation h1") == "No trace: it was sampled, but nothing has arrived"
    api.put(samples.request())
    page.wait("document.querySelector('.explanation h1').innerText.startsWith('There is a trace')")


def test_keys_choose_and_explain(api: Api, console: str, page: Page) -> None:
    """Arrows walk the list, Enter explains, `/` asks, `l` stops the list."""
    for number in (1, 2, 3):
        api.log.answered(request(number, status=200 + number))
    page.open(f"{console}/why")
    page.wait(f"{ROWS} === 3")
    page.wait(CHOSEN)
    page.press("ArrowDown")
    page.press("ArrowDown")
    page.press("Enter")
    page.wait(f"{CHOSEN} === 'GET /dev/item/2'")
    page.wait("document.querySelector('.explanation .what').innerText.includes('202')")
    page.press("ArrowUp")
    assert page.run("document.activeElement.innerText") == "GET /dev/item/3"
    page.press("/")
    page.type("00000001")
    page.press("Enter")
    page.wait(f"{CHOSEN} === 'GET /dev/item/1'")
    page.press("Escape")
    page.press("l")
    page.wait("location.search.includes('live=off')")


def test_a_question_without_answer(api: Api, console: str, page: Page) -> None:
    """What names no request, or one that is forgotten, is answered in place."""
    api.log.answered(request(1))
    page.open(f"{console}/why?request=99999999")
    assert "no request 99999999 is remembered" in page.text(".explanation .problem")
    page.open(f"{console}/why?request=%3Cb%3E")
    assert "'<b>' names no request" in page.text(".explanation .problem")


def test_nothing_has_come_yet(console: str, page: Page) -> None:
    """An empty list says what to do; the empty list of traces leads here."""
    page.open(f"{console}/traces")
    page.click(".empty a.why")
    page.wait("location.pathname === '/why'")
    assert "No requests yet" in page.text(".empty h2")


def test_a_trace_that_is_not_there_leads_to_the_reason(api: Api, console: str, page: Page) -> None:
    """The page of an unknown trace asks why for it."""
    api.log.answered(request(1))
    page.open(f"{console}/trace/{request(1).trace_id}")
    page.click("a.button[href^='/why']")
    assert page.text(".explanation h1").startswith("No trace: rule all")


def test_text_of_requests_is_text(api: Api, console: str, page: Page) -> None:
    """Markup in a URL, a header or a method is shown, and makes no elements; long names stay inside."""
    api.log.answered(request(1, url=f"/dev/{EVIL}{'x' * 1500}", header=EVIL, method="G" * 500, route=None))
    for width in (420, 1280):
        page.resize(width)
        page.open(f"{console}/why")
        page.wait(f"{ROWS} === 1 && document.querySelector('.reasons li')")
        assert page.run("document.documentElement.scrollWidth") <= width
        assert page.run("Math.max(...[...document.querySelectorAll('main *')]"
                        ".filter((one) => !one.closest('.requests'))"
                        ".map((one) => one.getBoundingClientRect().right))") <= width + 1  # fmt: skip
    assert page.run("window.attacked") is None
    assert page.count("main img, main script, main b:not(.method)") == 0
    assert "<img" in page.text(".explanation")
    assert page.run("document.querySelector('.requests .request a').innerText.length") <= 330


def test_dark_and_narrow(api: Api, console: str, page: Page) -> None:
    """In the dark the panels are dark; at 420 pixels the explanation is above the list."""
    api.log.answered(request(1))
    page.prefer("dark")
    page.resize(420)
    page.open(f"{console}/why")
    page.wait("document.querySelector('.reasons li')")
    colour = page.run("getComputedStyle(document.querySelector('.explanation')).backgroundColor")
    assert sum(map(int, colour[4:-1].split(","))) < 150
    explanation, listed = (
        page.box(f"document.querySelector('{name}')") for name in (".explanation", ".requests")
    )
    assert explanation[1] + explanation[3] <= listed[1]
