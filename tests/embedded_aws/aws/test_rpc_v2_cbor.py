"""Calls in rpc-v2-cbor reach services as JSON, and are answered in CBOR."""

from __future__ import annotations

import asyncio
import gzip
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

from embedded_aws.aws.http import Request, Response, read_request
from embedded_aws.aws.model import model
from embedded_aws.aws.rpc_v2_cbor import NAME, RpcV2Cbor
from embedded_aws.endpoint import is_for_api
from tests.fuzz.target import Answer, ask
from tests.fuzz.target import Request as Sent

CLOUDWATCH = "/service/GraniteServiceVersion20100801/operation/"
NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
STATISTICS = {
    "Namespace": "n",
    "MetricName": "m",
    "StartTime": NOON,
    "EndTime": NOON,
    "Period": 60,
    "Statistics": ["Sum"],
}


class Application:
    """Speaks JSON: keeps a request and gives one answer."""

    def __init__(self, status: int = 200, body: bytes = b"{}") -> None:
        self._response = Response(status, body, {"x-amzn-requestid": "r-1"})
        self.request: Request | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.request = await read_request(scope, receive)
        await self._response(scope, receive, send)

    def ask(
        self, path: str, body: bytes = b"", *headers: tuple[bytes, bytes], signed: str = "monitoring"
    ) -> Answer:
        credential = f"AWS4-HMAC-SHA256 Credential=test/20261128/eu-west-1/{signed}/aws4_request".encode()
        given = ((b"Smithy-Protocol", b"rpc-v2-cbor"), (b"Authorization", credential), *headers)
        return asyncio.run(ask(RpcV2Cbor(self), Sent("POST", path, headers=given, body=body)))


def written(operation: str, **given: Any) -> bytes:
    """Return the input of an operation of CloudWatch in CBOR, as botocore writes it."""
    described = model("cloudwatch").operation_model(operation)
    body: bytes = create_serializer(NAME).serialize_to_request(given, described)["body"]
    return body


def read(answer: Answer, operation: str) -> Any:
    """Return an answer as botocore reads it."""
    headers = {name.decode(): text.decode() for name, text in answer.headers}
    shape = model("cloudwatch").operation_model(operation).output_shape
    raw = {"status_code": answer.status, "headers": headers, "body": answer.body}
    return create_parser(NAME).parse(raw, shape)


def test_a_request_becomes_the_json_request_that_says_the_same() -> None:
    app = Application()
    app.ask(CLOUDWATCH + "GetMetricStatistics", written("GetMetricStatistics", **STATISTICS))
    assert app.request is not None
    assert app.request.path == "/"
    assert app.request.headers["x-amz-target"] == "GraniteServiceVersion20100801.GetMetricStatistics"
    assert app.request.headers["content-type"] == "application/x-amz-json-1.0"
    assert json.loads(app.request.body) == {
        **STATISTICS,
        "StartTime": NOON.timestamp(),
        "EndTime": NOON.timestamp(),
    }


def test_an_answer_has_times_and_numbers_of_its_shape() -> None:
    point = {"Timestamp": NOON.timestamp(), "Sum": 2, "Unit": "Count"}
    app = Application(body=json.dumps({"Label": "m", "Datapoints": [point]}).encode())
    answer = app.ask(CLOUDWATCH + "GetMetricStatistics", written("GetMetricStatistics", **STATISTICS))
    told = read(answer, "GetMetricStatistics")
    assert told["Datapoints"] == [{**point, "Timestamp": NOON}]
    assert told["ResponseMetadata"]["RequestId"] == "r-1"
    assert {(b"content-type", b"application/cbor"), (b"smithy-protocol", b"rpc-v2-cbor")} <= set(
        answer.headers
    )


def test_an_error_is_told_in_cbor() -> None:
    body = b'{"__type": "com.amazonaws.cloudwatch#ResourceNotFound", "message": "gone"}'
    answer = Application(404, body).ask(
        CLOUDWATCH + "GetDashboard", written("GetDashboard", DashboardName="d")
    )
    error = read(answer, "GetDashboard")["Error"]
    assert (answer.status, error["Code"], error["Message"]) == (404, "ResourceNotFound", "gone")


