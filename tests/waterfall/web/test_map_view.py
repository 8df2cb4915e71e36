"""The service map in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.waterfall import samples

if TYPE_CHECKING:
    from tests.waterfall.conftest import Api
    from tests.waterfall.web.browser import Page

SERVICES = "document.querySelectorAll('a.service').length"
NAME = "((one) => [...one.querySelectorAll('.label')].map((line) => line.textContent).join(''))"
LABELS = f"[...document.querySelectorAll('a.service')].map({NAME})"
OVERLAPS = """(() => {
  const boxes = [...document.querySelectorAll('a.service')].map((one) => one.getBoundingClientRect());
  return boxes.flatMap((a, i) => boxes.slice(i + 1).filter((b) =>
    a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height)).length;
})()"""


def test_services_have_name_type_rate_latency_and_ring(api: Api, console: str, page: Page) -> None:
    """A service tells what it is, how often it was called, how long that took and how it went."""
    api.put(samples.request())
    page.open(f"{console}/map")
    page.wait(f"{SERVICES} > 4")
    front = f"[...document.querySelectorAll('a.service')].find((one) => {NAME}(one) === 'front')"
    assert page.run(f"{front}.querySelector('.type').textContent") == "Lambda"
    assert "2.37 s" in page.run(f"{front}.querySelector('.figures').textContent")
    assert page.run(f"{front}.querySelectorAll('.ring.ok').length") == 1
    assert page.run(f"{front}.querySelectorAll('.icon path').length") > 0
    assert page.count(".edge") >= 5
    assert page.run(
        "[...document.querySelectorAll('.edgelabel')].some((one) => one.textContent.includes(' s'))"
    )


def test_a_map_that_has_not_come_yet_says_so(console: str, page: Page) -> None:
    """And what is chosen can be read meanwhile."""
    page.call("Fetch.enable", patterns=[{"urlPattern": "*/api/map*"}])
    page.open(f"{console}/map")
    page.wait("document.querySelector('main').innerText.includes('Loading the map')")
    chosen = "[...document.querySelectorAll('select')].map((one) => one.selectedOptions[0]?.textContent)"
    assert page.run(chosen) == ["Last 1 hour", "Around: everything"]
    page.call("Fetch.disable")


def test_faults_colour_the_ring_and_the_edge(api: Api, console: str, page: Page) -> None:
    """What failed is seen without reading."""
    api.put(samples.failed())
    page.open(f"{console}/map")
    page.wait("document.querySelector('.ring.fault') && document.querySelector('.edge.fault')")


def test_a_function_that_met_a_fault_is_marked(api: Api, console: str, page: Page) -> None:
    """On the map of some time and on that of the trace: the function, and nothing else."""
    api.put(samples.disturbed())
    for address in ("map", f"map?trace={samples.TRACE_ID}"):
        page.open(f"{console}/{address}")
        page.wait(f"{SERVICES} > 1")
        marked = "[...document.querySelectorAll('a.service')].filter((one) => one.querySelector('.bolt'))"
        assert page.run(f"{marked}.map({NAME})") == ["worker"]
        assert "met injected faults" in page.run(f"{marked}[0].getAttribute('aria-label')")


def test_a_click_on_a_service_lists_its_traces(api: Api, console: str, page: Page) -> None:
    """The list is filtered by the service's name and type, over the same time."""
    api.put(samples.request())
    page.open(f"{console}/map?since=15m")
    page.wait(f"{SERVICES} > 4")
    page.click("a.service[aria-label*='worker']")
    page.wait("location.pathname === '/traces'")
    expression = page.run("new URLSearchParams(location.search).get('filter')")
    assert expression == 'service(id(name: "worker", type: "AWS::Lambda"))'
    assert page.run("new URLSearchParams(location.search).get('since')") == "15m"
    page.wait("document.querySelectorAll('tbody tr').length === 1")


def test_the_map_grows_while_requests_come_in(api: Api, console: str, page: Page) -> None:
    """A service that is seen for the first time appears without a reload."""
    api.put(samples.orphaned())
    page.open(f"{console}/map")
    page.wait(f"{SERVICES} > 1")
    api.put(samples.consumer())
    page.wait(f"{LABELS}.includes('consumer')")


def test_lambda_s_two_services_are_one_unless_told_apart(api: Api, console: str, page: Page) -> None:
    """A function is one service; X-Ray's two are shown on demand, and the address keeps that."""
    api.put(samples.request())
    page.open(f"{console}/map")
    page.wait(f"{LABELS}.filter((name) => name === 'front').length === 1")
    page.click("label.check")
    page.wait(f"{LABELS}.filter((name) => name === 'front').length === 2")
    assert page.run("location.search") == "?lambda=split"


def test_the_map_of_one_trace_leads_back_to_it(api: Api, console: str, page: Page) -> None:
    """With `trace` in the address the map shows that trace only."""
    api.put(samples.request())
    page.open(f"{console}/map?trace={samples.TRACE_ID}")
    page.wait(f"{SERVICES} > 4")
    assert samples.TRACE_ID in page.text(".scope")


