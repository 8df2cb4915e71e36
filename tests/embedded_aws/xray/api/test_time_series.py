"""Statistics period by period."""

from __future__ import annotations

from typing import Any

import pytest

from tests.embedded_aws.xray.builders import NOW, Api, inner, segment, trace_id

START = NOW - NOW % 60
WINDOW = {"StartTime": START, "EndTime": START + 600}


def request(api: Api, number: int, at: float, **fields: Any) -> None:
    begin = START - NOW + at
    call = inner("b", name="S3", namespace="aws", at=begin, takes=0.25)
    api.put(
        segment(
            "a", name="api", at=begin, trace_id=trace_id(number, START + at), subsegments=[call], **fields
        )
    )


@pytest.fixture
def points(api: Api) -> Any:
    """Three requests in the first minute, one fault in the third."""
    for number, at in enumerate((0, 30, 59)):
        request(api, number, at)
    request(api, 9, 130, fault=True)

    def ask(**members: Any) -> list[dict[str, Any]]:
        answer = api.ask("/TimeSeriesServiceStatistics", **(WINDOW | members))
        found: list[dict[str, Any]] = answer["TimeSeriesServiceStatistics"]
        return found

    return ask


def test_service_is_counted_by_minute(points: Any) -> None:
    """A minute without requests has no point; the histogram is the service's."""
    first, second = points(EntitySelectorExpression='service("api")')
    assert (first["Timestamp"], second["Timestamp"]) == (START, START + 120)
    assert first["ServiceSummaryStatistics"]["TotalCount"] == 3
    assert first["ResponseTimeHistogram"] == [{"Value": 1.0, "Count": 3}]
    assert second["ServiceSummaryStatistics"]["FaultStatistics"]["TotalCount"] == 1
    assert "EdgeSummaryStatistics" not in first


def test_call_is_counted_by_minute(points: Any) -> None:
    """A selected edge counts what its caller saw."""
    first, _ = points(EntitySelectorExpression='edge("api", id(type: "AWS::S3"))')
    assert first["EdgeSummaryStatistics"]["TotalCount"] == 3
    assert first["ResponseTimeHistogram"] == [{"Value": 0.25, "Count": 3}]


@pytest.mark.parametrize(
    ("selector", "count"),
    [
        ('service("S3") OR service("api")', 6),
        ('service() AND !service("S3")', 3),
        ('service(id(type: "none"))', None),
        ('service("api") AND service("S3")', None),
    ],
)
def test_selectors_combine(points: Any, selector: str, count: int | None) -> None:
    """AND, OR and ! work on services as on traces."""
    found = points(EntitySelectorExpression=selector)
    assert [point["ServiceSummaryStatistics"]["TotalCount"] for point in found[:1]] == [count] * bool(count)


def test_without_selector_edges_are_counted(points: Any) -> None:
    """All calls count, the client's included."""
    first, _ = points()
    assert first["EdgeSummaryStatistics"]["TotalCount"] == 6
    assert "ServiceSummaryStatistics" not in first


def test_period_can_be_chosen(points: Any) -> None:
    """Periods begin at multiples of their length; the range cuts the first and the last."""
    selector = 'service("api")'
    found = points(EntitySelectorExpression=selector, Period=30)
    assert [point["Timestamp"] - START for point in found] == [0, 30, 120]
    (whole,) = points(EntitySelectorExpression=selector, Period=3600, StartTime=START + 1)
    assert whole["ServiceSummaryStatistics"]["TotalCount"] == 3
