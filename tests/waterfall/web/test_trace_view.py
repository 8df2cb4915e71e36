"""The waterfall in a real browser."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.waterfall import samples
from tests.waterfall.web.many import LONG, SCRIPT, deep_and_wide, hostile

if TYPE_CHECKING:
    from tests.waterfall.conftest import Api
    from tests.waterfall.web.browser import Page

NODES = "document.querySelectorAll('.row[role=treeitem]:not(.remark)').length"
NAMES = "[...document.querySelectorAll('.row[role=treeitem]:not(.remark) .text')].map((one) => one.innerText)"


@pytest.fixture
def address(console: str) -> str:
    return f"{console}/trace/{samples.TRACE_ID}"


def row(name: str) -> str:
    """The expression of the row with that name."""
    wanted = f"(row) => row.querySelector('.text').innerText === {json.dumps(name)}"
    return f"[...document.querySelectorAll('.row[role=treeitem]:not(.remark)')].find({wanted})"


def test_the_waterfall_shows_what_the_terminal_shows(api: Api, address: str, page: Page) -> None:
    """Every node stands in the same order, under the same name, as in `waterfall show`."""
    api.put(samples.request())
    page.resize(1280, 1400)
    page.open(address)
    trace = api.reader().get([samples.TRACE_ID])[0]
    page.wait(f"{NODES} === {len(trace.nodes)}")
    shown = page.run(NAMES)
    assert [name.split(" ")[0] for name in shown] == [node.name.split(" ")[0] for node in trace.nodes]
    assert page.text(".head .facts strong") == "2.38 s"
    assert "cold start: front, worker" in page.text(".head")
    assert "sampled by rule traced-api-dev" in page.text(".head")
    assert "Most time in simulate slow work" in page.text(".head .most")


def test_bars_lie_where_the_time_was_spent(api: Api, address: str, page: Page) -> None:
    """A bar's left edge and width are the node's share of the one time axis."""
    api.put(samples.request())
    page.resize(1280, 1400)
    page.open(address)
    page.wait(f"{NODES} > 5")
    work = row("simulate slow work")
    lane_left, _, lane_width, _ = page.box(f"{work}.querySelector('.lane')")
    left, _, width, _ = page.box(f"{work}.querySelector('.bar')")
    assert (left - lane_left) / lane_width == pytest.approx(0.314 / 2.384, abs=0.005)
    assert width / lane_width == pytest.approx(2.001 / 2.384, abs=0.005)


def test_a_pause_of_the_debugger_is_a_band_and_in_no_time(api: Api, address: str, page: Page) -> None:
    """It stands where somebody stood; of three seconds of which one was that, two are left."""
    api.put([samples.paused()])
    page.open(address)
    page.wait(f"{NODES} === 2")
    assert page.text(".head .facts strong") == "2.00 s"
    assert "without 1.00 s in the debugger" in page.text(".head")
    paused = row("Paused stood.py:7")
    assert page.run(f"{paused}.querySelector('.took').innerText") == "1.00 s"
    lane_left, _, lane_width, _ = page.box(f"{row('stood')}.querySelector('.lane')")
    left, _, width, _ = page.box(f"{row('stood')}.querySelector('.pause')")
    assert (left + width / 2 - lane_left) / lane_width == pytest.approx(0.5, abs=0.02)


def test_bands_of_the_debugger_are_explained_where_there_are_some(api: Api, console: str, page: Page) -> None:
    """By the colours below the chart."""
    api.put([samples.paused()])
    page.open(f"{console}/trace/{samples.TRACE_ID}")
    page.wait(f"{NODES} === 2")
    assert "in the debugger" in page.text(".legend")
    other = "1-6553f101-0123456789abcdef01234567"
    api.put([{**document, "trace_id": other} for document in samples.request()])
    page.open(f"{console}/trace/{other}")
    page.wait(f"{NODES} > 5")
    assert "in the debugger" not in page.text(".legend")


def test_a_function_that_met_a_fault_is_marked(api: Api, address: str, page: Page) -> None:
    """A badge stands at the function alone, and says which experiment it was."""
    api.put(samples.disturbed())
    page.open(address)
    page.wait(f"{NODES} > 4")
    assert page.count(".badge.injected") == 1
    badge = "document.querySelector('.badge.injected')"
    assert page.run(f"{badge}.title") == "injected by on-purpose"
    assert page.run(f"{badge}.closest('.row').querySelector('.text').innerText") == "worker"
    assert "fault.injected = on-purpose" in page.text(".rows")


def test_cold_start_and_overhead_are_told_apart(api: Api, address: str, page: Page) -> None:
    """Lambda's own phases have bars of their own kind, and their function a badge."""
    api.put(samples.request())
    page.resize(1280, 1400)
    page.open(address)
    page.wait(f"{NODES} > 5")
    assert page.count(".bar.phase") == 2
    assert page.count(".bar.overhead") == 2
    assert (
        page.run(
            "[...document.querySelectorAll('.badge')].filter((one) => one.innerText === 'cold start').length"
        )
        == 2
    )