def test_keys_walk_the_services(api: Api, console: str, page: Page) -> None:
    """Arrows move from service to service, Enter opens its traces, plus and zero zoom."""
    api.put(samples.request())
    page.open(f"{console}/map")
    page.wait(f"{SERVICES} > 4")
    before = page.run("document.querySelector('.picture > g').getAttribute('transform')")
    page.press("+")
    assert page.run("document.querySelector('.picture > g').getAttribute('transform')") != before
    page.press("0")
    assert page.run("document.querySelector('.picture > g').getAttribute('transform')") == before
    page.press("ArrowRight")
    page.press("ArrowRight")
    page.wait("document.activeElement.matches('a.service')")
    page.press("Enter")
    page.wait("location.pathname === '/traces'")


def test_a_map_is_narrowed_by_name_failures_and_neighbourhood(api: Api, console: str, page: Page) -> None:
    """What is chosen stands in the address, and what is not leaves the map."""
    api.put(samples.failed())
    page.open(f"{console}/map")
    page.wait(f"{SERVICES} > 3")
    everything = page.run(SERVICES)
    page.press("/")
    page.type("FRONT")
    page.wait(f"{LABELS}.join() === 'front'")
    assert page.run("location.search") == "?name=FRONT"
    page.open(f"{console}/map?failing=yes")
    page.wait(f"{SERVICES} > 0 && {SERVICES} < {everything}")
    page.open(f"{console}/map?name=nothing-of-that")
    page.click(".empty button")
    page.wait(f"{SERVICES} === {everything}")


def test_n_shows_a_service_and_its_neighbours_alone(api: Api, console: str, page: Page) -> None:
    """The one in focus, what calls it and what it calls."""
    api.put(samples.request())
    page.open(f"{console}/map")
    page.wait(f"{SERVICES} > 4")
    page.run("document.querySelector('a.service').focus()")
    page.press("n")
    page.wait(f"{SERVICES} === 2")
    assert page.run("new URLSearchParams(location.search).get('around')").strip()


def test_the_calls_of_the_service_in_focus_stand_out(api: Api, console: str, page: Page) -> None:
    """All others step back, until the focus is elsewhere."""
    api.put(samples.request())
    page.open(f"{console}/map")
    page.wait(f"{SERVICES} > 4")
    page.press("ArrowRight")
    page.wait("document.querySelectorAll('.pointing .edge.near').length > 0")
    assert page.count(".edge:not(.near)") > 0
    page.run("document.activeElement.blur()")
    page.wait("!document.querySelector('.pointing')")


def test_names_of_a_large_map_are_large_enough_to_read(api: Api, console: str, page: Page) -> None:
    """60 services are shown whole, with nothing but their names, which have 8 pixels and more."""
    api.put(services(60))
    page.open(f"{console}/map")
    page.wait(f"{SERVICES} === 60")
    assert page.count(".service .figures") == 0
    heights = "[...document.querySelectorAll('.service .label')].map((one) => one.getBoundingClientRect())"
    assert page.run(f"Math.min(...{heights}.map(({{ height }}) => height))") >= 8


@pytest.mark.parametrize("width", [800, 1280])
def test_a_map_of_fifty_services_is_seen_whole(api: Api, console: str, page: Page, width: int) -> None:
    """In a wide window and in a narrow one, with names of 8 pixels and more."""
    api.put(services(50))
    page.resize(width)
    page.open(f"{console}/map")
    page.wait(f"{SERVICES} === 50")
    beyond = """(() => { const box = document.querySelector('.canvas').getBoundingClientRect();
      return [...document.querySelectorAll('a.service')].map((one) => one.getBoundingClientRect())
        .filter((one) => one.x < box.x || one.right > box.right || one.bottom > box.bottom).length; })()"""
    assert page.run(beyond) == 0
    heights = "[...document.querySelectorAll('.service .label')].map((one) => one.getBoundingClientRect())"
    assert page.run(f"Math.min(...{heights}.map(({{ height }}) => height))") >= 8


@pytest.mark.parametrize("width", [1280, 420])
@pytest.mark.parametrize("count", [2, 13, 60])
def test_services_never_overlap(api: Api, console: str, page: Page, width: int, count: int) -> None:
    """Neither circles nor words of two services touch, from 2 to 60 services."""
    api.put(services(count))
    page.resize(width)
    page.open(f"{console}/map")
    page.wait(f"{SERVICES} === {count}")
    assert page.run(OVERLAPS) == 0


def services(count: int) -> list[dict[str, object]]:
    """One trace in which `count` - 1 services call each other; the client is the last."""
    return [
        samples.segment(
            f"a-service-with-a-long-name-{number}",
            f"{number + 1:016x}",
            number * 0.001,
            1 - number * 0.001,
            parent_id=f"{(number - 1) // 3 + 1:016x}" if number else None,
            http={"request": {"method": "GET", "url": samples.API}, "response": {"status": 200}},
        )
        for number in range(count - 1)
    ]
