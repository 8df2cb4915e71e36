"""Groups: which traces are in them, and what survives a restart."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from embedded_aws.xray.service import XRay
from tests.embedded_aws.xray.builders import NOW, Api, segment, trace_id

WINDOW = {"StartTime": NOW - 10, "EndTime": NOW + 600}


@pytest.fixture
def api() -> Iterator[Api]:
    """An X-Ray whose clock goes on a second with every look."""
    seconds = count(NOW)
    xray = XRay(None, clock=lambda: next(seconds))
    yield Api(xray)
    xray.close()


def put(api: Api, number: int, **fields: Any) -> None:
    api.put(segment("a", name=f"s{number}", trace_id=trace_id(number), **fields))


def services(api: Api, group: str) -> list[str]:
    found = api.ask("/ServiceGraph", **WINDOW, GroupName=group)["Services"]
    return [service["Name"] for service in found if service.get("Type") != "client"]


def test_trace_is_tested_when_it_is_stored(api: Api) -> None:
    """A group holds the matching traces that came since it exists, and no earlier ones."""
    put(api, 1, fault=True)
    api.ask("/CreateGroup", GroupName="bad", FilterExpression="fault")
    put(api, 2, fault=True)
    put(api, 3)
    assert services(api, "bad") == ["s2"]
    assert api.ids('group.name = "bad"') == [trace_id(2)]


def test_a_group_is_found_by_both_its_names(api: Api) -> None:
    """Name and ARN may be given together, as in AWS's examples, when they are those of one group.

    https://docs.aws.amazon.com/xray/latest/devguide/xray-api-configuration.html
    """
    made = {name: api.ask("/CreateGroup", GroupName=name)["Group"]["GroupARN"] for name in ("g", "h")}
    changed = api.ask("/UpdateGroup", GroupName="g", GroupARN=made["g"], FilterExpression="fault")["Group"]
    assert (changed["GroupARN"], changed["FilterExpression"]) == (made["g"], "fault")
    status, answer = api.call("/DeleteGroup", GroupName="g", GroupARN=made["h"])
    assert (status, answer["Message"]) == (
        400,
        f"There is no group with the GroupName 'g' and the GroupARN '{made['h']}'",
    )
    api.ask("/DeleteGroup", GroupName="g", GroupARN=made["g"])
    assert [group["GroupName"] for group in api.ask("/Groups")["Groups"]] == ["Default", "h"]


def test_changed_expression_counts_for_later_traces(api: Api) -> None:
    """Traces stored before keep their membership, and graphs tell that they may show such ones."""
    arn = api.ask("/CreateGroup", GroupName="g", FilterExpression="fault")["Group"]["GroupARN"]
    put(api, 1, fault=True)
    put(api, 2, error=True)
    assert api.ask("/ServiceGraph", **WINDOW, GroupARN=arn)["ContainsOldGroupVersions"] is False
    api.ask("/UpdateGroup", GroupName="g", FilterExpression="error")
    put(api, 3, fault=True)
    put(api, 4, error=True)
    assert services(api, "g") == ["s1", "s4"]
    assert api.ask("/ServiceGraph", **WINDOW, GroupARN=arn)["ContainsOldGroupVersions"] is True
    statistics = api.ask("/TimeSeriesServiceStatistics", **WINDOW, GroupARN=arn)
    assert statistics["ContainsOldGroupVersions"] is True
    assert statistics["TimeSeriesServiceStatistics"][0]["EdgeSummaryStatistics"]["TotalCount"] == 2


def test_changed_trace_is_tested_again(api: Api) -> None:
    """A later document makes a trace a member, or no longer one."""
    put(api, 1, takes=None)
    api.ask("/CreateGroup", GroupName="bad", FilterExpression="fault")
    put(api, 1, fault=True)
    assert services(api, "bad") == ["s1"]


def test_group_can_be_part_of_a_filter(api: Api) -> None:
    """A group's name and ARN are keywords like others; Default holds everything."""
    arn = api.ask("/CreateGroup", GroupName="bad", FilterExpression="fault")["Group"]["GroupARN"]
    api.ask("/CreateGroup", GroupName="all")
    put(api, 1, fault=True, user="alice")
    put(api, 2)
    assert api.ids('group.name = "bad" AND user = "alice"') == [trace_id(1)]
    assert api.ids(f'group.arn = "{arn}"') == [trace_id(1)]
    assert api.ids('!group.name = "bad"') == [trace_id(2)]
    assert api.ids('group.name BEGINSWITH "a"') == api.ids('group.name = "Default"')
    assert api.ids("group.name") == [trace_id(2), trace_id(1)]
    assert api.ids('group.name = "none"') == []


def test_deleted_group_is_empty(api: Api) -> None:
    """Its name and its tags are free again, and a new group of that name starts empty."""
    for _ in range(2):
        api.ask("/CreateGroup", GroupName="g", Tags=[{"Key": "k", "Value": "v"}])
        assert services(api, "g") == []
        put(api, 1)
        assert services(api, "g") == ["s1"]
        api.ask("/DeleteGroup", GroupName="g")
    assert api.ids('group.name = "g"') == []


def test_account_survives_a_restart(tmp_path: Path) -> None:
    """Groups with their earlier expressions, tags, policies and settings are in the file."""
    seconds = count(NOW)
    first = XRay(tmp_path / "traces.db", clock=lambda: next(seconds))
    api = Api(first)
    arn = api.ask("/CreateGroup", GroupName="g", FilterExpression="fault")["Group"]["GroupARN"]
    put(api, 1, fault=True)
    api.ask("/UpdateGroup", GroupName="g", FilterExpression="error")
    api.ask("/TagResource", ResourceARN=arn, Tags=[{"Key": "k", "Value": "v"}])
    api.ask("/PutEncryptionConfig", Type="KMS", KeyId="alias/mine")
    api.ask("/UpdateTraceSegmentDestination", Destination="CloudWatchLogs")
    before = api.ask("/Groups"), services(api, "g")
    first.close()
    second = XRay(tmp_path / "traces.db", clock=lambda: next(seconds))
    api = Api(second)
    assert (api.ask("/Groups"), services(api, "g")) == before
    assert api.ask("/ListTagsForResource", ResourceARN=arn)["Tags"] == [{"Key": "k", "Value": "v"}]
    assert api.ask("/EncryptionConfig")["EncryptionConfig"]["KeyId"] == "alias/mine"
    assert api.ask("/GetTraceSegmentDestination")["Destination"] == "CloudWatchLogs"
    second.close()
