"""Sorted lists, figures over all traces and failures by cause, in step with the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from embedded_aws.xray.query import blocks, columns, lists, trace_index
from embedded_aws.xray.query.filters.parser import parse
from embedded_aws.xray.query.lists import Wanted
from embedded_aws.xray.query.store import StoreError
from embedded_aws.xray.service import XRay
from tests.embedded_aws.xray.builders import NOW, Api, segment, trace_id

if TYPE_CHECKING:
    from collections.abc import Iterator

ALL = Wanted(NOW - 10, NOW + 3600)


@pytest.fixture
def api(passed: list[float], monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    monkeypatch.setattr(trace_index, "SHARD", 8)
    monkeypatch.setattr(trace_index, "MOST_CHANGES", 50)
    xray = XRay(None, clock=lambda: NOW + passed[0], monotonic=lambda: passed[0])
    yield Api(xray)
    xray.close()


def put(api: Api, number: int, takes: float = 1.0, **fields: Any) -> None:
    http = {"request": {"method": "GET", "url": f"https://api.test/{number % 3}"}}
    api.put(
        segment("a", trace_id=trace_id(number, NOW + number), at=number, takes=takes, http=http, **fields)
    )


def numbers(api: Api, order: str, wanted: Wanted = ALL, **page: Any) -> list[int]:
    """List the traces by the number that `put` gave them."""
    asked: dict[str, Any] = {"after": None, "limit": 100, **page}
    found = api.xray.lists.page(
        wanted,
        order.removeprefix("-"),  # type: ignore[arg-type] # one of the orders
        descending=order.startswith("-"),
        **asked,
    )
    return [int(summary["Id"][-24:], 16) for summary in api.xray.summarized(found.numbers)]


@pytest.mark.parametrize("few", [1, 1000])
@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("-began", [3, 2, 1, 0]),
        ("began", [0, 1, 2, 3]),
        ("-response", [1, 3, 2, 0]),
        ("response", [0, 2, 3, 1]),
        ("request", [0, 3, 1, 2]),
        ("trace", [0, 1, 2, 3]),
    ],
)
def test_a_list_is_sorted_by_its_column(
    api: Api, monkeypatch: pytest.MonkeyPatch, order: str, expected: list[int], few: int
) -> None:
    """Whether the traces are few, or so many that their order is kept; of equals the newer is the larger."""
    monkeypatch.setattr(lists, "_FEW", few)
    for number, takes in enumerate((0.5, 9, 1, 2)):
        put(api, number, takes)
    assert numbers(api, order) == expected


@pytest.mark.parametrize("few", [1, 1000])
def test_a_kept_order_follows_what_changes(api: Api, monkeypatch: pytest.MonkeyPatch, few: int) -> None:
    """A new trace, and one that got longer, stand where they belong the next time."""
    monkeypatch.setattr(lists, "_FEW", few)
    for number, takes in enumerate((5, 3, 1)):
        put(api, number, takes)
    assert numbers(api, "-response") == [0, 1, 2]
    put(api, 3, 4)
    put(api, 2, 9)
    assert numbers(api, "-response") == [2, 0, 3, 1]


def test_an_order_that_nobody_has_asked_for_is_made_anew(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Changes are noted up to a bound, whether the traces were read since or not."""
    monkeypatch.setattr(lists, "_FEW", 1)
    monkeypatch.setattr(columns, "MOST_CHANGES", 3)
    for number in range(6):
        put(api, number, 10 - number)
    assert numbers(api, "response") == [5, 4, 3, 2, 1, 0]
    for number in range(6):
        put(api, number, 20 + number)
    assert api.xray.lists.figures(ALL).total == 6
    assert numbers(api, "response") == [0, 1, 2, 3, 4, 5]


def test_changes_are_not_noted_before_a_list_is_sorted(api: Api) -> None:
    """A console that shows the newest traces alone has no columns that could be outdated."""
    for number in range(6):
        put(api, number)
        assert numbers(api, "-began")
    assert not api.xray.lists._columns._outdated
    assert numbers(api, "-response") == [5, 4, 3, 2, 1, 0]
    put(api, 3, 9)
    assert numbers(api, "-response") == [3, 5, 4, 2, 1, 0]