def test_the_critical_path_runs_through_the_slow_work(api: Api, address: str, page: Page) -> None:
    """The work that everything waited for is underlined; `p` takes the lines away."""
    api.put(samples.request())
    page.resize(1280, 1400)
    page.open(address)
    page.wait("document.querySelector('.lane .critical')")
    work = row("simulate slow work")
    _, _, length, _ = page.box(f"{work}.querySelector('.critical')")
    _, _, whole, _ = page.box(f"{work}.querySelector('.bar')")
    assert length == pytest.approx(whole, rel=0.02)
    page.press("p")
    page.wait("!document.querySelector('.lane .critical') && location.search === '?critical=off'")


def test_a_node_closes_and_opens(api: Api, address: str, page: Page) -> None:
    """A closed node hides what is below it and says how much; the address keeps it closed."""
    api.put(samples.request())
    page.resize(1280, 1400)
    page.open(address)
    page.wait(f"{NODES} > 5")
    page.run(f"{row('CallSecondLambda')}.querySelector('.toggle').click()")
    page.wait(f"!{NAMES}.includes('worker.handler')")
    assert page.run(f"{row('CallSecondLambda')}.querySelector('.count').innerText") == "+10"
    closed = page.run("location.href")
    page.open(closed + "#again")
    page.wait(f"{NODES} > 5 && !{NAMES}.includes('worker.handler')")
    page.run(f"{row('CallSecondLambda')}.querySelector('.toggle').click()")
    page.wait(f"{NAMES}.includes('worker.handler')")


def test_arrows_walk_the_tree(api: Api, address: str, page: Page) -> None:
    """Down and up move, left closes or climbs, right opens, Enter shows details and Escape hides them."""
    api.put(samples.request())
    page.open(address)
    page.wait(f"{NODES} > 5")
    chosen = "document.querySelector('.row.chosen .text')?.innerText"
    for key in ("ArrowDown", "ArrowDown"):
        page.press(key)
    assert page.run(chosen) == "Lambda Invoke"
    page.press("ArrowLeft")
    page.wait(f"{NODES} === 2")
    page.press("ArrowRight")
    page.wait(f"{NODES} > 5")
    page.press("ArrowRight")
    page.press("ArrowLeft")
    page.press("ArrowLeft")
    assert page.run(chosen) == "Lambda Invoke"
    page.press("Enter")
    assert page.text(".details h2") == "Lambda"
    page.press("Escape")
    page.wait("document.querySelector('.details').hidden")


def test_details_hold_everything_about_a_node(api: Api, address: str, page: Page) -> None:
    """A click shows overview, resources, annotations, metadata and the raw document."""
    api.put(samples.request())
    page.resize(1280, 1400)
    page.open(address)
    page.wait(f"{NODES} > 5")
    page.run(f"{row('simulate slow work')}.click()")
    assert "2.00 s" in page.text(".details .content")
    page.click("[data-tab=metadata]")
    assert "seconds" in page.text(".details .content")
    page.run(f"{row('CallSecondLambda')}.click()")
    page.click("[data-tab=annotations]")
    assert "SecondLambdaStatus" in page.text(".details .content")
    page.click("[data-tab=raw]")
    page.wait("document.querySelector('.raw').innerText.includes('b000000000000005')")
    page.run(f"{row('DynamoDB PutItem greetings')}.click()")
    page.click("[data-tab=resources]")
    assert "table_name" in page.text(".details .content")


