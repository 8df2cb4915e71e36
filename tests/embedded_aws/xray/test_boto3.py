"""The real SDK against the dispatcher, over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded_aws.xray.api.traces import SUMMARIES_PER_PAGE, operations
from tests.embedded_aws.xray.boto import client_of
from tests.embedded_aws.xray.builders import NOW, TRACE, Api, inner, segment, subsegment, trace_id


@pytest.fixture
def client(api: Api) -> Iterator[Any]:
    with client_of(operations(api.xray)) as client:
        yield client


def test_segments_go_in_and_come_out(client: Any) -> None:
    """boto3 puts documents, is told the bad one, and reads the trace back in every form."""
    documents = [
        segment("a", origin="AWS::Lambda::Function", annotations={"k": "v"}),
        subsegment("b", "a", name="s3", namespace="aws", aws={"bucket_name": "files"}),
    ]
    put = client.put_trace_segments(TraceSegmentDocuments=[*map(json.dumps, documents), "{}"])
    assert [item["ErrorCode"] for item in put["UnprocessedTraceSegments"]] == ["MissingId"]
    (trace,) = client.batch_get_traces(TraceIds=[TRACE])["Traces"]
    assert json.loads(trace["Segments"][0]["Document"])["subsegments"][0]["name"] == "S3"
    (summary,) = client.get_trace_summaries(StartTime=NOW - 1, EndTime=NOW + 1)["TraceSummaries"]
    assert summary["StartTime"].timestamp() == NOW
    assert summary["Annotations"]["k"][0]["AnnotationValue"] == {"StringValue": "v"}
    services = client.get_service_graph(StartTime=NOW - 1, EndTime=NOW + 1)["Services"]
    assert [service["Type"] for service in services] == ["client", "AWS::Lambda::Function", "AWS::S3::Bucket"]
    assert client.get_trace_graph(TraceIds=[TRACE])["Services"] == services


def test_paginator_lists_everything(api: Api, client: Any) -> None:
    """Botocore's own paginator follows the tokens to the end."""
    api.put(*(segment("a", trace_id=trace_id(number)) for number in range(SUMMARIES_PER_PAGE + 1)))
    pages = client.get_paginator("get_trace_summaries").paginate(StartTime=NOW - 1, EndTime=NOW + 1)
    assert sum(len(page["TraceSummaries"]) for page in pages) == SUMMARIES_PER_PAGE + 1


def test_errors_arrive_as_exceptions(client: Any) -> None:
    """An error is the exception that boto3 has for it, with our message."""
    with pytest.raises(client.exceptions.InvalidRequestException, match="TraceIds has 6 members"):
        client.batch_get_traces(TraceIds=list("abcdef"))
    with pytest.raises(ClientError, match="UnknownOperationException"):
        client.get_sampling_rules()


def test_telemetry_is_accepted(api: Api, client: Any) -> None:
    """The daemon's telemetry is taken."""
    client.put_telemetry_records(TelemetryRecords=[{"Timestamp": NOW, "SegmentsSentCount": 1}])
    assert api.xray.telemetry_records == 1


def test_every_answer_fits_the_model(api: Api, client: Any) -> None:
    """All members that the operations answer with exist in botocore's model."""
    api.put(segment("a", takes=None, user="u", aws={"ec2": {"instance_id": "i"}}, subsegments=[inner("b")]))
    requests: dict[str, dict[str, Any]] = {
        "GetTraceSummaries": {"StartTime": NOW, "EndTime": NOW + 1, "TimeRangeType": "TraceId"},
        "GetServiceGraph": {"StartTime": NOW, "EndTime": NOW + 1},
        "BatchGetTraces": {"TraceIds": [TRACE]},
        "GetTraceGraph": {"TraceIds": [TRACE]},
    }
    for name, request in requests.items():
        operation = client.meta.service_model.operation_model(name)
        answer = api.ask(operation.http["requestUri"], **request)
        assert _unknown_members(operation.output_shape, answer) == []


def _unknown_members(shape: Any, value: Any) -> list[str]:
    if shape.type_name == "list":
        return [name for item in value for name in _unknown_members(shape.member, item)]
    if shape.type_name == "map":
        return [name for item in value.values() for name in _unknown_members(shape.value, item)]
    if shape.type_name != "structure":
        return []
    unknown = [name for name in value if name not in shape.members]
    known = [(shape.members[name], item) for name, item in value.items() if name in shape.members]
    return unknown + [name for member, item in known for name in _unknown_members(member, item)]
