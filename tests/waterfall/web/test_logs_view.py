"""Logs below the waterfall, in a real browser."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.waterfall import samples
from tests.waterfall.logs.writing import OTHER_ID, Stream, request_id
from tests.waterfall.web.accessibility import serious
from tests.waterfall.web.many import LONG, SCRIPT

if TYPE_CHECKING:
    from tests.waterfall.cloud import Cloud
    from tests.waterfall.conftest import Api
    from tests.waterfall.web.browser import Page

SAID = "[...document.querySelectorAll('.logs .line .said')].map((one) => one.firstChild.data)"
CHIPS = "[...document.querySelectorAll('.logs .chips button')].map((one) => one.innerText.split(/\\s/)[0])"

HANDLER = "(one) => one.innerText === 'worker.handler'"


def line(text: str) -> str:
    """The expression of the line with that message."""
    wanted = f"(one) => one.querySelector('.said').innerText.startsWith({json.dumps(text)})"
    return f"[...document.querySelectorAll('.logs .line')].find({wanted})"


@pytest.fixture
def traced(cloud: Cloud, cloud_console: str) -> str:
    """The address of a trace whose front and worker wrote, front in JSON and worker in text."""
    documents = samples.request()
    for document, number in ((documents[1], 1), (documents[3], 2)):
        document["aws"] = {"request_id": request_id(number)}
    cloud.put(documents)
    front = Stream().run(0.176, 2.379, 1, "printed")
    front.events[-1:-1] = Stream().said(0.5, 1, "asking", price=3, who={"name": "Ada"}).events
    front.events[-1:-1] = Stream().said(0.6, 1, "slow", "WARNING").events
    worker = Stream("worker").run_in_text(0.311, 2.366, 2, "working", "[ERROR] KeyError: 'x'\n  in handler")
    cloud.write(front, worker, Stream(name="other").run(0.2, 0.3, 9, "another's", traced=OTHER_ID))
    return f"{cloud_console}/trace/{cloud.trace_id}"


def open_logs(page: Page, address: str, lines: int) -> None:
    page.open(address)
    page.wait("document.querySelector('.row')")
    page.press("l")
    page.wait(f"{SAID}.length >= {lines}")


def test_logs_are_read_when_they_are_wanted(traced: str, page: Page) -> None:
    """Not before `l` or the button; then the lines of all functions stand in the order of time."""
    page.open(traced)
    page.wait("document.querySelector('.row')")
    assert not any(address.endswith("/logs") for address in page.requests())
    page.press("l")
    page.wait(f"{SAID}.includes('working')")
    said = page.run(SAID)
    assert [one for one in said if not one.startswith(("START", "END", "REPORT"))] == [
        "printed",
        "working",
        "KeyError: 'x'\n  in handler",
        "asking",
        "slow",
    ]
    assert page.run(CHIPS) == ["All", "front", "worker"]
    assert page.run("location.search") == "?logs=on"
    page.press("l")
    page.wait("document.querySelector('.logs').hidden && location.search === ''")


def test_the_names_of_functions_can_be_told_from_the_page(traced: str, page: Page) -> None:
    """Each has a colour, with enough contrast in light and in dark."""
    open_logs(page, traced, 7)
    assert page.count(".logs .who") > 5
    assert [found for found in serious(page) if 'class="who' in found] == []


def test_a_chosen_row_narrows_to_its_invocation(traced: str, page: Page) -> None:
    """Any row inside a function's run shows only what that run wrote; a row outside all shows everything."""
    open_logs(page, traced, 7)
    page.run(f"[...document.querySelectorAll('.row .text')].find({HANDLER}).click()")
    page.wait(f"{SAID}.includes('working') && !{SAID}.includes('asking')")
    assert page.count(".logs .who") == 0
    page.wait("location.search.includes('logs=c000000000000002')")
    page.run("document.querySelector('.row .text').click()")
    page.wait(f"{SAID}.includes('working') && {SAID}.includes('asking')")


def test_the_address_keeps_logs_and_their_function(traced: str, page: Page) -> None:
    """A link shows the same lines again."""
    page.open(f"{traced}?logs=b000000000000002")
    page.wait(f"{SAID}.includes('asking')")
    assert "working" not in page.run(SAID)
    page.click(".logs .chips button")
    page.wait(f"{SAID}.includes('working') && location.search === '?logs=on'")


def test_a_json_line_opens_to_its_fields(traced: str, page: Page) -> None:
    """Beside the message stands what the handler added; opened, every field has a line of its own."""
    open_logs(page, traced, 7)
    assert page.run(f"{line('asking')}.querySelector('.extras').innerText") == ' price=3 who={"name":"Ada"}'
    page.run(f"{line('asking')}.querySelector('.toggle').click()")
    page.wait(f"{line('asking')}.querySelector('.fields')")
    assert page.run("document.activeElement.matches('.logs .toggle[aria-expanded=true]')")
    assert page.run(f"{line('asking')}.querySelector('.fields dt').innerText") == "price"
    assert request_id(1) in page.run(f"{line('asking')}.querySelector('.fields').innerText")


