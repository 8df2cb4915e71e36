"""What the endpoint tells of traces: queries in, JSON out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from embedded_aws.aws.errors import AwsError
from embedded_aws.aws.parsing import ParseError
from embedded_aws.journal.traces import TraceAnswers
from embedded_aws.xray.service import XRay
from tests.embedded_aws.xray.builders import NOW, Api, segment, trace_id

if TYPE_CHECKING:
    from collections.abc import Iterator

TIME = {"start": str(NOW - 10), "end": str(NOW + 60)}


@pytest.fixture
def api() -> Iterator[Api]:
    xray = XRay(None, clock=lambda: NOW)
    yield Api(xray)
    xray.close()


def test_a_list_and_its_figures_are_told(api: Api) -> None:
    """Summaries as GetTraceSummaries has them, where the page goes on, and counts by time and outcome."""
    for number in range(3):
        api.put(segment("a", trace_id=trace_id(number), takes=1 + number, fault=number == 2))
    answers = TraceAnswers(api.xray)
    first = answers.page({**TIME, "order": "-response", "limit": "2"})
    assert [summary["ResponseTime"] for summary in first["TraceSummaries"]] == [3.0, 2.0]
    rest = answers.page({**TIME, "order": "-response", "limit": "2", "after": first["after"]})
    assert [summary["Id"] for summary in rest["TraceSummaries"]] == [trace_id(0)]
    assert (rest["after"], rest["unread"]) == (None, 0)
    told = answers.figures(TIME)
    assert told["responses"] == [(1.0, {"ok": 1}), (2.0, {"ok": 1}), (3.0, {"fault": 1})]
    (failure,) = told["failures"]
    assert (failure["count"], failure["newest"], failure["service"]) == (1, trace_id(2), "a")


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({}, "start="),
        ({**TIME, "end": "nan"}, "end=nan"),
        ({**TIME, "order": "length"}, "order=length"),
        ({**TIME, "limit": "0"}, "limit=0"),
        ({**TIME, "after": "x"}, "after=x"),
    ],
)
def test_what_is_wrong_is_named(api: Api, query: dict[str, str], named: str) -> None:
    """The parameter, its value, and what is allowed."""
    with pytest.raises(ParseError, match=named):
        TraceAnswers(api.xray).page(query)


def test_a_wrong_filter_is_refused_as_x_ray_does(api: Api) -> None:
    """With its code and words."""
    with pytest.raises(AwsError, match="FilterExpression"):
        TraceAnswers(api.xray).figures({**TIME, "filter": "fault ="})


def test_news_without_a_change_answers_in_the_end(api: Api) -> None:
    """The number that is known already, after the seconds that were asked for."""
    answers = TraceAnswers(api.xray)
    number = answers.news({})["number"]
    assert answers.news({"after": str(number), "wait": "0"}) == {"number": number}
