"""The list of traces in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.waterfall import samples
from tests.waterfall.web.many import requests

if TYPE_CHECKING:
    from tests.waterfall.conftest import Api
    from tests.waterfall.web.browser import Page

ROWS = "document.querySelectorAll('tbody tr').length"


def test_a_trace_is_listed_with_its_request_status_time_and_annotations(
    api: Api, console: str, page: Page
) -> None:
    """A row tells status, method and path, the user's annotations and how long it took."""
    api.put(samples.request())
    page.open(f"{console}/traces")
    assert page.text("tbody .pill") == "200"
    assert page.text("tbody .request") == "GET /dev/hello"
    assert page.text("tbody .chip b") == "SecondLambdaStatus"
    assert page.text("tbody .chip span") == "200"
    assert page.text("tbody .took .figure") == "2.38 s"


def test_new_traces_appear_at_the_top_while_requests_come_in(api: Api, console: str, page: Page) -> None:
    """The page asks again by itself, and puts what is new first."""
    api.put(requests(1))
    page.open(f"{console}/traces")
    page.wait(f"{ROWS} === 1")
    api.put(requests(3)[1:])
    page.wait(f"{ROWS} === 3")
    assert page.text("tbody tr:first-child .request") == "GET /dev/item/2"


def test_a_list_that_is_not_live_stays_as_it_was(api: Api, console: str, page: Page) -> None:
    """With `live=off` in the address the page asks once, and again when Live is pressed."""
    api.put(requests(1))
    page.open(f"{console}/traces?live=off")
    page.wait(f"{ROWS} === 1")
    api.put(requests(2)[1:])
    asked = len(page.requests())
    page.press("l")
    page.wait(f"{ROWS} === 2")
    assert len(page.requests()) > asked
    assert page.run("location.search") == ""


def test_an_empty_account_says_what_to_do(console: str, page: Page) -> None:
    """Without traces the list says how one comes into being."""
    page.open(f"{console}/traces")
    assert "Send a request" in page.text(".empty")


def test_a_filter_is_passed_on_and_kept_in_the_address(api: Api, console: str, page: Page) -> None:
    """What is typed into the filter selects traces, and stands in the address to be shared."""
    api.put(requests(2))
    api.put(samples.failed())
    page.open(f"{console}/traces")
    page.wait(f"{ROWS} === 3")
    page.press("/")
    page.type("fault = true")
    page.press("Enter")
    page.wait(f"{ROWS} === 1")
    assert page.text("tbody .pill") == "502"
    assert page.run("new URLSearchParams(location.search).get('filter')") == "fault = true"


def test_a_filter_that_x_ray_refuses_shows_why_in_place(api: Api, console: str, page: Page) -> None:
    """X-Ray's own words stand under the filter; the list stays; a correct filter takes them away."""
    api.put(requests(2))
    page.open(f"{console}/traces")
    page.wait(f"{ROWS} === 2")
    page.press("/")
    page.type("fault AND AND")
    page.press("Enter")
    assert page.text(".problem")
    assert page.run("document.querySelector('.filter').getAttribute('aria-invalid')") == "true"
    assert page.run(ROWS) == 2
    page.run("document.querySelector('.filter').select()")
    page.type("error")
    page.press("Enter")
    page.wait("!document.querySelector('.problem')")


def test_a_keyword_from_the_help_goes_into_the_filter(api: Api, console: str, page: Page) -> None:
    """Choosing a keyword filters by it, after what was there already."""
    page.open(f"{console}/traces?filter=error")
    page.click("button[aria-expanded]")
    page.run(
        "[...document.querySelectorAll('.keyword')].find((one) => one.innerText.startsWith('fault')).click()"
    )
    page.wait("document.querySelector('.filter').value === 'error AND fault'")


def test_an_annotation_s_value_becomes_a_filter(api: Api, console: str, page: Page) -> None:
    """A click on an annotation lists the traces that carry it."""
    api.put(samples.request())
    api.put(requests(2))
    page.open(f"{console}/traces")
    page.wait(f"{ROWS} === 3")
    page.click(".chip")
    page.wait(f"{ROWS} === 1")
    assert 'annotation[SecondLambdaStatus] = "200"' in page.run("document.querySelector('.filter').value")


