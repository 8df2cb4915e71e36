"""Server-sent events of the console."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import httpx

from tests.waterfall.web.many import requests

if TYPE_CHECKING:
    from tests.waterfall.conftest import Api


def test_a_page_is_told_at_once_and_with_every_change(api: Api, client: httpx.Client) -> None:
    """The first event is for now; none is lost between it and the next."""
    with client.stream("GET", "/api/news") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        events = answer.iter_raw()
        assert next(events) == b"data: traces\n\n"
        for number in range(3):
            api.put(requests(number + 1)[number:])
            assert next(events) == b"data: traces\n\n"


def test_one_thread_waits_for_all_pages_and_none_for_no_page(api: Api, client: httpx.Client) -> None:
    """Whoever closes the last page leaves nothing behind but the question that is under way."""
    others = set(threading.enumerate())
    with client.stream("GET", "/api/news") as one, client.stream("GET", "/api/news") as other:
        assert next(one.iter_raw()) == next(other.iter_raw())
        (follower,) = (each for each in set(threading.enumerate()) - others if each.name == "news")
    while follower.is_alive():
        api.xray.news.tell()
        follower.join(0.1)


def test_where_nothing_tells_of_changes_there_is_no_stream(api: Api, client: httpx.Client) -> None:
    """204: the page asks again by itself."""
    api.replies["/_local/traces/news"] = lambda: (404, {}, b"")
    assert client.get("/api/news").status_code == 204


def test_another_origin_hears_nothing(client: httpx.Client) -> None:
    """The stream is behind the same guard as all else."""
    answer = client.get("/api/news", headers={"origin": "https://evil.example"})
    assert answer.status_code == 403