def test_ids_are_sorted_to_their_last_digit(api: Api) -> None:
    """Those of one second too."""
    for number in (0x21, 0x1F, 0x20):
        api.put(segment("a", trace_id=trace_id(number)))
    assert numbers(api, "trace") == [0x1F, 0x20, 0x21]


@pytest.mark.parametrize("few", [1, 1000])
@pytest.mark.parametrize("order", ["-began", "began", "-response", "request"])
def test_pages_follow_each_other_without_gap_or_overlap(
    api: Api, monkeypatch: pytest.MonkeyPatch, order: str, few: int
) -> None:
    """What comes after a page has its last trace; also among equals, and of a part of all traces."""
    monkeypatch.setattr(lists, "_FEW", few)
    for number in range(20):
        put(api, number, 1 + number % 2)
    wanted = Wanted(NOW + 2, NOW + 3600)
    found: list[int] = []
    after = None
    while True:
        page = api.xray.lists.page(
            wanted,
            order.removeprefix("-"),  # type: ignore[arg-type] # one of the orders
            descending=order.startswith("-"),
            after=after,
            limit=4,
        )
        found += page.numbers
        after = page.last
        if after is None:
            break
    assert len(found) == len(set(found)) == 18


def test_figures_count_all_traces_by_time_and_outcome(api: Api) -> None:
    """Times have three digits; a throttle is an error that says so."""
    put(api, 0, 0.12345)
    put(api, 1, 0.12349, fault=True)
    put(api, 2, 4, error=True)
    put(api, 3, 4, error=True, throttle=True)
    found = api.xray.lists.figures(ALL)
    assert found.total == 4
    assert found.responses == {0.123: {"ok": 1, "fault": 1}, 4.0: {"error": 1, "throttle": 1}}


def test_figures_are_of_those_traces_alone_that_are_asked_about(api: Api) -> None:
    """A time, a filter expression, and what failed alike."""
    for number in range(10):
        put(api, number, fault=number % 2 == 0)
    assert api.xray.lists.figures(Wanted(NOW + 5, NOW + 60)).total == 5
    assert api.xray.lists.figures(Wanted(NOW - 1, NOW + 60, parse("fault"))).total == 5
    (group,) = api.xray.lists.figures(ALL).failures
    assert api.xray.lists.figures(Wanted(NOW - 1, NOW + 60, failure=group.failure.key)).total == 5
    assert numbers(api, "-began", Wanted(NOW - 1, NOW + 60, failure=group.failure.key)) == [8, 6, 4, 2, 0]


def failed(type_: str, message: str) -> dict[str, Any]:
    return {"fault": True, "cause": {"exceptions": [{"id": "1" * 16, "type": type_, "message": message}]}}


def test_failures_that_differ_in_numbers_alone_are_one(api: Api) -> None:
    """By exception, place and message; the most frequent first, with the newest trace of each."""
    put(api, 0, **failed("KeyError", "order 17 of 5f3b9c2e-1111-2222-3333-444455556666"))
    put(api, 1, **failed("KeyError", "order 4 of 0aaaaaaa-1111-2222-3333-444455556666"))
    put(api, 2, **failed("TimeoutError", "3 s"))
    found = api.xray.lists.figures(ALL).failures
    assert [(each.failure.exception, each.count) for each in found] == [("KeyError", 2), ("TimeoutError", 1)]
    (newest,) = api.xray.summarized([found[0].newest])
    assert newest["Id"] == trace_id(1, NOW + 1)


def test_a_question_that_takes_long_is_answered_by_what_was_read(api: Api) -> None:
    """The rest is counted, and read by the next questions."""
    for number in range(250):
        put(api, number)
    clock = iter(range(1, 1000))
    api.xray.lists._monotonic = lambda: next(clock)
    found = api.xray.lists.figures(ALL)
    assert (found.total, found.unread) == (100, 150)
    assert api.xray.lists.figures(ALL).unread == 50
    assert api.xray.lists.figures(ALL).total == 250


