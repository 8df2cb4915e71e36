"""The list of traces in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.waterfall import samples
from tests.waterfall.web.many import requests

if TYPE_CHECKING:
    from tests.waterfall.conftest import Api, Reply
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
    page.wait(f"{bars}.length > 1")
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
    unknown: Reply = (404, {}, b"")
    api.replies |= {"/_local/traces": lambda: unknown, "/TraceSummaries": lambda: (500, {}, b"{}")}
    page.open(f"{console}/traces")
    assert page.text(".problem")
    del api.replies["/TraceSummaries"]
    page.wait(f"{ROWS} === 1 && !document.querySelector('.problem')")


COLUMN = "[...document.querySelectorAll('tbody {}')].map((cell) => cell.innerText)"


def test_a_click_on_a_column_sorts_by_it(api: Api, console: str, page: Page) -> None:
    """Sorted by what it is about, the other way with the next click; the address keeps the order."""
    api.put(lasting(0.5, 0.1, 2))
    page.open(f"{console}/traces")
    page.wait(f"{ROWS} === 3")
    page.click("th[data-column='response'] button")
    page.wait(f"{COLUMN.format('.took .figure')}.join() === '2.00 s,500 ms,100 ms'")
    assert page.run("document.querySelector('[aria-sort]').dataset.column") == "response"
    page.click("th[data-column='response'] button")
    page.wait(f"{COLUMN.format('.took .figure')}.join() === '100 ms,500 ms,2.00 s'")
    assert page.run("location.search") == "?order=response"
    page.open(f"{console}/traces?order=request")
    page.wait(f"{COLUMN.format('.request')}.join() === 'GET /dev/item/0,GET /dev/item/1,GET /dev/item/2'")


def test_figures_are_over_all_traces_and_pages_lead_through_them(api: Api, console: str, page: Page) -> None:
    """250 traces are two pages; count, shares and times are those of all of them."""
    api.put(lasting(*(0.1 if number < 247 else 3 for number in range(250)), fault_from=245))
    page.open(f"{console}/traces")
    page.wait(f"{ROWS} === 200")
    page.wait("document.querySelector('.figurebox strong').innerText === '250'")
    assert page.run(f"{COLUMN.replace('tbody {}', '.figurebox strong')}.join()") == (
        "250,100 ms,100 ms,3.00 s,0 %,0 %,2.0 %"
    )
    assert "200 of 250" in page.text(".pages")
    page.press("n")
    page.wait(f"{ROWS} === 50 && document.querySelector('.pages').innerText.includes('250 of 250')")
    page.run("history.back()")
    page.wait(f"{ROWS} === 200")


def test_failures_are_grouped_by_cause_and_a_group_opens(api: Api, console: str, page: Page) -> None:
    """The same exception at the same place, whatever numbers its message has, is one group."""
    api.put(failing("KeyError", "'order 17'", "KeyError", "'order 4'", "TimeoutError", "3 s"))
    api.put(requests(2))
    page.open(f"{console}/traces")
    page.wait(f"{ROWS} === 5")
    assert page.text("tbody .failedat") == "failed at shop KeyError: 'order 17'"
    page.press("g")
    page.wait("document.querySelectorAll('.group').length === 2")
    assert page.text(".group .pill") == "2"
    assert "KeyError" in page.text(".group .what")
    page.press("ArrowDown")
    page.press("Enter")
    page.wait(f"{ROWS} === 2 && document.querySelector('.alike')")
    assert page.run("document.querySelector('.alike b').innerText") == "KeyError"
    page.run("history.back()")
    page.wait("document.querySelectorAll('.group').length === 2")


def test_a_burst_is_shown_once_whole_and_without_asking_for_each(api: Api, console: str, page: Page) -> None:
    """Traces that come faster than they can be drawn are read together; none is missing, none twice."""
    page.open(f"{console}/traces")
    page.wait("document.querySelector('.empty')")
    before = len(page.requests())
    for number in range(150):
        api.put(requests(number + 1)[number:])
    page.wait(f"{ROWS} === 150")
    ids = page.run("[...document.querySelectorAll('tr[data-id]')].map((row) => row.dataset.id)")
    assert len(set(ids)) == 150
    assert len(page.requests()) - before < 100


def test_a_page_out_of_sight_asks_nothing_until_it_is_seen_again(api: Api, console: str, page: Page) -> None:
    """No question while hidden; on return the list is whole."""
    api.put(requests(1))
    page.open(f"{console}/traces")
    page.wait(f"{ROWS} === 1")
    page.run(hiding("hidden"))
    asked = len(page.requests())
    api.put(requests(3)[1:])
    page.run("fetch('/api/source').then((answer) => answer.text())")
    assert len(page.requests()) == asked + 1
    page.run(hiding("visible"))
    page.wait(f"{ROWS} === 3")


def test_back_returns_to_where_the_list_was_scrolled(api: Api, console: str, page: Page) -> None:
    """The row that was opened is in sight again."""
    api.put(requests(100))
    page.open(f"{console}/traces")
    page.wait(f"{ROWS} === 100")
    page.run("document.querySelector('main').scrollTop = 1500")
    page.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    page.run("document.querySelectorAll('tbody tr')[50].querySelector('td.began').click()")
    page.wait("location.pathname.startsWith('/trace/')")
    page.run("history.back()")
    page.wait("document.querySelector('main').scrollTop === 1500")


def test_an_unknown_address_says_so_and_leads_home(console: str, page: Page) -> None:
    """Answered with 404, and with a page that has a heading and a link."""
    page.open(f"{console}/nothing/here")
    assert page.answers()[0][1] == 404
    assert page.text("h1") == "There is no such page"
    page.click(".nowhere a")
    page.wait("location.pathname === '/traces'")


def lasting(*seconds: float, fault_from: int = 10**9) -> list[dict[str, Any]]:
    """One-segment requests that take so long, the newest last."""
    return [
        samples.segment(
            "shop",
            f"{number:016x}",
            number * 0.01,
            number * 0.01 + length,
            http={"request": {"method": "GET", "url": f"{samples.API}/item/{number}"}},
            fault=number >= fault_from or None,
        )
        | {"trace_id": f"1-6553f100-{number:024x}"}
        for number, length in enumerate(seconds)
    ]


def failing(*exceptions: str) -> list[dict[str, Any]]:
    """Requests that failed, by type and message of their exceptions."""
    pairs = list(zip(exceptions[::2], exceptions[1::2], strict=True))
    return [
        samples.segment(
            "shop",
            f"{number + 100:016x}",
            0.9 - number * 0.01,
            2,
            fault=True,
            cause=samples.cause(samples.exception(type_, message)),
        )
        | {"trace_id": f"1-6553f100-{number + 100:024x}"}
        for number, (type_, message) in enumerate(pairs)
    ]


def hiding(state: str) -> str:
    """JavaScript after which the page believes to be hidden, or visible."""
    return (
        f"Object.defineProperty(document, 'hidden', {{ value: {str(state == 'hidden').lower()},"
        " configurable: true }); document.dispatchEvent(new Event('visibilitychange'))"
    )