def test_levels_have_colours(traced: str, page: Page) -> None:
    """Warnings and errors stand out from the rest, and from each other, in light and dark."""
    open_logs(page, traced, 7)
    colour = "getComputedStyle({}).backgroundColor"
    for scheme in ("light", "dark"):
        page.prefer(scheme)
        found = {page.run(colour.format(line(text))) for text in ("asking", "slow", "KeyError")}
        assert len(found) == 3


def test_a_function_without_lines_says_why(cloud: Cloud, cloud_console: str, page: Page) -> None:
    """Where there is no log group, that is what is shown."""
    cloud.put(samples.request())
    page.open(f"{cloud_console}/trace/{cloud.trace_id}?logs=on")
    assert "no log group /aws/lambda/front" in page.text(".logs .warning")
    assert page.count(".logs .warning") == 2


def test_an_endpoint_without_logs_says_so(api: Api, console: str, page: Page) -> None:
    """An X-Ray that stands alone has no CloudWatch Logs beside it."""
    api.put(samples.request())
    page.open(f"{console}/trace/{samples.TRACE_ID}?logs=on")
    assert "CloudWatch Logs refused FilterLogEvents" in page.text(".logs .problem")


def test_a_trace_without_functions_says_so(api: Api, console: str, page: Page) -> None:
    """There is nothing to look for."""
    api.put([samples.segment("own", "a000000000000001", 0, 1)])
    page.open(f"{console}/trace/{samples.TRACE_ID}?logs=on")
    page.wait("document.querySelector('.logs .none')?.innerText.startsWith('No function of this trace')")


def test_what_functions_write_is_only_text(cloud: Cloud, cloud_console: str, page: Page) -> None:
    """Markup in a message, a field or a name of one runs nowhere, and long ones are bounded."""
    cloud.put(
        [
            samples.service("front", "b000000000000001", None, 0, 1, aws={"request_id": request_id(1)}),
            samples.function("front", "b000000000000002", "b000000000000001", 0, 1),
        ]
    )
    fields: dict[str, Any] = {SCRIPT: SCRIPT, "deep": {SCRIPT: [SCRIPT]}}
    cloud.write(Stream().said(0.1, 1, SCRIPT + LONG * 5, "ERROR", **fields))
    open_logs(page, f"{cloud_console}/trace/{cloud.trace_id}", 1)
    page.click(".logs .toggle")
    page.wait("document.querySelector('.logs .fields')")
    assert page.run("window.attacked") is None
    assert SCRIPT in page.text(".logs .said")
    assert page.run("document.querySelectorAll('.logs script, .logs img').length") == 0
    assert page.run("document.documentElement.scrollWidth <= innerWidth")


def test_logs_fit_a_narrow_window(traced: str, page: Page) -> None:
    """At 420 pixels nothing has to be scrolled sideways, and the waterfall stays in sight."""
    page.resize(420, 860)
    open_logs(page, traced, 7)
    assert page.run("document.documentElement.scrollWidth") <= 420
    assert page.run("document.querySelector('.logs .lines').scrollWidth") <= 420
    assert page.box("document.querySelector('.chart')")[3] > 150


def test_lines_that_come_late_are_added(cloud: Cloud, traced: str, page: Page) -> None:
    """While a trace is young, its logs are read again."""
    open_logs(page, traced, 7)
    cloud.write(Stream("worker", "late").run_in_text(2.0, 2.1, 2, "afterwards"))
    page.wait(f"{SAID}.includes('afterwards')")


def test_the_api_answers_with_invocations(cloud: Cloud, cloud_console: str, traced: str) -> None:
    """In the form of `waterfall logs --trace --json`."""
    answer = httpx.get(f"{cloud_console}/api/traces/{traced.rpartition('/')[2]}/logs", trust_env=False).json()
    assert (answer["format"], answer["trace"]) == ("waterfall.logs/1", cloud.trace_id)
    assert [(one["function"], len(one["lines"]), one["more"]) for one in answer["invocations"]] == [
        ("front", 5, 0),
        ("worker", 5, 0),
    ]


def test_keys_work_the_logs(traced: str, page: Page) -> None:
    """Arrows scroll the lines that have the focus, and Escape closes them from the waterfall."""
    page.resize(1280, 500)
    open_logs(page, traced, 7)
    page.run("document.querySelector('.logs .lines').focus()")
    page.press("ArrowDown")
    page.wait("document.querySelector('.logs .lines').scrollTop > 0")
    assert page.count(".row.chosen") == 0
    page.run("document.querySelector('.rows').focus()")
    page.press("Escape")
    page.wait("document.querySelector('.logs').hidden")
