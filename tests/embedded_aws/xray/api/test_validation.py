"""Requests against botocore's model of X-Ray."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedded_aws.aws.errors import InvalidRequestError
from embedded_aws.aws.model import model
from embedded_aws.aws.service import Service
from tests.embedded_aws.xray.intake.test_documents import json_values


def check(name: str, **request: Any) -> dict[str, Any]:
    return dict(Service("xray", {name: lambda checked: checked}).call(name, request))


@pytest.mark.parametrize(
    ("name", "request_", "message"),
    [
        ("BatchGetTraces", {}, "TraceIds is missing; it must be a list"),
        ("BatchGetTraces", {"TraceIds": None}, "TraceIds is missing; it must be a list"),
        ("BatchGetTraces", {"TraceIds": "x"}, 'TraceIds is "x"; it must be a list'),
        ("BatchGetTraces", {"TraceIds": [1]}, "TraceIds[0] is 1; it must be a string"),
        ("BatchGetTraces", {"TraceIds": [""]}, 'TraceIds[0] is ""; it must have at least 1 characters'),
        (
            "BatchGetTraces",
            {"TraceIds": ["a" * 70]},
            f'TraceIds[0] is "{"a" * 56}...; it must have at most 35 characters',
        ),
        ("GetServiceGraph", {"StartTime": "now"}, "EndTime is missing; it must be a number of epoch seconds"),
        (
            "GetServiceGraph",
            {"StartTime": True, "EndTime": 1},
            "StartTime is true; it must be a number of epoch seconds",
        ),
        (
            "GetServiceGraph",
            {"StartTime": float("nan"), "EndTime": 1},
            "StartTime is nan; it must be a finite number",
        ),
        (
            "GetServiceGraph",
            {"StartTime": -1, "EndTime": 1},
            "StartTime is -1; it must be 0 to 253402300799 seconds, the end of 9999",
        ),
        (
            "GetServiceGraph",
            {"StartTime": 1, "EndTime": 1e308},
            "EndTime is 1e+308; it must be 0 to 253402300799 seconds, the end of 9999",
        ),
        (
            "GetTraceSummaries",
            {"StartTime": 1, "EndTime": 2, "TimeRangeType": "Span"},
            'TimeRangeType is "Span"; it must be one of TraceId, Event, Service',
        ),
        (
            "GetTraceSummaries",
            {"StartTime": 1, "EndTime": 2, "SamplingStrategy": []},
            "SamplingStrategy is []; it must be an object",
        ),
        (
            "PutTelemetryRecords",
            {"TelemetryRecords": [{}]},
            "TelemetryRecords[0].Timestamp is missing; it must be a number of epoch seconds",
        ),
        (
            "PutTelemetryRecords",
            {"TelemetryRecords": [{"Timestamp": 1, "SegmentsSentCount": 1.5}]},
            "TelemetryRecords[0].SegmentsSentCount is 1.5; it must be an integer",
        ),
        (
            "PutResourcePolicy",
            {"PolicyName": "a b", "PolicyDocument": "{}"},
            r'PolicyName is "a b"; it must match [\w+=,.@-]+',
        ),
    ],
)
def test_wrong_member_is_named(name: str, request_: dict[str, Any], message: str) -> None:
    """The message names the member, its value and what is allowed."""
    with pytest.raises(InvalidRequestError) as caught:
        check(name, **request_)
    assert caught.value.message == message


def test_unknown_members_and_nulls_are_left_out() -> None:
    """Members that the model does not have, and nulls, do not reach the operation."""
    request = {"StartTime": 1, "EndTime": 2, "NextToken": None, "Later": 1}
    assert check("GetServiceGraph", **request) == {"StartTime": 1, "EndTime": 2}


def test_maps_are_checked() -> None:
    """The values of a map are checked like members."""
    rule: dict[str, Any] = {
        "RuleName": "r",
        "Priority": 1,
        "FixedRate": 0.5,
        "ReservoirSize": 1,
        "ServiceName": "*",
        "ServiceType": "*",
        "Host": "*",
        "HTTPMethod": "*",
        "URLPath": "*",
        "ResourceARN": "*",
        "Version": 1,
    }
    assert check("CreateSamplingRule", SamplingRule=rule | {"Attributes": {"a": "b"}})
    with pytest.raises(InvalidRequestError, match=r"SamplingRule\.Attributes\.a is 1; it must be a string"):
        check("CreateSamplingRule", SamplingRule=rule | {"Attributes": {"a": 1}})


@settings(deadline=None)
@given(st.sampled_from(sorted(model("xray").operation_names)), st.dictionaries(st.text(), json_values))
def test_any_request_is_checked_or_refused(name: str, request: dict[str, Any]) -> None:
    """Any JSON object passes the check of an operation with that operation's members, or is refused."""
    shape = model("xray").operation_model(name).input_shape
    with suppress(InvalidRequestError):
        assert set(check(name, **request)) <= set(shape.members)
