"""What GetTraceSummaries and GetServiceGraph answer, in boto3's form."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.waterfall.samples import API, CONSUMER_ID, T0, TRACE_ID


def _summary(id_: str, after: float, duration: float, **fields: Any) -> dict[str, Any]:
    start = datetime.fromtimestamp(T0 + after, UTC)
    return {"Id": id_, "StartTime": start, "Duration": duration, "ResponseTime": duration, **fields}


def _http(method: str, path: str, status: int) -> dict[str, Any]:
    return {"HttpMethod": method, "HttpURL": API + path, "HttpStatus": status}


def _annotated(**values: Any) -> dict[str, Any]:
    kinds = {str: "StringValue", bool: "BooleanValue", int: "NumberValue", float: "NumberValue"}
    return {key: [{"AnnotationValue": {kinds[type(value)]: value}}] for key, value in values.items()}


SUMMARIES: list[dict[str, Any]] = [
    _summary(
        "1-6553f141-00000000000000000000000a",
        64.8,
        0.012,
        Http=_http("GET", "/hello?x=1", 404),
        HasError=True,
    ),
    _summary(
        "1-6553f130-00000000000000000000000b",
        48,
        0.021,
        Http=_http("POST", "/a/rather/long/path/that/does/not/fit/everywhere", 500),
        HasFault=True,
        HasThrottle=True,
        Annotations=_annotated(tenant="acme", attempt=3, retry=True),
    ),
    _summary(
        "1-6553f120-00000000000000000000000c",
        32,
        3.03,
        Http=_http("GET", "/hello", 502),
        HasFault=True,
        IsPartial=True,
    ),
    _summary(
        "1-6553f110-00000000000000000000000d",
        16,
        0.004,
        Http=_http("GET", "/hello", 429),
        HasError=True,
        HasThrottle=True,
    ),
    _summary(CONSUMER_ID, 2, 0.04, EntryPoint={"Name": "consumer", "Type": "AWS::Lambda"}),
    _summary(
        TRACE_ID,
        0,
        2.384,
        Http=_http("GET", "/hello", 200),
        Annotations=_annotated(SecondLambdaStatus="200"),
    ),
]


def _statistics(
    ok: int, error: int = 0, throttle: int = 0, fault: int = 0, mean: float = 0.1
) -> dict[str, Any]:
    total = ok + error + throttle + fault
    histogram = [{"Value": mean, "Count": total - 1}, {"Value": mean * 4, "Count": 1}] if total > 1 else []
    return {
        "SummaryStatistics": {
            "OkCount": ok,
            "ErrorStatistics": {
                "ThrottleCount": throttle,
                "OtherCount": error,
                "TotalCount": error + throttle,
            },
            "FaultStatistics": {"OtherCount": fault, "TotalCount": fault},
            "TotalCount": total,
            "TotalResponseTime": total * mean,
        },
        "ResponseTimeHistogram": histogram,
    }


def _service(reference: int, name: str, type_: str, *edges: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "ReferenceId": reference,
        "Name": name,
        "Names": [name],
        "Type": type_,
        "Edges": list(edges),
        **fields,
    }


def _edge(reference: int, **fields: Any) -> dict[str, Any]:
    return {"ReferenceId": reference, **fields}


_QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/greetings"
SERVICES: list[dict[str, Any]] = [
    _service(5, "greetings", "AWS::DynamoDB::Table", State="unknown", **_statistics(11_870, 130, mean=0.013)),
    _service(
        6,
        _QUEUE,
        "AWS::SQS::Queue",
        _edge(7, EdgeType="link"),
        State="unknown",
        **_statistics(12, mean=0.008),
    ),
    _service(7, "consumer", "AWS::Lambda", **_statistics(3, fault=1, mean=0.04)),
    _service(0, "traced-api/dev", "client", _edge(1, **_statistics(12, 1, 1, 2, mean=2.4)), State="unknown"),
    _service(
        1,
        "traced-api/dev",
        "AWS::ApiGateway::Stage",
        _edge(2, **_statistics(12, 0, 0, 3, mean=2.38)),
        Root=True,
        **_statistics(12, 1, 1, 2, mean=2.4),
    ),
    _service(
        2,
        "front",
        "AWS::Lambda",
        _edge(3, **_statistics(12, 0, 0, 2, mean=2.3)),
        **_statistics(12, 0, 1, 2, mean=2.3),
    ),
    _service(
        3,
        "front",
        "AWS::Lambda::Function",
        _edge(5, **_statistics(11_870, 130, mean=0.013)),
        _edge(6, **_statistics(12, mean=0.008)),
        _edge(99),
        **_statistics(12, fault=2, mean=2.2),
    ),
]
