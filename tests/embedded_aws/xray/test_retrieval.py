"""Retrieval of traces as Transaction Search answers it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from embedded_aws.xray.api.retrieval import MOST_CHARACTERS
from embedded_aws.xray.service import XRay
from tests.embedded_aws.xray.builders import NOW, TRACE, Api, identifier, inner, segment, subsegment, trace_id

WINDOW = {"StartTime": NOW, "EndTime": NOW + 60}
W3C = TRACE[2:].replace("-", "")


@pytest.fixture
def times() -> list[float]:
    """The time, as the only item."""
    return [NOW]


@pytest.fixture
def api(times: list[float]) -> Iterator[Api]:
    xray = XRay(None, clock=lambda: times[0])
    api = Api(xray)
    api.ask("/UpdateTraceSegmentDestination", Destination="CloudWatchLogs")
    yield api
    xray.close()


def start(api: Api, *wanted: str, **window: float) -> str:
    request = {**WINDOW, **window, "TraceIds": wanted or [TRACE]}
    return str(api.ask("/StartTraceRetrieval", **request)["RetrievalToken"])


def listed(api: Api, token: str, **request: Any) -> list[dict[str, Any]]:
    answer = api.ask("/ListRetrievedTraces", RetrievalToken=token, **request)
    found = list(answer["Traces"])
    while "NextToken" in answer:
        request["NextToken"] = answer["NextToken"]
        answer = api.ask("/ListRetrievedTraces", RetrievalToken=token, **request)
        found += answer["Traces"]
    return found


def test_spans_follow_opentelemetry(api: Api) -> None:
    """Every segment and subsegment is a span with W3C ids, nanoseconds, attributes, status and events."""
    cause = {"exceptions": [{"id": "e" * 16, "type": "KeyError", "message": "x", "stack": []}]}
    api.put(
        segment(
            "a",
            name="api",
            fault=True,
            cause=cause,
            annotations={"k": 1},
            http={"request": {"method": "GET"}, "response": {"status": 500}},
            subsegments=[inner("b", name="s3", namespace="aws", takes=0.5, aws={"operation": "Put"})],
        )
    )
    ((trace),) = listed(api, start(api), TraceFormat="OTEL")
    spans = [json.loads(span["Document"]) for span in trace["Spans"]]
    assert [span["Id"] for span in trace["Spans"]] == [identifier("a"), identifier("b")]
    root, call = spans
    assert root["traceId"] == call["traceId"] == W3C
    assert call["parentSpanId"] == root["spanId"] == identifier("a")
    assert "parentSpanId" not in root
    assert (root["kind"], call["kind"]) == ("SERVER", "CLIENT")
    assert call["durationNano"] == 500_000_000
    assert root["startTimeUnixNano"] == int(NOW) * 10**9
    assert root["attributes"] | {"k": 1} == root["attributes"]
    assert root["attributes"]["http.response.status_code"] == 500
    assert root["status"] == {"code": "ERROR"}
    assert call["status"] == {"code": "UNSET"}
    assert root["events"][0]["attributes"] == {"exception.type": "KeyError", "exception.message": "x"}
    assert call["resource"] == {"attributes": {"service.name": "api"}}


def test_segments_come_in_xrays_format(api: Api) -> None:
    """XRAY is the default format: documents as BatchGetTraces has them."""
    api.put(segment("a"))
    ((trace),) = listed(api, start(api))
    assert [json.loads(span["Document"]) for span in trace["Spans"]] == api.documents()


def test_large_document_comes_in_parts(api: Api) -> None:
    """A segment that outgrew the limit is followed by its subsegments, each with its place."""
    text = "x" * 60_000
    api.put(segment("a"), *(subsegment(name, "a", metadata={"m": {"t": text}}) for name in "bcde"))
    ((trace),) = listed(api, start(api))
    documents = [json.loads(span["Document"]) for span in trace["Spans"]]
    assert all(len(span["Document"]) <= MOST_CHARACTERS for span in trace["Spans"])
    assert [document["id"] for document in documents] == list(map(identifier, "abcde"))
    assert {document.get("parent_id") for document in documents} == {None, identifier("a")}


def test_trace_of_many_spans_has_several_entries(api: Api) -> None:
    """An entry has a hundred spans; nothing is left out, on however many pages."""
    api.put(segment("a"), *(subsegment(f"b{number}", "a") for number in range(750)))
    entries = listed(api, start(api), TraceFormat="OTEL")
    assert [len(entry["Spans"]) for entry in entries] == [100] * 7 + [51]
    assert {entry["Id"] for entry in entries} == {TRACE}


def test_only_traces_of_the_time_are_found(api: Api) -> None:
    """Unknown traces and those outside the range are left out; both of its ends belong to it."""
    api.put(segment("a", takes=10))
    assert len(listed(api, start(api, TRACE, trace_id(9)))) == 1
    assert len(listed(api, start(api, W3C))) == 1
    assert len(listed(api, start(api, StartTime=NOW + 10))) == 1
    assert listed(api, start(api, StartTime=NOW + 11)) == []
    assert len(listed(api, start(api, StartTime=NOW - 9, EndTime=NOW))) == 1
    assert listed(api, start(api, StartTime=NOW - 9, EndTime=NOW - 1)) == []


def test_cancelled_retrieval_is_empty(api: Api) -> None:
    """It still answers, with its status."""
    api.put(segment("a"))
    token = start(api)
    api.ask("/CancelTraceRetrieval", RetrievalToken=token)
    answer = api.ask("/ListRetrievedTraces", RetrievalToken=token)
    assert (answer["RetrievalStatus"], answer["Traces"]) == ("CANCELLED", [])


def test_retrieval_ends_after_an_hour(api: Api, times: list[float]) -> None:
    """Then its token is unknown."""
    token = start(api)
    times[0] = NOW + 3600
    status, answer = api.call("/ListRetrievedTraces", RetrievalToken=token)
    assert (status, answer["ResourceName"]) == (404, token)


def test_graph_tells_the_links(api: Api) -> None:
    """A service whose invocation came from another trace names that trace."""
    api.put(segment("a", name="consumer", links=[{"trace_id": trace_id(7), "id": identifier("x")}]))
    answer = api.ask("/GetRetrievedTracesGraph", RetrievalToken=start(api))
    links = {item["Service"]["Name"]: item["Links"] for item in answer["Services"]}
    assert links["consumer"] == [
        {"ReferenceType": "link", "SourceTraceId": trace_id(7), "DestinationTraceIds": [TRACE]}
    ]