def test_an_exception_is_inline_and_its_stack_in_the_details(api: Api, address: str, page: Page) -> None:
    """Type and message stand under the node that raised; its details show the stack, innermost first."""
    api.put(samples.failed())
    page.open(address)
    remark = page.text(".remark.fault, .remark.error")
    page.click(".remark.fault, .remark.error")
    assert page.text(".details [aria-selected=true]").startswith("Exceptions")
    title = page.text(".exception h3")
    assert title in remark
    assert page.text(".stack li:first-child").startswith("load app.py:31")


def test_orphans_and_unfinished_nodes_say_why(api: Api, address: str, page: Page) -> None:
    """What has no parent or no end carries its reason under it."""
    api.put(samples.orphaned())
    page.open(address)
    notes = "[...document.querySelectorAll('.remark.note')].map((one) => one.innerText)"
    page.wait(f"{notes}.some((note) => note.includes('orphan: its parent'))")


def test_an_unfinished_node_has_an_open_bar_and_a_reason(api: Api, address: str, page: Page) -> None:
    """A node without an end fades out at the end of the axis."""
    api.put(samples.timed_out())
    page.open(address)
    page.wait("document.querySelectorAll('.bar.open').length === 2")
    assert "unfinished: no end has arrived" in page.text(".remark.note")
    assert "not finished" in page.text(".head .facts")


def test_the_consumer_of_a_message_is_one_click_away(api: Api, console: str, page: Page) -> None:
    """It is named above the waterfall as soon as its trace has come."""
    api.put(samples.request())
    page.open(f"{console}/trace/{samples.TRACE_ID}")
    page.wait(f"{NODES} > 10")
    api.put(samples.consumer())
    page.wait("document.querySelector('.linked a')")
    page.click(".linked a")
    page.wait(f"location.pathname.endsWith('{samples.CONSUMER_ID}')")


def test_a_linked_trace_is_one_click_away(api: Api, console: str, page: Page) -> None:
    """The consumer's trace leads to the trace of the request that sent the message."""
    api.put(samples.request())
    api.put(samples.consumer())
    page.open(f"{console}/trace/{samples.CONSUMER_ID}")
    page.wait("document.querySelector('.linked a')")  # which moves the rows down
    page.click(".remark.link a")
    page.wait(f"location.pathname.endsWith('{samples.TRACE_ID}') && {NODES} > 10")


def test_a_trace_that_grows_is_drawn_anew(api: Api, address: str, page: Page) -> None:
    """Segments that arrive later appear without a reload, and what was closed stays closed."""
    documents = samples.request()
    api.put(documents[:1])
    page.open(address)
    page.wait(f"{NODES} === 2")
    api.put(documents[1:3])
    page.wait(f"{NODES} > 5")


def test_a_click_counts_though_news_arrive_under_it(api: Api, address: str, page: Page) -> None:
    """What is drawn anew while the mouse is down loses the click: it waits until the mouse is up."""
    documents = samples.request()
    api.put(documents[:1])
    page.open(address)
    page.wait(f"{NODES} === 2")
    left, top, width, height = page.box("document.querySelector('.row[role=treeitem]:not(.remark)')")
    at = left + width / 4, top + height / 2
    answers = (
        "performance.getEntriesByType('resource').filter((one) => one.name.includes('/api/traces/')).length"
    )
    page.mouse("Pressed", at)
    before = page.run(answers)
    api.put(documents[1:3])
    page.wait(f"{answers} > {before}")
    page.mouse("Released", at)
    page.wait("!document.querySelector('.details').hidden")
    page.wait(f"{NODES} > 5")


def test_a_missing_trace_is_named(console: str, page: Page) -> None:
    """An id that X-Ray does not have gets a sentence and a way back."""
    page.open(f"{console}/trace/{samples.TRACE_ID}")
    assert f"no trace {samples.TRACE_ID}" in page.text(".empty")
    assert page.text(".head .button") == "All traces"


