"""The HTTP face of X-Ray: paths, errors and pages."""

from __future__ import annotations

import json
from typing import Any

import pytest

from embedded_aws.aws.errors import AwsError
from embedded_aws.xray.api import traces as xray_api
from embedded_aws.xray.api.traces import operations, service
from embedded_aws.xray.service import XRay
from tests.embedded_aws.posting import post
from tests.embedded_aws.xray.builders import NOW, TRACE, Api, identifier, segment, trace_id

PATHS = ["/TraceSegments", "/TelemetryRecords", "/Traces", "/TraceSummaries", "/TraceGraph", "/ServiceGraph"]
WINDOW = {"StartTime": NOW, "EndTime": NOW + 60}


def test_unknown_path_is_no_operation() -> None:
    """A path without an operation answers 404 with AWS's code."""
    response = post(service({}), "/Nothing", b"")
    assert response.status == 404
    assert response.headers["x-amzn-errortype"] == "UnknownOperationException"


@pytest.mark.parametrize("body", [b"{", b"[]", b"1", b"\xff", b"[" * 100_000])
def test_body_that_is_no_object_cannot_be_read(api: Api, body: bytes) -> None:
    """A body that is not a JSON object is a client's error."""
    response = post(service(operations(api.xray)), "/TraceSegments", body)
    assert (response.status, response.headers["x-amzn-errortype"]) == (400, "SerializationException")


@pytest.mark.parametrize("levels", range(500, 1000, 20))
def test_deeply_nested_request_is_refused(api: Api, levels: int) -> None:
    """A member nested almost as deeply as JSON can be read is a client's error, however deep the stack is."""
    body = b'{"TraceIds": ' + b"[" * levels + b"]" * levels + b"}"
    assert post(service(operations(api.xray)), "/Traces", body).status == 400


@pytest.mark.parametrize("path", PATHS)
def test_empty_body_is_an_empty_request(api: Api, path: str) -> None:
    """An empty body is read as `{}`, and what is missing is named."""
    response = post(service(operations(api.xray)), path, b"")
    assert (response.status, response.headers["x-amzn-errortype"]) == (400, "InvalidRequestException")
    assert " is missing; it must be " in json.loads(response.body)["Message"]


def test_other_modules_bring_operations(api: Api) -> None:
    """Operations of other modules are answered by the same dispatcher, with the same errors."""

    def missing(request: dict[str, Any]) -> dict[str, Any]:
        raise AwsError("ResourceNotFoundException", "No rule", 404, ResourceName=request["RuleName"])

    table = operations(
        api.xray, {"GetSamplingRules": lambda request: {"seen": request}}, {"DeleteSamplingRule": missing}
    )
    assert json.loads(post(service(table), "/GetSamplingRules", b"").body) == {"seen": {}}
    response = post(service(table), "/DeleteSamplingRule", b'{"RuleName": "r"}')
    assert (response.status, response.headers["x-amzn-errortype"]) == (404, "ResourceNotFoundException")
    assert json.loads(response.body) == {"Message": "No rule", "ResourceName": "r"}


@pytest.mark.parametrize(
    ("path", "request_", "message"),
    [
        (
            "/TraceSegments",
            {"TraceSegmentDocuments": ["{}"] * 51},
            "Exceeding maximum segment count: 50. TraceSegmentDocuments has 51 members",
        ),
        ("/Traces", {"TraceIds": []}, "TraceIds has 0 members; give 1 to 5 trace ids"),
        ("/Traces", {"TraceIds": list("abcdef")}, "TraceIds has 6 members; give 1 to 5 trace ids"),
        ("/TraceGraph", {"TraceIds": list("abcdef")}, "TraceIds has 6 members; give 1 to 5 trace ids"),
        ("/Traces", {"TraceIds": [TRACE], "NextToken": "zzz"}, "NextToken 'zzz' did not come from"),
        ("/Traces", {"TraceIds": [TRACE], "NextToken": "LTE="}, "NextToken 'LTE=' did not come from"),
        ("/TraceSummaries", WINDOW | {"NextToken": "MQ=="}, "NextToken 'MQ==' did not come from"),
        (
            "/TraceSummaries",
            WINDOW | {"EndTime": NOW},
            "StartTime 1790000000.0 is not before EndTime 1790000000.0",
        ),
        ("/ServiceGraph", WINDOW | {"EndTime": NOW - 1}, "StartTime 1790000000.0 is not before EndTime"),
        (
            "/TraceSummaries",
            WINDOW | {"FilterExpression": "okay"},
            "FilterExpression is not valid at character 1: unknown keyword 'okay'; expected one of",
        ),
        ("/ServiceGraph", WINDOW | {"GroupName": "slow"}, "There is no group with the GroupName 'slow'"),
    ],
)
def test_wrong_request_is_explained(api: Api, path: str, request_: dict[str, Any], message: str) -> None:
    """A request that X-Ray cannot answer names the member, its value and what is allowed."""
    status, answer = api.call(path, **request_)
    assert status == 400
    assert answer["Message"].startswith(message)


def test_unknown_ids_are_unprocessed(api: Api) -> None:
    """Ids that no document has, or that are none, are listed apart; one asked for twice is answered once."""
    api.put(segment("a"))
    answer = api.ask("/Traces", TraceIds=[TRACE, TRACE, trace_id(1), "nonsense"])
    assert [trace["Id"] for trace in answer["Traces"]] == [TRACE]
    assert answer["UnprocessedTraceIds"] == [trace_id(1), "nonsense"]
    assert "NextToken" not in answer


def test_trace_has_ids_and_documents(api: Api) -> None:
    """A trace lists each segment's id with its document as text."""
    api.put(segment("a"))
    (trace,) = api.ask("/Traces", TraceIds=[TRACE])["Traces"]
    (entry,) = trace["Segments"]
    assert trace | {"Segments": []} == {"Id": TRACE, "Duration": 1.0, "LimitExceeded": False, "Segments": []}
    assert entry["Id"] == identifier("a")
    assert json.loads(entry["Document"]) == segment("a")


def test_large_traces_come_in_pages(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page ends after the trace that fills it; the next page goes on, and no trace is cut."""
    monkeypatch.setattr(xray_api, "PAGE_CHARACTERS", 0)
    wanted = [trace_id(number) for number in range(3)]
    api.put(*(segment("a", trace_id=name) for name in wanted))
    pages = [api.ask("/Traces", TraceIds=wanted)]
    while "NextToken" in pages[-1]:
        pages.append(api.ask("/Traces", TraceIds=wanted, NextToken=pages[-1]["NextToken"]))
    assert [[trace["Id"] for trace in page["Traces"]] for page in pages] == [[name] for name in wanted]


def test_default_group_is_everything(api: Api) -> None:
    """The group `Default` always exists and holds all traces."""
    api.put(segment("a"))
    answer = api.ask("/ServiceGraph", **WINDOW, GroupName="Default")
    assert len(answer["Services"]) == 2


def test_telemetry_is_counted(api: Api) -> None:
    """Telemetry records are accepted and counted."""
    records = [{"Timestamp": NOW, "SegmentsReceivedCount": 1}] * 3
    assert api.ask("/TelemetryRecords", TelemetryRecords=records) == {}
    assert api.xray.telemetry_records == 3


def test_failing_database_is_an_answer(api: Api) -> None:
    """When the store fails, the caller gets AWS's internal failure and not a broken connection."""
    closed = XRay(None)
    closed.close()
    response = post(service(operations(closed)), "/TraceSummaries", json.dumps(WINDOW).encode())
    assert (response.status, response.headers["x-amzn-errortype"]) == (500, "InternalFailure")
