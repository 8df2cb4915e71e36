"""GetTraceSummaries: what a summary says, and which traces a time range holds."""

from __future__ import annotations

from typing import Any

import pytest

from embedded_aws.xray.api.traces import SUMMARIES_PER_PAGE
from embedded_aws.xray.query.summaries import MAX_ANNOTATIONS
from tests.embedded_aws.xray.builders import NOW, TRACE, Api, inner, segment, subsegment, trace_id


def test_summary_of_a_request(api: Api) -> None:
    """A summary has the root's view of the request and what all segments tell."""
    http = {
        "request": {
            "url": "https://x/hello",
            "method": "GET",
            "user_agent": "curl",
            "client_ip": "127.0.0.1",
        },
        "response": {"status": 200},
    }
    api.put(
        segment("root", http=http, origin="AWS::ApiGateway::Stage", resource_arn="arn:stage", takes=2),
        segment("f", "root", at=0.5, takes=3, origin="AWS::Lambda::Function", user="alice"),
    )
    root = {"Name": "root", "Names": ["root"], "Type": "AWS::ApiGateway::Stage"}
    function = {"Name": "f", "Names": ["f"], "Type": "AWS::Lambda::Function"}
    assert api.summary() == {
        "Id": TRACE,
        "StartTime": NOW,
        "Duration": 3.5,
        "ResponseTime": 2.0,
        "HasFault": False,
        "HasError": False,
        "HasThrottle": False,
        "IsPartial": False,
        "Http": {
            "HttpURL": "https://x/hello",
            "HttpStatus": 200,
            "HttpMethod": "GET",
            "UserAgent": "curl",
            "ClientIp": "127.0.0.1",
        },
        "Annotations": {},
        "Users": [{"UserName": "alice", "ServiceIds": [function]}],
        "ServiceIds": [root, function],
        "ResourceARNs": [{"ARN": "arn:stage"}],
        "InstanceIds": [],
        "AvailabilityZones": [],
        "FaultRootCauses": [],
        "ErrorRootCauses": [],
        "ResponseTimeRootCauses": [
            {"ClientImpacting": True, "Services": [_path(root, 1.0), _path(function, 1.0)]}
        ],
        "EntryPoint": root,
        "Revision": 2,
    }


@pytest.mark.parametrize(
    ("root", "child", "flags"),
    [
        ({"fault": True}, {}, (True, False, False)),
        ({"error": True}, {}, (False, True, False)),
        ({}, {"fault": True, "error": True}, (False, False, False)),
        ({}, {"throttle": True}, (False, False, True)),
    ],
)
def test_fault_and_error_are_the_roots_and_throttle_anybodys(
    api: Api, root: dict[str, Any], child: dict[str, Any], flags: tuple[bool, ...]
) -> None:
    """An error that the root swallowed is not the trace's; a throttle anywhere is."""
    api.put(segment("a", **root), segment("b", "a", **child))
    summary = api.summary()
    assert (summary["HasFault"], summary["HasError"], summary["HasThrottle"]) == flags


def test_trace_with_an_open_segment_is_partial(api: Api) -> None:
    """A trace is partial, and without a response time, while its root is in progress."""
    api.put(segment("a", takes=None))
    assert api.summary()["IsPartial"] is True
    assert "ResponseTime" not in api.summary()
    api.put(segment("a"))
    assert (api.summary()["IsPartial"], api.summary()["ResponseTime"]) == (False, 1.0)


def test_annotations_tell_their_services(api: Api) -> None:
    """Each value of an annotation is listed with its type and the services that set it."""
    api.put(
        segment(
            "a", annotations={"size": 3}, subsegments=[inner("b", annotations={"size": 3.5, "ok": True})]
        ),
        segment("c", "b", at=0.1, annotations={"size": 3, "name": "x"}),
    )
    one, two = {"Name": "a", "Names": ["a"]}, {"Name": "c", "Names": ["c"]}
    assert api.summary()["Annotations"] == {
        "size": [
            {"AnnotationValue": {"NumberValue": 3}, "ServiceIds": [one, two]},
            {"AnnotationValue": {"NumberValue": 3.5}, "ServiceIds": [one]},
        ],
        "ok": [{"AnnotationValue": {"BooleanValue": True}, "ServiceIds": [one]}],
        "name": [{"AnnotationValue": {"StringValue": "x"}, "ServiceIds": [two]}],
    }


def test_fifty_annotations_are_indexed(api: Api) -> None:
    """The 51st annotation of a trace is in its document and not in its summary."""
    api.put(segment("a", annotations={f"k{number}": number for number in range(MAX_ANNOTATIONS + 1)}))
    assert len(api.summary()["Annotations"]) == MAX_ANNOTATIONS == 50
    assert len(api.documents()[0]["annotations"]) == 51


