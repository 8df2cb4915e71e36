"""Two traces side by side in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.waterfall import samples

if TYPE_CHECKING:
    from tests.waterfall.conftest import Api
    from tests.waterfall.web.browser import Page

OTHER_ID = "1-6553f101-0123456789abcdef01234567"


def other(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same documents as another trace."""
    return [{**document, "trace_id": OTHER_ID} for document in documents]


def test_equal_traces_are_called_equal(api: Api, console: str, page: Page) -> None:
    """Two runs of one request differ in nothing but ids and times."""
    api.put(samples.request())
    api.put(other(samples.request()))
    page.open(f"{console}/compare?a={samples.TRACE_ID}&b={OTHER_ID}")
    assert "Equal but for" in page.text(".verdict")
    assert page.count(".pair.differs") == 0
    assert page.count(".pair") > 8


def test_differences_are_marked_where_they_are(api: Api, console: str, page: Page) -> None:
    """What one trace lacks is shown as missing, what differs with both values; equal parts can be hidden."""
    api.put(samples.request())
    changed = samples.stage(2.384, samples.integration(2.382), status=202)
    api.put(other([changed, *samples.request()[1:3]]))
    page.open(f"{console}/compare?a={samples.TRACE_ID}&b={OTHER_ID}")
    page.wait("document.querySelector('.pair.alone .side.none')")
    assert "differences" in page.text(".verdict")
    assert "202" in page.text(".findings")
    pairs = page.count(".pair")
    page.click("label.check")
    page.wait(f"document.querySelectorAll('.pair').length < {pairs}")
    assert page.run("location.search").endswith("only=differences")


def test_in_a_narrow_window_names_and_bars_stay_within_their_side(api: Api, console: str, page: Page) -> None:
    """The deepest row too has room for a name, and its bar ends before the other side begins."""
    api.put(samples.request())
    api.put(other(samples.request()))
    page.resize(800)
    page.open(f"{console}/compare?a={samples.TRACE_ID}&b={OTHER_ID}")
    page.wait("document.querySelectorAll('.pair').length > 8")
    side = "[...document.querySelectorAll('.pair .side:first-child:not(.none)')]"
    narrowest = f"Math.min(...{side}.map((one) => one.querySelector('.text').clientWidth))"
    beyond = f"{side}.filter((one) => one.scrollWidth > one.clientWidth).length"
    assert page.run(narrowest) > 60
    assert page.run(beyond) == 0


def test_ids_are_asked_for(api: Api, console: str, page: Page) -> None:
    """Without ids the page says how to choose two, and takes them typed."""
    api.put(samples.request())
    page.open(f"{console}/compare?a={samples.TRACE_ID}")
    assert "Mark two" in page.text(".empty")
    page.click("[name=b]")
    page.type(samples.TRACE_ID)
    page.press("Enter")
    page.wait("document.querySelectorAll('.pair').length > 5")


def test_a_wrong_id_is_named(console: str, page: Page) -> None:
    """An id that is none is answered with what an id looks like."""
    page.open(f"{console}/compare?a=nonsense&b={samples.TRACE_ID}")
    assert "'nonsense' is not a trace id" in page.text(".problem")