def test_a_deep_link_opens_the_details_of_a_node(api: Api, address: str, page: Page) -> None:
    """The address names the node and the tab that are open."""
    api.put(samples.request())
    page.open(f"{address}?node=c000000000000004&tab=metadata")
    assert page.text(".details h2") == "simulate slow work"
    assert "seconds" in page.text(".details .content")


@pytest.mark.parametrize("tab", ["overview", "resources", "annotations", "metadata", "exceptions", "raw"])
def test_markup_in_a_trace_stays_text(api: Api, address: str, page: Page, tab: str) -> None:
    """Names, annotations, metadata, exceptions and stacks are shown as text and never run."""
    api.put(hostile())
    page.open(f"{address}?node=b000000000000002&tab={tab}")
    page.wait("document.querySelector('.details .content')?.innerText.length > 20")
    assert page.run("window.attacked") is None
    assert page.count("main script, main img, a[href^='javascript:']") == 0
    if tab in {"annotations", "exceptions"}:
        assert SCRIPT in page.text(".details .content")


def test_markup_in_a_trace_stays_text_in_the_list(api: Api, address: str, page: Page) -> None:
    """Where it is the trace's URL, and no link."""
    api.put(hostile())
    page.open(address.partition("/trace")[0] + "/traces")
    page.wait("document.querySelectorAll('tbody tr').length === 1")
    assert page.run("window.attacked") is None
    assert page.count("a[href^='javascript:']") == 0


def test_a_name_of_10_kb_breaks_no_layout(api: Api, address: str, page: Page) -> None:
    """However long a name, nothing is wider than the window."""
    api.put(hostile())
    for path in (
        address,
        f"{address}?node=b000000000000002&tab=metadata",
        address.partition("/trace")[0] + "/traces",
        address.partition("/trace")[0] + "/map",
    ):
        page.open(path)
        page.wait("document.querySelector('.row, tbody tr, a.service')")
        assert page.run("document.documentElement.scrollWidth") <= 1280
    assert len(LONG) == 10_000


def test_2000_nodes_are_drawn_by_the_screenful(api: Api, address: str, page: Page) -> None:
    """Only what is in sight exists as rows, wherever one scrolls, and the last node is reached."""
    api.put(deep_and_wide(2000))
    page.open(address)
    page.wait(f"{NODES} > 10")
    assert page.run(NODES) < 80
    page.run(
        "(() => { const rows = document.querySelector('.rows'); rows.scrollTop = rows.scrollHeight; })()"
    )
    page.wait(f"{NAMES}.includes('step 198.8')")
    assert page.run(NODES) < 80
    page.press("e")
    page.wait(f"{NODES} === 1")
    page.press("e")
    page.wait(f"{NODES} > 10")


def test_scrolling_never_draws_more_than_a_screenful(api: Api, address: str, page: Page) -> None:
    """At each of thirty places in a trace of 2,000 nodes only some dozens of rows exist."""
    api.put(deep_and_wide(2000))
    page.open(address)
    page.wait(f"{NODES} > 10")
    most = page.run(
        "(async () => { const rows = document.querySelector('.rows'); let most = 0;"
        " for (let step = 1; step <= 30; step += 1) { rows.scrollTop = step * 1500;"
        f" await new Promise(requestAnimationFrame); most = Math.max(most, {NODES}); }} return most; }})()"
    )
    assert 10 < most < 80


def test_what_a_cold_start_cost_stays_in_its_bar_until_it_is_opened(
    api: Api, address: str, page: Page
) -> None:
    """Imports and clients, one by one, would hide the request."""
    cost = samples.subsegment(
        "import boto3", "c000000000000001", 0, 0.5, metadata={"init": {"import": "boto3"}}
    )
    own = samples.subsegment(
        "init", "b000000000000002", 0, 1, subsegments=[cost], metadata={"init": {"not_measured": []}}
    )
    init = samples.subsegment("Init", "b000000000000001", 0, 1)
    function = samples.segment("front", "a000000000000001", 1, 2, origin="AWS::Lambda::Function")
    api.put([{**function, "subsegments": [init, own]}])
    page.open(address)
    page.wait(f"{NODES} === 2")
    page.click(".row[aria-expanded=false] [aria-label=Open]")
    page.wait(f"{NODES} === 4")