def test_instances_and_resources_are_collected(api: Api) -> None:
    """Resources, instances and zones are listed once each."""
    ec2 = {"ec2": {"instance_id": "i-1", "availability_zone": "us-east-1a"}}
    api.put(segment("a", aws=ec2), segment("b", "a", aws=ec2 | {"function_arn": "arn:f"}))
    summary = api.summary()
    assert summary["InstanceIds"] == [{"Id": "i-1"}]
    assert summary["AvailabilityZones"] == [{"Name": "us-east-1a"}]
    assert summary["ResourceARNs"] == [{"ARN": "arn:f"}]


def test_trace_of_orphans_has_no_entry_point(api: Api) -> None:
    """A trace whose segment never came is still listed."""
    api.put(subsegment("b", "gone", annotations={"k": "v"}))
    summary = api.summary()
    assert "EntryPoint" not in summary
    assert summary["Annotations"]["k"][0]["ServiceIds"] == []


def list_ids(api: Api, start: float, end: float, **request: Any) -> list[str]:
    answer = api.ask("/TraceSummaries", StartTime=start, EndTime=end, **request)
    return [summary["Id"] for summary in answer["TraceSummaries"]]


def test_newest_trace_comes_first(api: Api) -> None:
    """Traces are listed by start, the newest first."""
    for second in (1, 3, 2):
        api.put(segment("a", trace_id=trace_id(second, NOW + second), at=second))
    assert list_ids(api, NOW, NOW + 9) == [trace_id(second, NOW + second) for second in (3, 2, 1)]


@pytest.mark.parametrize(("start", "end", "found"), [(0.5, 0.6, True), (0.4, 0.5, False), (0.51, 0.6, False)])
def test_window_has_its_start_and_not_its_end(api: Api, start: float, end: float, found: bool) -> None:  # noqa: FBT001 - a test's parameter
    """A trace is found by the exact start of its first segment: in [start, end)."""
    api.put(segment("a", at=0.5))
    assert bool(list_ids(api, NOW + start, NOW + end)) is found


def test_id_without_a_time_counts_from_its_first_segment(api: Api) -> None:
    """A W3C id has no time in it; such a trace is found by its first segment."""
    api.put(segment("a", trace_id="1-ffffffff-" + "0" * 24))
    assert len(list_ids(api, NOW, NOW + 1)) == 1


def test_id_is_older_than_its_first_segment(api: Api) -> None:
    """When the first segment starts seconds after the id was made, the id's time counts."""
    api.put(segment("a", at=5))
    assert len(list_ids(api, NOW, NOW + 1)) == 1
    assert list_ids(api, NOW + 1, NOW + 9) == []


def test_event_range_is_about_the_last_update(api: Api) -> None:
    """`Event` finds traces by when documents came, and says when."""
    api.put(segment("a"))
    request = {"TimeRangeType": "Event"}
    assert list_ids(api, NOW, NOW + 5, **request) == []
    answer = api.ask("/TraceSummaries", StartTime=NOW + 5, EndTime=NOW + 6, **request)
    assert answer["TraceSummaries"][0]["MatchedEventTime"] == NOW + 5


def test_service_range_is_about_the_end(api: Api) -> None:
    """`Service` finds traces by the end of their last segment."""
    api.put(segment("a", takes=30))
    assert list_ids(api, NOW, NOW + 30, TimeRangeType="Service") == []
    assert list_ids(api, NOW + 30, NOW + 31, TimeRangeType="Service") == [TRACE]


@pytest.mark.parametrize("by", ["TraceId", "Event", "Service"])
def test_pages_hold_every_trace_once(api: Api, by: str) -> None:
    """Following NextToken lists each trace exactly once, also among equal times, with its count processed."""
    total = 2 * SUMMARIES_PER_PAGE + 5
    api.put(*(segment("a", trace_id=trace_id(number)) for number in range(total)))
    window = {"StartTime": NOW - 60, "EndTime": NOW + 60, "TimeRangeType": by}
    pages = [api.ask("/TraceSummaries", **window)]
    while "NextToken" in pages[-1]:
        pages.append(api.ask("/TraceSummaries", **window, NextToken=pages[-1]["NextToken"]))
    ids = [summary["Id"] for page in pages for summary in page["TraceSummaries"]]
    assert len(ids) == len(set(ids)) == sum(page["TracesProcessedCount"] for page in pages) == total
    assert len(pages) == 3


def test_empty_window_has_no_page(api: Api) -> None:
    """A window without traces answers an empty list."""
    answer = api.ask("/TraceSummaries", StartTime=NOW, EndTime=NOW + 1)
    assert answer == {"TraceSummaries": [], "ApproximateTime": NOW, "TracesProcessedCount": 0}


def _path(service: dict[str, Any], coverage: float) -> dict[str, Any]:
    entity = {"Name": service["Name"], "Remote": False, "Coverage": coverage}
    return service | {"Inferred": False, "EntityPath": [entity]}
