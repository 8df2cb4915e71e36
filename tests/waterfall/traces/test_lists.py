"""Lists and figures of an embedded AWS, and of an X-Ray that has neither."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.waterfall import samples
from tests.waterfall.web.many import requests
from waterfall.traces.client import RefusedError
from waterfall.traces.figures import figures
from waterfall.traces.lists import KEYS, Lists, Wanted

if TYPE_CHECKING:
    from tests.waterfall.conftest import Api

WANTED = Wanted(samples.T0 - 60, samples.T0 + 90)


def put(api: Api) -> None:
    api.put(requests(4))
    api.put(samples.request())
    failed = samples.failed()
    api.put([{**document, "trace_id": samples.CONSUMER_ID} for document in failed])


def without_lists(api: Api) -> None:
    """Let the endpoint be one that knows X-Ray's API alone."""
    for path in ("", "/figures", "/news"):
        api.replies[f"/_local/traces{path}"] = lambda: (404, {}, b"")


@pytest.mark.parametrize("order", [sign + name for name in KEYS for sign in ("", "-")])
def test_a_list_is_the_same_from_either(api: Api, order: str) -> None:
    """Of so few traces: sorted by the store, or here, page by page."""
    put(api)
    lists = Lists(api.reader(), api.source)

    def pages() -> list[str]:
        first = lists.page(WANTED, order, None, 4)
        second = lists.page(WANTED, order, first.after, 4)
        assert (len(first.traces), second.after) == (4, None)
        return [trace.id for page in (first, second) for trace in page.traces]

    from_store = pages()
    without_lists(api)
    keys = [KEYS[order.removeprefix("-")](trace) for trace in lists.page(WANTED, order, None, 9).traces]
    assert keys == sorted(keys, reverse=order.startswith("-"))
    assert sorted(pages()) == sorted(from_store)


def test_figures_and_failures_are_the_same_from_either(api: Api) -> None:
    """Counts, times, and what the failures are called."""
    put(api)
    lists = Lists(api.reader(), api.source)
    told = lists.overview(WANTED)
    without_lists(api)
    assert lists.overview(WANTED) == told
    assert told.figures.total == 6
    (group,) = told.failures
    chosen = Wanted(WANTED.start, WANTED.end, failure=group.key)
    assert [trace.failure for trace in lists.page(chosen, "-began", None, 9).traces] == [group.failure]


def test_a_failure_that_a_function_answered_is_told_by_its_exception(api: Api) -> None:
    """From either: the path of the first root cause ends at Lambda, whose own segments are well."""
    api.put(samples.answered_502())
    lists = Lists(api.reader(), api.source)

    def told() -> list[tuple[str, str | None]]:
        return [(group.failure.span, group.failure.exception) for group in lists.overview(WANTED).failures]

    assert told() == [("AskWorker", "WorkerError")]
    without_lists(api)
    assert told() == [("AskWorker", "WorkerError")]


def test_a_failure_is_that_of_whom_it_was_not_handled_by(api: Api) -> None:
    """From either, as the page of the trace has it: what a span below raised, the function has caught."""
    documents = samples.answered_502()
    documents[-1]["cause"] = samples.cause(samples.exception("ValidationError", "no JSON"))
    documents[-1]["fault"] = True
    api.put(documents)
    lists = Lists(api.reader(), api.source)

    def told() -> list[tuple[str, str | None]]:
        return [(group.failure.span, group.failure.exception) for group in lists.overview(WANTED).failures]

    assert told() == [("front", "ValidationError")]
    without_lists(api)
    assert told() == [("front", "ValidationError")]


def test_what_x_ray_refuses_is_told_in_its_words(api: Api) -> None:
    """A filter expression that is none."""
    with pytest.raises(RefusedError, match="FilterExpression") as refused:
        Lists(api.reader(), api.source).overview(Wanted(WANTED.start, WANTED.end, "fault ="))
    assert refused.value.is_about_request


def test_no_news_where_nothing_tells_of_changes(api: Api) -> None:
    """Then a page asks again after some time."""
    lists = Lists(api.reader(), api.source)
    known = lists.news(None)
    put(api)
    assert known != lists.news(known)
    without_lists(api)
    assert lists.news(None) is None


def test_bins_have_every_trace_once_and_are_neighbours() -> None:
    """From the fastest to the slowest, whatever is above the last edge included."""
    times = (0.0004, 0.02, 0.021, 2.5, 5000.0)
    found = figures((seconds, {"fault" if seconds > 1 else "ok": 1}) for seconds in times)
    assert sum(sum(each.outcomes.values()) for each in found.bins) == found.total == 5
    assert all(one.end == after.start for one, after in zip(found.bins, found.bins[1:], strict=False))
    assert (found.percentile(0.5), found.percentile(0.99)) == (0.021, 5000.0)
    assert found.outcomes == {"ok": 3, "error": 0, "throttle": 0, "fault": 2}