def test_traces_that_are_let_go_of_are_in_no_figure(api: Api, passed: list[float]) -> None:
    """Nor in a list: they have no summary any more."""
    for number in range(30):
        put(api, number)
    assert api.xray.lists.figures(ALL).total == 30
    passed[0] += 20
    while api.xray.store.tidy(NOW + 10):
        pass
    for number in range(30, 45):
        put(api, number)
    passed[0] += 1
    put(api, 45)
    assert api.xray.lists.figures(ALL).total == len(numbers(api, "response"))


def test_more_changes_than_are_noted_are_read_anew(api: Api) -> None:
    """Nothing is lost when nobody has asked for long."""
    put(api, 0, 1)
    assert api.xray.lists.figures(ALL).total == 1
    for number in range(60):
        put(api, number, 2)
    assert api.xray.lists.figures(ALL).responses == {2.0: {"ok": 60}}


def test_whoever_waits_for_news_is_woken_by_a_document(api: Api) -> None:
    """The number changes with each document; who knows it waits, and not for ever."""
    known = api.xray.news.wait(None, 0)
    assert api.xray.news.wait(known, 0.01) == known
    put(api, 0)
    assert api.xray.news.wait(known, 60) != known
    api.xray.news.close()
    assert api.xray.news.wait(api.xray.news.wait(None, 0), 60) is not None


@pytest.mark.parametrize("few", [1, 1000])
def test_a_changed_trace_stays_among_its_equals(api: Api, monkeypatch: pytest.MonkeyPatch, few: int) -> None:
    """Where it was, for its number is the same."""
    monkeypatch.setattr(lists, "_FEW", few)
    for number in range(4):
        put(api, number)
    assert numbers(api, "response") == [0, 1, 2, 3]
    put(api, 1, user="somebody")
    assert numbers(api, "response") == [0, 1, 2, 3]
    assert numbers(api, "-response") == [3, 2, 1, 0]


@pytest.mark.parametrize("few", [1, 1000])
@pytest.mark.parametrize("order", ["-began", "began", "-response", "response"])
def test_after_a_trace_that_is_gone_comes_nothing(
    api: Api, monkeypatch: pytest.MonkeyPatch, order: str, few: int
) -> None:
    """Whoever asks for the next page then would else get the first one again, and again."""
    monkeypatch.setattr(lists, "_FEW", few)
    for number in range(4):
        put(api, number)
    assert numbers(api, order, after=999) == []


def test_traces_that_could_not_be_read_once_are_read_again(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the disk fails to read is told; it is not forgotten."""
    put(api, 0)

    def broken(*_: Any) -> Any:
        raise StoreError("the disk failed")

    with monkeypatch.context() as patch:
        patch.setattr(api.xray.store, "numbered", broken)
        with pytest.raises(StoreError):
            api.xray.lists.figures(ALL)
    assert api.xray.lists.figures(ALL).total == 1


def test_failures_that_no_trace_has_any_more_are_forgotten(api: Api, passed: list[float]) -> None:
    """Messages may be all different, for ever."""

    def fail(first: int, count: int) -> None:
        words = (
            "".join(chr(97 + number // 26**digit % 26) for digit in range(3))
            for number in range(first, count)
        )
        for number, word in zip(range(first, count), words, strict=True):
            exception = {"id": "0" * 16, "type": "E", "message": word}
            cause = {"working_directory": "/", "exceptions": [exception]}
            api.put(segment("a", trace_id=trace_id(number, NOW), at=0, fault=True, cause=cause))

    api.xray.lists._columns._most_kinds = 100
    fail(0, blocks.SIZE)
    assert len(api.xray.lists._columns.failures) == 0
    api.xray.lists.figures(ALL)
    assert len(api.xray.lists._columns.failures) == blocks.SIZE
    passed[0] += 60
    fail(blocks.SIZE, blocks.SIZE + 10)
    while api.xray.store.tidy(NOW + 30):
        pass
    fail(blocks.SIZE + 10, blocks.SIZE + 20)
    figures = api.xray.lists.figures(ALL)
    assert (figures.total, len(figures.failures)) == (20, 20)
    assert len(api.xray.lists._columns.failures) < 50
