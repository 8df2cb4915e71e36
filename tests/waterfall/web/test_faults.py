"""Running experiments in the console: what the API lets pass, and what the page shows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import httpx
import pytest

from waterfall.faults.client import Faults

if TYPE_CHECKING:
    from tests.waterfall.cloud import Cloud
    from tests.waterfall.web.browser import Page

DELAY = {"action": "add-delay", "startupDelayMilliseconds": "250", "invocationPercentage": "40"}
STRIP = "document.querySelector('.strip:not([hidden])')"
RUNNING = "fetch('/api/faults/running').then((answer) => answer.json()).then((all) => all.experiments.length)"
LEFT = "document.querySelector('.strip .left').innerText"


@pytest.fixture
def slow(cloud: Cloud) -> str:
    """The id of a template called `slow`."""
    return cloud.template("slow", **DELAY)


def post(console: str, path: str, body: str, **headers: str) -> httpx.Response:
    own = {"origin": console, "content-type": "application/json"}
    return httpx.post(f"{console}/api/faults/{path}", content=body, headers=own | headers, trust_env=False)


def test_every_view_shows_what_runs(cloud: Cloud, cloud_console: str, slow: str, page: Page) -> None:
    """Name, fault, function and the time left, which counts down, above traces and map alike."""
    page.open(f"{cloud_console}/traces")
    page.wait("document.querySelector('.source').innerText")
    assert page.run(f"{STRIP} === null")
    Faults(cloud.source).start(slow)
    page.wait(STRIP)
    text = page.text(".strip")
    assert all(word in text for word in ("slow", "delay 250 ms, 40 %", "on worker", "left", "Stop"))
    shown = page.run(LEFT)
    page.wait(f"{LEFT} !== '{shown}'")
    page.press("m")
    page.wait(f"location.pathname === '/map' && {STRIP}")


def test_the_stop_button_stops(cloud: Cloud, cloud_console: str, slow: str, page: Page) -> None:
    """One click, and the strip is gone, because FIS says that it was stopped."""
    started = Faults(cloud.source).start(slow)
    page.open(f"{cloud_console}/map")
    page.click(".strip button")
    page.wait("document.querySelector('.strip').hidden")
    assert Faults(cloud.source).experiment(started.id).status == "stopped"


def test_experiments_start_and_stop_in_their_view(
    cloud: Cloud, cloud_console: str, slow: str, page: Page
) -> None:
    """`f` shows what can be started; a started one is listed with its state, and stops there too."""
    page.open(f"{cloud_console}/traces")
    page.press("f")
    page.click(".faults td button")
    page.wait("document.querySelector('.faults .state.running')")
    (running,) = Faults(cloud.source).experiments(active=True)
    assert running.name == "slow"
    assert slow
    page.run(
        "[...document.querySelectorAll('.faults button')].find((one) => one.innerText === 'Stop').click()"
    )
    page.wait("document.querySelector('.faults .state.stopped') && document.querySelector('.strip').hidden")


def test_an_account_is_asked_twice(cloud: Cloud, cloud_console: str, slow: str, page: Page) -> None:
    """Where faults would be real, a button first says what it is about to do."""
    page.open(f"{cloud_console}/traces")
    page.run(
        "import('/static/experiments.js').then(({ actionButton }) => { window.button ="
        f" actionButton('Start', 'faults/start', '{slow}', {{ sure: 'Really?', onproblem() {{}} }});"
        " button.click(); })"
    )
    assert page.run("button.textContent") == "Really?"
    assert Faults(cloud.source).experiments(active=True) == []
    page.run("button.click()")
    page.wait(RUNNING)


def test_a_refusal_is_shown_in_place(cloud: Cloud, cloud_console: str, slow: str, page: Page) -> None:
    """What cannot be started any more says why."""
    page.open(f"{cloud_console}/faults")
    page.wait("document.querySelector('.faults td button')")
    cloud.client("fis").delete_experiment_template(id=slow)
    page.click(".faults td button")
    assert "no experiment" in page.text(".faults .problem")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_strip_and_the_view_fit_a_narrow_window(
    cloud: Cloud, cloud_console: str, slow: str, page: Page, scheme: str
) -> None:
    """At 420 pixels the Stop button is in sight, and nothing has to be scrolled sideways."""
    Faults(cloud.source).start(slow)
    page.prefer(scheme)
    page.resize(420, 860)
    page.open(f"{cloud_console}/faults")
    page.wait(f"{STRIP} && document.querySelector('.faults .state.running')")
    assert page.run("document.documentElement.scrollWidth") <= 420
    left, _, width, _ = page.box("document.querySelector('.strip button')")
    assert left + width <= 420
    assert page.run("getComputedStyle(document.querySelector('.strip b')).color") != page.run(
        "getComputedStyle(document.querySelector('.strip')).backgroundColor"
    )


@pytest.mark.parametrize("width", [420, 800])
def test_stop_stands_beside_the_time_that_is_left(
    cloud: Cloud, cloud_console: str, slow: str, page: Page, width: int
) -> None:
    """Where there is no room for all in one line, both go into the next."""
    Faults(cloud.source).start(slow)
    page.resize(width, 860)
    page.open(f"{cloud_console}/faults")
    page.wait(f"{STRIP} && document.querySelector('.faults .state.running')")
    _, time_top, _, time_height = page.box("document.querySelector('.strip .left')")
    _, stop_top, _, stop_height = page.box("document.querySelector('.strip button')")
    assert stop_top <= time_top + time_height / 2 <= stop_top + stop_height


def test_without_fis_the_strip_is_silent_and_the_view_says_so(console: str, page: Page) -> None:
    """An endpoint that has no FIS is asked once, not again and again."""
    page.open(f"{console}/faults")
    assert "FIS refused ListExperiments" in page.text(".faults .empty")
    assert page.run(f"{STRIP} === null")


def test_the_api_says_that_fis_is_unavailable(client: httpx.Client) -> None:
    """An account without the permission still has a console."""
    answer = client.get("/api/faults/running")
    assert answer.status_code == 200
    assert answer.json()["experiments"] == []
    assert "FIS refused ListExperiments" in answer.json()["unavailable"]


def test_the_console_s_own_page_may_change_something(cloud: Cloud, cloud_console: str, slow: str) -> None:
    """With its origin, and JSON."""
    answer = post(cloud_console, "start", f'{{"id": "{slow}"}}')
    assert answer.status_code == 200
    (started,) = answer.json()["experiments"]
    assert (started["name"], started["status"]) == ("slow", "running")
    stopped = post(cloud_console, "stop", f'{{"id": "{started["id"]}"}}').json()["experiments"]
    assert [one["status"] for one in stopped] == ["stopped"]
    assert Faults(cloud.source).experiments(active=True) == []


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://attacker.example"},
        {"origin": "http://127.0.0.1:1"},
        {"origin": "null"},
        {"origin": ""},
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"},
        {"host": "attacker.example"},
    ],
)
def test_another_page_may_not(cloud: Cloud, cloud_console: str, slow: str, headers: dict[str, str]) -> None:
    """Another site, another port, a form, a rebound name: refused, and nothing has started."""
    answer = post(cloud_console, "start", f'{{"id": "{slow}"}}', **headers)
    assert answer.status_code == 403
    assert answer.json()["code"] == "Refused"
    assert Faults(cloud.source).experiments(active=True) == []


def test_a_request_without_an_origin_may_not(cloud_console: str) -> None:
    """Browsers name the origin of every POST."""
    answer = httpx.post(f"{cloud_console}/api/faults/stop", json={"id": "x"}, trust_env=False)
    assert answer.status_code == 403


def test_a_link_starts_nothing(cloud_console: str) -> None:
    """Only a POST does."""
    assert httpx.get(f"{cloud_console}/api/faults/start", trust_env=False).status_code == 405


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"id": 1}', '{"id": ""}', "{" * 2000, "[" * 999])
def test_a_body_without_an_id_is_refused(cloud_console: str, body: str) -> None:
    """And told what it should be."""
    answer = post(cloud_console, "stop", body)
    assert answer.status_code == 400
    assert 'is not {"id": text}' in answer.json()["error"]


def test_any_function_is_given_a_fault_in_the_view(cloud: Cloud, cloud_console: str, page: Page) -> None:
    """Without a template; what is running is listed, and what AWS would need is said."""
    cloud.function()
    page.open(f"{cloud_console}/faults")
    page.wait("document.querySelector('.put option[value=worker]')")
    page.run("document.querySelector('.put select').value = 'worker'")
    page.click(".put button")
    page.wait("document.querySelector('.faults .state.running')")
    page.wait("document.querySelector('.put + p').innerText.includes('worker meets no fault: it needs')")
    (running,) = Faults(cloud.source).experiments(active=True)
    assert (running.name, running.faults) == ("worker-delay", ("delay 500 ms, 100 %",))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"function": "worker", "fault": "fast", "percentage": 1}, "give `delay 500ms`"),
        ({"function": "worker", "fault": "error", "percentage": "1"}, "the body is not"),
        ({"fault": "error", "percentage": 1}, "the body is not"),
        ({"function": "absent", "fault": "error", "percentage": 1}, "there is no function"),
        ({"function": "worker", "fault": "error", "percentage": 0}, "from 1 to 100"),
    ],
)
def test_a_fault_that_cannot_be_given_is_refused_with_what_can(
    cloud: Cloud, cloud_console: str, given: dict[str, object], told: str
) -> None:
    """Whether the console or FIS finds it; nothing runs afterwards."""
    cloud.function()
    answer = post(cloud_console, "put", json.dumps(given))
    assert 400 <= answer.status_code < 600
    assert told in answer.text
    assert Faults(cloud.source).experiments(active=True) == []