def test_a_compressed_body_is_read() -> None:
    """SDKs compress what is long, of CloudWatch's PutMetricData."""
    app = Application()
    body = gzip.compress(
        written("PutMetricData", Namespace="n", MetricData=[{"MetricName": "m", "Value": 1.0}])
    )
    app.ask(CLOUDWATCH + "PutMetricData", body, (b"Content-Encoding", b"gzip"))
    assert app.request is not None
    assert json.loads(app.request.body) == {
        "Namespace": "n",
        "MetricData": [{"MetricName": "m", "Value": 1.0}],
    }
    assert "content-encoding" not in app.request.headers


@pytest.mark.parametrize(
    "body",
    [
        b"\x9f",
        b"\xff",
        b"\xa1",
        b"\x81" * 5000,
        b"\xa1jAlarmNames\x01",
        b"\xa1\xa0\x01",
        b"{}",
        b"\x5b" + b"\x7f" * 8,
    ],
)
def test_what_is_no_input_of_the_operation_is_refused(body: bytes) -> None:
    app = Application()
    answer = app.ask(CLOUDWATCH + "DescribeAlarms", body)
    assert (answer.status, app.request) == (400, None)
    assert read(answer, "DescribeAlarms")["Error"]["Code"] == "SerializationException"


@pytest.mark.parametrize(
    ("path", "signed"),
    [
        (CLOUDWATCH + "MakeCoffee", "monitoring"),
        ("/service/Nothing/operation/DescribeAlarms", "monitoring"),
        ("/service/DynamoDB_20120810/operation/ListTables", "dynamodb"),
        ("/", "monitoring"),
        ("/service/AmazonSQS/operation/ListQueues", "nothing"),
    ],
)
def test_an_operation_that_does_not_speak_it_is_unknown(path: str, signed: str) -> None:
    answer = Application().ask(path, signed=signed)
    assert answer.status == 404
    assert read(answer, "DescribeAlarms")["Error"]["Code"] == "UnknownOperationException"


@pytest.mark.parametrize(
    ("service", "signed", "operation"),
    [
        ("ResourceGroupsTaggingAPI_20170126", "tagging", "GetResources"),
        ("Route53AutoNaming_v20170314", "servicediscovery", "ListServices"),
        ("CodeBuild_20161006", "codebuild", "ListProjects"),
        ("KeyspacesService", "cassandra", "ListKeyspaces"),
    ],
)
def test_each_service_that_lists_it_is_found(service: str, signed: str, operation: str) -> None:
    app = Application()
    assert app.ask(f"/service/{service}/operation/{operation}", signed=signed).status == 200
    assert app.request is not None
    assert app.request.headers["x-amz-target"] == f"{service}.{operation}"


def test_other_requests_pass_as_they_are() -> None:
    app = Application()
    request = Sent("POST", "/service/x/operation/y", headers=((b"X-Amz-Target", b"a.b"),), body=b"{}")
    answer = asyncio.run(ask(RpcV2Cbor(app), request))
    assert app.request is not None
    assert (app.request.path, app.request.body, answer.body) == ("/service/x/operation/y", b"{}", b"{}")


@pytest.mark.parametrize("api", ["/execute-api/abc/prod", ""])
def test_a_deployed_api_speaks_the_protocol_by_itself(api: str) -> None:
    """What a Smithy server behind API Gateway or a function URL is sent is no call of AWS."""
    app = Application()
    host = b"127.0.0.1" if api else b"abc.execute-api.localhost:4566"
    path = f"{api}/service/Weather/operation/Forecast"
    headers = ((b"Host", host), (b"Smithy-Protocol", b"rpc-v2-cbor"))
    answer = asyncio.run(ask(RpcV2Cbor(app, is_for_api), Sent("POST", path, headers=headers, body=b"\xa0")))
    assert app.request is not None
    assert (app.request.path, app.request.body, answer.body) == (path, b"\xa0", b"{}")
