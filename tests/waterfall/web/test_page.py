"""The frame around the views: theme, keys, narrow windows, and what may leave the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.waterfall import samples

if TYPE_CHECKING:
    from tests.waterfall.conftest import Api
    from tests.waterfall.web.browser import Page

BACKGROUND = "getComputedStyle(document.body).backgroundColor"
VIEWS = (
    "/traces",
    "/map",
    f"/trace/{samples.TRACE_ID}",
    f"/compare?a={samples.TRACE_ID}&b={samples.TRACE_ID}",
    f"/why?request={samples.TRACE_ID}",
)
DRAWN = "document.querySelector('tbody tr, a.service, .row, .pair, .reasons li')"


def test_the_theme_follows_the_system(console: str, page: Page) -> None:
    """Dark when the system prefers dark."""
    page.prefer("light")
    page.open(f"{console}/traces")
    light = page.run(BACKGROUND)
    page.prefer("dark")
    dark = page.wait(f"{BACKGROUND} !== '{light}' && {BACKGROUND}")
    assert sum(map(int, dark[4:-1].split(","))) < 120


def test_a_chosen_theme_outweighs_the_system_and_stays(console: str, page: Page) -> None:
    """The button switches to dark, which a reload keeps."""
    page.prefer("light")
    page.open(f"{console}/traces")
    light = page.run(BACKGROUND)
    page.click("button.theme")
    page.wait(f"{BACKGROUND} !== '{light}'")
    page.open(f"{console}/map")
    assert page.run(BACKGROUND) != light
    page.press("d")
    page.wait(f"{BACKGROUND} === '{light}'")


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("width", [420, 1280])
def test_no_view_is_wider_than_its_window(api: Api, console: str, page: Page, view: str, width: int) -> None:
    """Nothing has to be scrolled sideways."""
    api.put(samples.request())
    page.resize(width)
    page.open(console + view)
    page.wait(DRAWN)
    assert page.run("document.documentElement.scrollWidth") <= width
    parts = "[...document.querySelectorAll('.top > *, main > *, .bar > *, .title > *')]"
    assert page.run(f"Math.max(...{parts}.map((one) => one.getBoundingClientRect().right))") <= width + 1


def test_details_cover_the_lower_half_of_a_narrow_window(api: Api, console: str, page: Page) -> None:
    """At 420 pixels details come as a sheet from below, and close again."""
    api.put(samples.request())
    page.resize(420, 860)
    page.open(f"{console}/trace/{samples.TRACE_ID}")
    page.click(".row .text")
    page.wait("document.querySelector('.details').getBoundingClientRect().width === 420")
    page.click(".details .close")
    page.wait("document.querySelector('.details').hidden")


def test_a_question_mark_shows_the_keys(console: str, page: Page) -> None:
    """`?` opens the help, Escape closes it; `m`, `w` and `t` change the view."""
    page.open(f"{console}/traces")
    page.wait("document.querySelector('.empty')")
    page.press("?")
    assert "critical path" in page.text("dialog.keys")
    page.press("?")
    page.wait("!document.querySelector('dialog')")
    page.press("m")
    page.wait("location.pathname === '/map'")
    page.press("w")
    page.wait("location.pathname === '/why'")
    page.press("t")
    page.wait("location.pathname === '/traces'")


def test_the_keys_begin_with_the_first_in_a_low_window(console: str, page: Page) -> None:
    """Though the button that has the focus is below the last."""
    page.resize(800, 420)
    page.open(f"{console}/traces")
    page.press("?")
    page.wait("document.activeElement.closest('dialog.keys')")
    assert page.run("document.querySelector('dialog.keys').scrollTop") == 0


def test_keys_typed_into_the_filter_are_text(console: str, page: Page) -> None:
    """Shortcuts rest while one types; Escape leaves the filter."""
    page.open(f"{console}/traces")
    page.wait("document.querySelector('.empty')")
    page.press("/")
    for key in "mt?":
        page.press(key)
    assert page.run("document.querySelector('.filter').value") == "mt?"
    page.press("Escape")
    assert page.run("document.activeElement === document.body")


def test_no_request_leaves_the_machine(api: Api, console: str, page: Page) -> None:
    """Every view draws from the console alone."""
    api.put(samples.request())
    for view in VIEWS:
        page.open(console + view)
        page.wait(DRAWN)
    asked = page.requests()
    assert len(asked) > len(VIEWS)
    assert all(address.startswith(f"{console}/") for address in asked)


def test_the_policy_runs_no_script_that_came_as_text(console: str, page: Page) -> None:
    """An inline script that got into the page would be refused."""
    page.open(f"{console}/traces")
    page.run(
        "(() => { const script = document.createElement('script');"
        " try { script.text = 'window.attacked = true'; } catch {} document.body.append(script); })()"
    )
    assert page.run("window.attacked") is None
    page.forgive()


def test_the_source_is_named(api: Api, console: str, page: Page) -> None:
    """The page says which X-Ray it shows."""
    page.open(f"{console}/traces")
    assert page.text(".source") == api.endpoint.removeprefix("http://")