def test_dragging_over_the_histogram_selects_response_times(api: Api, console: str, page: Page) -> None:
    """Only traces as slow as the selected bars are listed; the address keeps the selection."""
    api.put(requests(3))
    api.put(samples.request())
    page.open(f"{console}/traces")
    page.wait(f"{ROWS} === 4")
    bars = "[...document.querySelectorAll('.bars g')].filter((bar) => bar.children.length > 1)"
    left, top, width, _ = page.box(f"{bars}.at(-1)")
    x, y = left + width / 2, top + 20
    page.drag((x, y), (x, y))
    page.wait(f"{ROWS} === 1")
    assert page.text("tbody .took .figure") == "2.38 s"
    assert page.run("new URLSearchParams(location.search).get('rt')") == "2-3"


def test_an_address_brings_back_filter_time_and_selection(api: Api, console: str, page: Page) -> None:
    """A link to a list shows the same list: a deep link."""
    api.put(samples.request())
    api.put(requests(3))
    start, end = samples.T0 - 10, samples.T0 + 90
    page.open(f"{console}/traces?start={start}&end={end}&rt=2-3&filter=ok")
    page.wait(f"{ROWS} === 1")
    assert page.run("document.querySelector('.filter').value") == "ok"
    assert page.run("document.querySelector('select.time').value") == "custom"


def test_the_time_range_asks_further_back(api: Api, console: str, page: Page) -> None:
    """Traces older than the range appear when a longer one is chosen."""
    api.put(requests(1))
    page.open(f"{console}/traces?since=1m")
    page.wait("document.querySelector('.empty')")
    page.run(
        "(() => { const choice = document.querySelector('select.time'); choice.value = '15m';"
        " choice.dispatchEvent(new Event('change')); })()"
    )
    page.wait(f"{ROWS} === 1")
    assert page.run("location.search") == "?since=15m"


def test_a_row_opens_its_trace_and_back_returns(api: Api, console: str, page: Page) -> None:
    """A click shows the waterfall; the browser's way back leads to the list as it was."""
    api.put(samples.request())
    page.open(f"{console}/traces?filter=ok")
    page.click("tbody td.began")
    page.wait("document.querySelectorAll('.row').length > 5")
    assert page.run("location.pathname") == f"/trace/{samples.TRACE_ID}"
    page.run("history.back()")
    page.wait(f"{ROWS} === 1 && location.search === '?filter=ok'")


def test_arrows_move_through_the_list_and_enter_opens(api: Api, console: str, page: Page) -> None:
    """Without a mouse: down to the second trace, up to the first, Enter opens it."""
    api.put(requests(3))
    page.open(f"{console}/traces")
    page.wait(f"{ROWS} === 3")
    for key in ("ArrowDown", "ArrowDown", "ArrowUp"):
        page.press(key)
    assert page.run("document.activeElement.innerText") == "GET /dev/item/2"
    page.press("Enter")
    page.wait("location.pathname.startsWith('/trace/')")


def test_two_marked_traces_are_compared(api: Api, console: str, page: Page) -> None:
    """`x` marks the trace in focus, `c` compares the two that are marked."""
    api.put(requests(2))
    page.open(f"{console}/traces")
    page.wait(f"{ROWS} === 2")
    for key in ("ArrowDown", "x", "ArrowDown", "x", "c"):
        page.press(key)
    page.wait("location.pathname === '/compare'")
    page.wait("document.querySelectorAll('.pair').length === 1")


def test_a_stopped_stack_is_named_and_the_list_returns_with_it(api: Api, console: str, page: Page) -> None:
    """When X-Ray cannot be read the page says so, and recovers by itself."""
    api.put(requests(1))
    api.replies["/TraceSummaries"] = lambda: (500, {}, b"{}")
    page.open(f"{console}/traces")
    assert page.text(".problem")
    del api.replies["/TraceSummaries"]
    page.wait(f"{ROWS} === 1 && !document.querySelector('.problem')")
