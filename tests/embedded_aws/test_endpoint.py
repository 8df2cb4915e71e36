from __future__ import annotations

import gzip
import hashlib
import io
import json
import threading
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from starlette.responses import JSONResponse

from embedded_aws.aws import moto as moto_aws
from embedded_aws.aws.http import read_request
from embedded_aws.endpoint import Endpoint, Services
from embedded_aws.front_door import front_door
from embedded_aws.gateway.api import ApiGatewayApi
from embedded_aws.gateway.http_api.control import HttpApisControl
from embedded_aws.gateway.http_api.moto_stages import MotoStages
from embedded_aws.gateway.moto_apis import MotoApis
from embedded_aws.journal.about import About
from embedded_aws.journal.answers import Arrivals, RequestAnswers
from embedded_aws.journal.log import RequestLog
from embedded_aws.journal.records import ApiRequest
from embedded_aws.journal.traces import TraceAnswers
from embedded_aws.xray.service import XRay
from tests.embedded_aws.raw import exchange, request, signed
from tests.embedded_aws.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from starlette.types import Receive, Scope, Send

DEPLOYED = "abc"
"""An API that is deployed without being made."""
FRONT_END = "http://localhost:3000"
"""The one origin that is admitted."""
TRACE_ID = "1-5759e988-bd862e3fe1be46a994272793"
HEADER = f"Root={TRACE_ID};Parent=53995c3f42cd8ad8;Sampled=1"


async def sent(scope: Scope, receive: Receive, send: Send) -> None:
    """An ASGI application that answers with what it was sent."""
    asked = await read_request(scope, receive)
    await JSONResponse({"path": asked.path, "sent": asked.body.decode()})(scope, receive, send)


class Named:
    """An ASGI application that answers with its name, and fails where the path says so."""

    def __init__(self, name: str) -> None:
        self._name = name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].endswith("/crash"):
            raise RuntimeError("it broke")
        if scope["path"].endswith("/unknown"):
            raise NotImplementedError("The action unknown has not been implemented")
        state = dict(scope.get("state", {}).get("header_fields", ()))
        names = sorted(name.decode() for name in state)
        await JSONResponse({"answered by": self._name, "headers": names})(scope, receive, send)


@dataclass
class Running:
    """An endpoint with moto behind it and stand-ins for the other parts."""

    url: str
    moto: moto_aws.MotoAws
    apis: MotoApis
    queues: list[str]
    log: RequestLog

    def client(self, service: str, **config: Any) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, **config),
        )


def about(status: Mapping[str, Any], log: RequestLog, xray: XRay) -> About:
    """What the server tells about itself, with one trace stored."""
    arrivals = Arrivals(
        documents=lambda ids: {id_: 3 for id_ in ids if id_ == TRACE_ID},
        refused=lambda _: [],
        counts=lambda: {"documents": 3},
    )
    return About(lambda: status, RequestAnswers(log, arrivals), TraceAnswers(xray))


@pytest.fixture(scope="module")
def stored() -> Iterator[XRay]:
    xray = XRay(None)
    yield xray
    xray.close()


@pytest.fixture(scope="module")
def running(stored: XRay) -> Iterator[Running]:
    moto = moto_aws.MotoAws()
    apis, queues, log = MotoApis(moto), list[str](), RequestLog()
    endpoint = Endpoint(
        Services(
            xray=sent,
            lambda_=Named("lambda"),
            gateway=Named("gateway"),
            apigateway=ApiGatewayApi(moto, HttpApisControl(moto, MotoStages(moto)), apis.capture),
            states=moto,
            fis=Named("fis"),
            logs=Named("logs"),
            aws=moto,
            about=about({"status": "ready"}, log, stored),
            metrics_read=lambda: None,
            alarms_changed=lambda: None,
            queue_used=queues.append,
            streams_used=lambda: None,
            schedules_changed=lambda _: None,
            noted=lambda *_: None,
        )
    )
    guarded = front_door(
        endpoint, lambda api: api == DEPLOYED or apis.is_deployed(api), frozenset({FRONT_END})
    )
    with serving(guarded) as url:
        yield Running(url, moto, apis, queues, log)


@pytest.fixture
def name() -> str:
    """A name that no other test uses."""
    return f"t{uuid.uuid4().hex[:12]}"


def test_status(running: Running) -> None:
    """The status is JSON at a path of its own."""
    assert httpx.get(f"{running.url}/_local/status").json() == {"status": "ready"}


def test_requests(running: Running) -> None:
    """The last requests are a list, newest first; each is told by its id, with what has arrived of it."""
    for number in (1, 2):
        running.log.answered(
            ApiRequest(f"r{number}", number, number, "GET", "/dev/", 200, "abc", "dev", trace_id=TRACE_ID)
        )
    listed = httpx.get(f"{running.url}/_local/requests?limit=1").json()["requests"]
    assert [(one["kind"], one["id"], one["traces"]) for one in listed] == [("request", "r2", [TRACE_ID])]
    told = httpx.get(f"{running.url}/_local/requests/r1").json()
    assert told["entry"]["id"] == "r1"
    assert (told["documents"], told["daemon"]) == ({TRACE_ID: 3}, {"documents": 3})


def test_a_wrong_number_of_requests_is_refused(running: Running) -> None:
    """The answer names the value and what is allowed."""
    answer = httpx.get(f"{running.url}/_local/requests?limit=all")
    assert (answer.status_code, answer.json()) == (
        400,
        {"error": "limit=all is not a number of requests: give 1 to 1000"},
    )


@pytest.mark.parametrize("limit", ["9" * 5000, "%00", "%FF", "-1", "%D9%A3"])
def test_no_number_is_too_long_to_be_refused(running: Running, limit: str) -> None:
    """Whatever stands where a number belongs, the answer is a 400 of one short line."""
    answer = httpx.get(f"{running.url}/_local/requests?limit={limit}")
    assert answer.status_code == 400
    assert len(answer.json()["error"]) < 200


DEEP = b"[" * 100_000 + b"]" * 100_000
UNREADABLE = [
    DEEP,
    b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    b'{"a":NaN}',
    b'{"a":1e999}',
    b"\xff\xfe{",
    b"[]",
]


@pytest.mark.parametrize("body", UNREADABLE)
@pytest.mark.parametrize(
    ("service", "target"),
    [
        ("sqs", "AmazonSQS.SendMessage"),
        ("dynamodb", "DynamoDB_20120810.PutItem"),
        ("monitoring", "GraniteServiceVersion20100801.PutMetricData"),
        ("ssm", "AmazonSSM.PutParameter"),
        ("states", "AWSStepFunctions.CreateStateMachine"),
    ],
)
def test_a_body_that_is_not_json_is_refused(
    running: Running, service: str, target: str, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """JSON protocols have one error for whatever is not JSON, and it says why in one line."""
    answer = exchange(running.url, request("POST /", {**signed(service), "X-Amz-Target": target}, body))
    assert answer.status == 400
    assert answer.json()["__type"] == "SerializationException"
    assert "\n" not in answer.json()["message"]
    assert not caplog.records


@pytest.mark.parametrize("body", UNREADABLE)
@pytest.mark.parametrize("line", ["POST /restapis", "PATCH /restapis/a", "POST /apikeys"])
def test_a_rest_body_that_is_not_json_is_refused(running: Running, line: str, body: bytes) -> None:
    """API Gateway's calls are JSON as well, without a target."""
    answer = exchange(running.url, request(line, signed("apigateway"), body))
    assert (answer.status, answer.json()["__type"]) == (400, "SerializationException")


@pytest.mark.parametrize(
    ("service", "target", "body", "message"),
    [
        ("sqs", "AmazonSQS.CreateQueue", {"QueueName": 5}, "QueueName is 5; it must be a string"),
        ("sqs", "AmazonSQS.CreateQueue", {}, "QueueName is missing; it must be a string"),
        (
            "dynamodb",
            "DynamoDB_20120810.PutItem",
            {"TableName": "t", "Item": 7},
            "Item is 7; it must be an object",
        ),
        ("dynamodb", "DynamoDB_20120810.Query", {"TableName": "t", "Limit": 2**40}, "Limit is 1099511627776"),
    ],
)
def test_a_member_of_a_wrong_type_is_named(
    running: Running, service: str, target: str, body: Any, message: str
) -> None:
    """AWS refuses it; moto would take it and fail later."""
    sent = request("POST /", {**signed(service), "X-Amz-Target": target}, json.dumps(body).encode())
    answer = exchange(running.url, sent)
    assert (answer.status, answer.json()["__type"]) == (400, "ValidationException")
    assert answer.json()["message"].startswith(message)


def test_a_service_that_nobody_emulates_is_named(
    running: Running, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """The client is told; in the terminal in which `up` runs, it is no news."""
    answer = exchange(running.url, request("GET /accounts", signed("chime")))
    assert answer.status == 400
    assert b"Unable to find appropriate backend for chime.us-east-1.amazonaws.com." in answer.body
    assert b"urls.py" not in answer.body
    assert (*capfd.readouterr(), caplog.text) == ("", "", "")


def test_an_unknown_operation_is_refused(running: Running) -> None:
    """The error is that of AWS's JSON protocols."""
    answer = exchange(
        running.url, request("POST /", {**signed("sqs"), "X-Amz-Target": "AmazonSQS.Nope"}, b"{}")
    )
    assert (answer.status, answer.json()["__type"]) == (400, "UnknownOperationException")


FORM: dict[str, str | bytes] = {"Content-Type": "application/x-www-form-urlencoded"}


def form(service: str, body: bytes, region: str = "us-east-1") -> bytes:
    return request("POST /", {**signed(service, region), **FORM}, body)


def targeted(service: str, target: str, body: bytes, region: str = "us-east-1") -> bytes:
    return request("POST /", {**signed(service, region), "X-Amz-Target": target}, body)


def rest(service: str, line: str, body: bytes = b"") -> bytes:
    return request(line, signed(service), body)


@pytest.mark.parametrize(
    ("sent", "code", "message"),
    [
        pytest.param(
            form("sqs", b"Action=ReceiveMessage&QueueUrl=q&WaitTimeSeconds=soon"),
            "ValidationError", 'WaitTimeSeconds is "soon"; it must be an integer', id="number in a form",
        ),
        pytest.param(
            form("sts", b"Action=AssumeRole&RoleArn=a&RoleSessionName=b&DurationSeconds=%ff"),
            "ValidationError", "DurationSeconds is", id="broken percent-encoding",
        ),
        pytest.param(
            form("iam", b"Action=CreateServiceLinkedRole"),
            "ValidationError", "AWSServiceName is missing", id="missing in a form",
        ),
        pytest.param(
            form("iam", b"Acti%C3%B6n=ListRoles"),
            "InvalidAction", "iam has no operation for this request", id="no action",
        ),
        pytest.param(
            rest("apigateway", "POST //restapis", b"{}"),
            "UnknownOperationException", "apigateway has no operation", id="no path",
        ),
        pytest.param(
            rest("s3", "PUT /none?lifecycle", b"<LifecycleConfiguration><Rule>"),
            "MalformedXML", "<Message>", id="broken XML",
        ),
        pytest.param(
            rest("apigateway", "DELETE /usageplans/none"),
            "There is no", '"none" (usagePlanId)', id="nothing of that name",
        ),
        pytest.param(
            targeted("secretsmanager", "secretsmanager.ListSecretVersionIds", b'{"SecretId": "none"}'),
            "ResourceNotFoundException", 'There is no "none" (SecretId)', id="nothing of that name, JSON",
        ),
        pytest.param(
            targeted(
                "sqs", "AmazonSQS.CreateQueue",
                b'{"QueueName": "x", "Attributes": {"VisibilityTimeout": "long"}}',
            ),
            "ValidationException", 'Attributes.VisibilityTimeout is "long"; it must be a number',
            id="number in a text",
        ),
        pytest.param(
            targeted(
                "sqs", "AmazonSQS.CreateQueue",
                b'{"QueueName": "x", "Attributes": {"RedrivePolicy": "' + b"[" * 10_000 + b'"}}',
            ),
            "ValidationException", "has too many levels", id="a document of endless depth",
        ),
        pytest.param(
            targeted("dynamodb", "DynamoDB_20120810.ListExports", b"{}"),
            "ValidationException", "TableArn is missing", id="what moto needs",
        ),
        pytest.param(
            rest(
                "scheduler", "POST /schedules/a",
                b'{"ScheduleExpression": "", "Target": {"Arn": "", "RoleArn": ""}, "FlexibleTimeWindow": 7}',
            ),
            "ValidationException", "FlexibleTimeWindow is 7; it must be an object", id="member of REST",
        ),
    ],
)  # fmt: skip
def test_what_moto_fails_on_is_told_as_aws_does(
    running: Running, sent: bytes, code: str, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The service's model says what is wrong with the request, in every protocol."""
    answer = exchange(running.url, sent)
    assert 400 <= answer.status < 500
    told = answer.body.decode().replace('\\"', '"')
    assert code in told
    assert message in told
    assert not caplog.records


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (targeted("sqs", "AmazonSQS.ListQueues", b"{}", "mars-1"), 400, "InvalidSignatureException"),
        (form("sns", b"Action=ListTopics", "mars-1"), 403, "SignatureDoesNotMatch"),
    ],
)
def test_a_region_that_does_not_exist_is_refused(
    running: Running, sent: bytes, status: int, code: str
) -> None:
    """The signature names it; AWS says so, in the words of the protocol."""
    answer = exchange(running.url, sent)
    assert answer.status == status
    assert code in answer.body.decode()
    assert "Credential should be scoped to a valid region" in answer.body.decode()


METRIC = {"Namespace": "n", "MetricData": [{"MetricName": "m", "Value": 1}]}
PUT_METRIC: dict[str, str | bytes] = {
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Target": "GraniteServiceVersion20100801.PutMetricData",
}


def packed(headers: dict[str, str | bytes], body: bytes) -> bytes:
    return request("POST /", {**signed("monitoring"), "Content-Encoding": "gzip", **headers}, body)


def test_a_body_in_gzip_is_read(running: Running) -> None:
    """SDKs compress those of PutMetricData, in each protocol."""
    body = gzip.compress(json.dumps(METRIC).encode())
    assert exchange(running.url, packed(PUT_METRIC, body)).status == 200
    assert exchange(running.url, packed(FORM, gzip.compress(b"Action=ListMetrics"))).status == 200


@pytest.mark.parametrize(
    ("body", "message"),
    [(gzip.compress(bytes(20_000_000)), "when decompressed"), (b"\x1f\x8b\x08x", "not gzip")],
    ids=["bomb", "broken"],
)
def test_what_gzip_may_become_is_bounded(running: Running, body: bytes, message: str) -> None:
    """A few kilobytes could otherwise fill the memory."""
    for headers in (PUT_METRIC, FORM):
        answer = exchange(running.url, packed(headers, body))
        assert answer.status == 400
        assert message in answer.body.decode()


def test_what_would_never_end_is_refused(running: Running, name: str) -> None:
    """Each shard would be made, each period of the time looked at."""
    with pytest.raises(ClientError, match="LimitExceededException"):
        running.client("kinesis").create_stream(StreamName=name, ShardCount=2**31 - 1)
    metric = {"Metric": {"Namespace": "n", "MetricName": "m"}, "Period": 1, "Stat": "Sum"}
    with pytest.raises(ClientError, match="data points are more than"):
        running.client("cloudwatch").get_metric_data(
            StartTime=0, EndTime=4_000_000_000, MetricDataQueries=[{"Id": "a", "MetricStat": metric}]
        )


def test_a_policy_that_cannot_be_read_is_not_kept(running: Running, name: str) -> None:
    """Moto looks at it with each request for the bucket, and would fail."""
    s3 = running.client("s3")
    s3.create_bucket(Bucket=name)
    for policy in ("[1]", "{", "{}", '{"Statement": [7]}'):
        with pytest.raises(ClientError, match="MalformedPolicy"):
            s3.put_bucket_policy(Bucket=name, Policy=policy)
    s3.put_object(Bucket=name, Key="k", Body=b"x")


def test_what_moto_fails_on_is_refused_in_one_line(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    """A request that moto fails on is mostly one that AWS refuses; answer and log say where it failed."""
    answer = exchange(running.url, request("PATCH /restapis/a", signed("apigateway"), b"{}"))
    assert answer.status == 400
    assert answer.json()["message"].startswith("moto cannot answer this request: TypeError: ")
    [record] = caplog.records
    assert record.exc_info is None


def test_a_body_with_half_a_surrogate_pair_is_stored(running: Running, name: str) -> None:
    """The half becomes `?`: it has no bytes in UTF-8."""
    body = f'{{"QueueName": "{name}"}}'.encode()
    target = {**signed("sqs"), "X-Amz-Target": "AmazonSQS.CreateQueue"}
    url = exchange(running.url, request("POST /", target, body)).json()["QueueUrl"]
    body = f'{{"QueueUrl": "{url}", "MessageBody": "cut \\ud83d"}}'.encode()
    target = {**signed("sqs"), "X-Amz-Target": "AmazonSQS.SendMessage"}
    assert exchange(running.url, request("POST /", target, body)).status == 200
    [message] = running.client("sqs").receive_message(QueueUrl=url)["Messages"]
    assert message["Body"] == "cut ?"


@pytest.mark.parametrize(
    "query", ["response-content-disposition=a%0D%0AX-B:%20c", "response-content-type=%E2%82%AC"]
)
def test_a_header_that_cannot_be_sent_is_refused(running: Running, name: str, query: str) -> None:
    """S3's answers have headers that the request asks for."""
    s3 = running.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="k", Body=b"x")
    answer = exchange(running.url, request(f"GET /{name}/k?{query}", signed("s3")))
    assert answer.status == 400
    assert b"<Message>" in answer.body


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://["},
        {"Origin": "http://[::1"},
        {"Origin": b"\xe9"},
        {"Host": "["},
        {"Host": "[::1"},
        {"Host": b"\xe9"},
        {"Host": "127.0.0.1:99999999999"},
        {"Authorization": "AWS4-HMAC-SHA256 Credential=a/20260101/../../aws4_request"},
        {"Authorization": b"AWS4-HMAC-SHA256 Credential=a/20260101/\xe9/\xe9/aws4_request"},
        {"Authorization": "AWS4-HMAC-SHA256 Credential=a/20260101/ /sqs/aws4_request"},
    ],
)
def test_no_header_makes_the_endpoint_fail(
    running: Running, headers: dict[str, str | bytes], caplog: pytest.LogCaptureFixture
) -> None:
    """Hosts, origins and credentials may be anything."""
    for line in ("GET /", "GET /bucket/key", "POST /2015-03-31/functions", "GET /_local/status"):
        assert exchange(running.url, request(line, headers)).status < 500
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.parametrize("length", ["Content-Length: 2\r\nContent-Length: 2", "Content-Length: 2, 2"])
def test_a_repeated_content_length(running: Running, length: str) -> None:
    """The same length twice is one."""
    head = f"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: AmazonSQS.ListQueues\r\n{length}\r\n\r\n{{}}"
    assert exchange(running.url, head.encode()).status == 200


@pytest.mark.parametrize("path", ["/_local", "/_local/", "/_local/stats", "/_local/requests/"])
def test_unknown_paths_of_the_servers_own(running: Running, path: str) -> None:
    """Below the server's own path no bucket answers: the error names what there is."""
    answer = httpx.get(f"{running.url}{path}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["error"] == (
        f"there is no {path} here; there are /_local/status, /_local/requests, "
        "/_local/requests/<request id, invocation id or trace id>, /_local/traces, /_local/traces/figures, "
        "/_local/traces/news, /_local/rules/<rule or schedule>, POST /_local/fire/<rule or schedule>"
    )


def test_large_object_survives(running: Running, name: str) -> None:
    """Uploads in chunks with trailing checksums, multipart ones and downloads keep every byte."""
    s3 = running.client("s3")
    s3.create_bucket(Bucket=name)
    content = hashlib.shake_256(b"seed").digest(9 * 1024 * 1024)
    s3.upload_fileobj(io.BytesIO(content), name, "big")
    s3.copy({"Bucket": name, "Key": "big"}, name, "copy")
    assert s3.get_object(Bucket=name, Key="copy")["Body"].read() == content


def test_streamed_object_survives(running: Running, name: str) -> None:
    """A single streamed PUT, sent after `100 Continue`, keeps every byte."""
    s3 = running.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="stream", Body=io.BytesIO(b"abc" * 100_000), ChecksumAlgorithm="CRC32")
    assert s3.get_object(Bucket=name, Key="stream")["Body"].read() == b"abc" * 100_000


def test_unusual_key_and_metadata(running: Running, name: str) -> None:
    """Keys with encoded characters and metadata names with underscores come back as they were."""
    s3 = running.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="a b/%2F/ü", Body=b"x", Metadata={"my_key": "1"})
    assert s3.list_objects_v2(Bucket=name)["Contents"][0]["Key"] == "a b/%2F/ü"
    assert s3.head_object(Bucket=name, Key="a b/%2F/ü")["Metadata"] == {"my_key": "1"}


def test_presigned_url(running: Running, name: str) -> None:
    """A presigned URL reaches the service that it was signed for."""
    s3 = running.client("s3", signature_version="s3v4")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="k", Body=b"shared")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": name, "Key": "k"})
    assert httpx.get(url).content == b"shared"


@pytest.mark.parametrize(("origin", "status"), [(FRONT_END, 200), ("http://localhost:3001", 403)])
def test_presigned_upload_of_a_front_end(running: Running, name: str, origin: str, status: int) -> None:
    """The page of an admitted origin uploads as a browser does: it asks first, and may read the answer."""
    s3 = running.client("s3", signature_version="s3v4")
    s3.create_bucket(Bucket=name)
    url = s3.generate_presigned_url("put_object", Params={"Bucket": name, "Key": "k"})
    page = {"Origin": origin, "Sec-Fetch-Site": "cross-site"}
    wanted = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "content-type"}
    asked = httpx.options(url, headers=page | wanted)
    sent = httpx.put(url, content=b"mine", headers=page | {"Content-Type": "text/plain"})
    assert [asked.status_code, sent.status_code] == [status, status]
    allowed = {answer.headers.get("access-control-allow-origin") for answer in (asked, sent)}
    assert allowed == ({origin} if status == 200 else {None})
    if status == 200:
        assert "PUT" in asked.headers["access-control-allow-methods"]
        assert asked.headers["access-control-allow-headers"] == "content-type"
        assert sent.headers["access-control-expose-headers"] == "*"
        assert s3.get_object(Bucket=name, Key="k")["Body"].read() == b"mine"
    else:
        assert s3.list_objects_v2(Bucket=name)["KeyCount"] == 0


def test_dynamodb(running: Running, name: str) -> None:
    """A table can be written and scanned."""
    dynamodb = running.client("dynamodb")
    dynamodb.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.put_item(TableName=name, Item={"id": {"S": "1"}})
    assert dynamodb.scan(TableName=name)["Items"] == [{"id": {"S": "1"}}]


def test_managed_policies_exist(running: Running, name: str) -> None:
    """AWS's own policies can be attached to a role."""
    iam = running.client("iam")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    arn = "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess"
    iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    assert [policy["PolicyArn"] for policy in attached] == [arn]


def test_trace_header_becomes_a_message_attribute(running: Running, name: str) -> None:
    """A message carries the request's tracing header, and the queue's use is reported."""
    sqs = running.client("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    sqs.meta.events.register(
        "before-sign.sqs", lambda request, **_: request.headers.add_header("X-Amzn-Trace-Id", HEADER)
    )
    sqs.send_message(QueueUrl=url, MessageBody="hello")
    [message] = sqs.receive_message(QueueUrl=url, AttributeNames=["All"])["Messages"]
    assert message["Attributes"]["AWSTraceHeader"] == HEADER
    assert url in running.queues


def test_long_polls_do_not_starve_others(running: Running, name: str) -> None:
    """With many long polls open, other calls are answered well before a poll ends."""
    polling = running.client("sqs", max_pool_connections=50)
    url = polling.create_queue(QueueName=name)["QueueUrl"]
    received: list[str] = []

    def poll() -> None:
        messages = polling.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]
        received.extend(message["Body"] for message in messages)

    threads = [threading.Thread(target=poll) for _ in range(40)]
    for thread in threads:
        thread.start()
    sending = running.client("sqs", read_timeout=10)
    bodies = [str(number) for number in range(40)]
    for body in bodies:
        sending.send_message(QueueUrl=url, MessageBody=body)
    for thread in threads:
        thread.join(30)
    assert sorted(received) == sorted(bodies)


def test_xray_call(running: Running) -> None:
    """A signed X-Ray call reaches the X-Ray API."""
    response = running.client("xray").get_trace_summaries(StartTime=0, EndTime=1)
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_unsigned_xray_call(running: Running) -> None:
    """The SDKs' unsigned sampling calls reach the X-Ray API by their path."""
    response = httpx.post(f"{running.url}/GetSamplingRules", content=b"{}")
    assert response.json() == {"path": "/GetSamplingRules", "sent": "{}"}


def test_lambda_call(running: Running) -> None:
    """Lambda's paths reach the Lambda API, signed or not."""
    response = httpx.get(f"{running.url}/2015-03-31/functions")
    assert response.json()["answered by"] == "lambda"
    assert running.client("lambda").list_functions()["ResponseMetadata"]["HTTPStatusCode"] == 200


@pytest.mark.parametrize("host", ["abc.execute-api.localhost", "abc.execute-api.us-east-1.amazonaws.com"])
def test_gateway_by_host(running: Running, host: str) -> None:
    """A host that names an API reaches the gateway."""
    response = httpx.get(f"{running.url}/dev/hello", headers={"Host": host})
    assert response.json()["answered by"] == "gateway"


def test_gateway_by_path_sees_header_names_as_sent(running: Running) -> None:
    """A deployed API's path reaches the gateway, with the client's spelling of header names."""
    response = httpx.get(f"{running.url}/execute-api/abc/dev/hello", headers={"X-CamelCase": "1"})
    assert response.json()["answered by"] == "gateway"
    assert "X-CamelCase" in response.json()["headers"]


def test_the_server_s_own_paths_are_no_api_s(running: Running) -> None:
    """The host of a deployed API leads to that API alone, whatever the path."""
    host = {"Host": f"{DEPLOYED}.execute-api.localhost"}
    response = httpx.get(f"{running.url}/_local/status", headers=host)
    assert response.json()["answered by"] == "gateway"


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "path",
    [
        "/moto-api",
        "/moto-api/",
        "/moto-api/reset",
        "/moto-api/data.json",
        "/%6doto-api/recorder/start-recording",
    ],
)
def test_moto_s_control_api_does_not_exist(running: Running, name: str, method: str, path: str) -> None:
    """Nobody resets or records anything, not even a program of this machine."""
    queue = running.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    answer = httpx.request(method, running.url + path)
    assert answer.status_code == 404
    assert answer.json()["__type"] == "ResourceNotFoundException"
    assert running.client("sqs").get_queue_url(QueueName=name)["QueueUrl"] == queue


def test_an_operation_without_a_path_is_not_implemented(running: Running) -> None:
    """Moto answers with a page, which SDKs cannot read, where it knows operations by their paths."""
    answer = exchange(running.url, request("GET /coffee/machine", signed("scheduler")))
    assert (answer.status, answer.json()["__type"]) == (501, "NotImplemented")


def test_unimplemented_action(running: Running) -> None:
    """What moto lacks is a 501 that names it, which SDKs do not retry."""
    response = httpx.get(f"{running.url}/2015-03-31/functions/unknown")
    assert (response.status_code, response.headers["x-amzn-errortype"]) == (501, "NotImplemented")
    assert response.json()["message"] == "The action unknown has not been implemented"


def test_crash_is_an_aws_error(running: Running, caplog: pytest.LogCaptureFixture) -> None:
    """A failure of ours reaches boto3 as an AWS error, and the log."""
    with pytest.raises(ClientError, match="RuntimeError: it broke") as raised:
        running.client("lambda").get_function(FunctionName="crash")
    assert raised.value.response["Error"]["Code"] == "InternalFailure"
    assert "it broke" in caplog.text


@pytest.mark.parametrize(("service", "call"), [("sns", "list_topics"), ("dynamodb", "list_tables")])
def test_error_in_the_protocol_of_the_caller(stored: XRay, service: str, call: str) -> None:
    """Query clients get their error as XML, JSON clients as JSON."""

    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise NotImplementedError("not here")

    services = Services(
        xray=broken,
        lambda_=broken,
        gateway=broken,
        apigateway=broken,
        states=broken,
        fis=broken,
        logs=broken,
        aws=broken,
        about=about({}, RequestLog(), stored),
        metrics_read=lambda: None,
        alarms_changed=lambda: None,
        queue_used=lambda url: None,
        streams_used=lambda: None,
        schedules_changed=lambda _: None,
        noted=lambda *_: None,
    )
    with serving(Endpoint(services)) as url:
        client = boto3.client(
            service,
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        with pytest.raises(ClientError, match="not here") as raised:
            getattr(client, call)()
    assert raised.value.response["Error"]["Code"] == "NotImplemented"


def deploy(running: Running, name: str, *, deployed: bool = True) -> tuple[Any, str, str]:
    """Make an API with GET /hello on stage `dev`; return client, API id and resource id."""
    apis = running.client("apigateway")
    api = apis.create_rest_api(name=name)
    resource = apis.create_resource(restApiId=api["id"], parentId=api["rootResourceId"], pathPart="hello")
    put_method(apis, api["id"], resource["id"], "GET", timeoutInMillis=5000)
    if deployed:
        deployment = apis.create_deployment(restApiId=api["id"])
        apis.create_stage(
            restApiId=api["id"],
            stageName="dev",
            deploymentId=deployment["id"],
            tracingEnabled=True,
            variables={"colour": "blue"},
        )
    return apis, api["id"], resource["id"]


def put_method(apis: Any, api_id: str, resource_id: str, method: str, **options: Any) -> None:
    target = {"restApiId": api_id, "resourceId": resource_id, "httpMethod": method}
    apis.put_method(**target, authorizationType="NONE")
    uri = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{}/invocations".format(
        "arn:aws:lambda:us-east-1:123456789012:function:front"
    )
    apis.put_integration(**target, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri, **options)


def test_deployed_stage_is_read(running: Running, name: str) -> None:
    """A stage made through the API has its routes, settings and names."""
    _, api_id, resource_id = deploy(running, name)
    stage = running.apis.stage(api_id, "dev")
    assert stage is not None
    assert (stage.api_name, stage.region, stage.tracing) == (name, "us-east-1", True)
    assert stage.variables == {"colour": "blue"}
    [hello] = [resource for resource in stage.deployment.resources if resource.path == "/hello"]
    integration = hello.methods["GET"].integration
    assert integration is not None
    assert (hello.id, integration.type, integration.timeout) == (resource_id, "AWS_PROXY", 5.0)


def test_change_shows_after_the_next_deployment(running: Running, name: str) -> None:
    """A method added later is not served until the stage has a new deployment."""
    apis, api_id, resource_id = deploy(running, name)
    put_method(apis, api_id, resource_id, "POST")
    before = running.apis.stage(api_id, "dev")
    again = apis.create_deployment(restApiId=api_id)
    change = {"op": "replace", "path": "/deploymentId", "value": again["id"]}
    apis.update_stage(restApiId=api_id, stageName="dev", patchOperations=[change])
    after = running.apis.stage(api_id, "dev")
    methods = [
        sorted(method for resource in stage.deployment.resources for method in resource.methods)
        for stage in (before, after)
        if stage
    ]
    assert methods == [["GET"], ["GET", "POST"]]


def test_api_without_stage_is_not_served(running: Running, name: str) -> None:
    """An API that was never deployed has no stage."""
    _, api_id, _ = deploy(running, name, deployed=False)
    assert running.apis.stage(api_id, "dev") is None


def test_throttling_settings_are_read(running: Running, name: str) -> None:
    """Method settings become limits, and -1 means that there is none."""
    apis, api_id, _ = deploy(running, name)
    settings = {
        "/*/*/throttling/rateLimit": "5",
        "/*/*/throttling/burstLimit": "10",
        "/~1hello/GET/throttling/rateLimit": "-1",
        "/~1hello/GET/throttling/burstLimit": "-1",
    }
    changes = [{"op": "replace", "path": path, "value": value} for path, value in settings.items()]
    apis.update_stage(restApiId=api_id, stageName="dev", patchOperations=changes)
    stage = running.apis.stage(api_id, "dev")
    assert stage is not None
    assert {key: (limit.rate, limit.burst) for key, limit in stage.throttles.items()} == {"*/*": (5.0, 10)}


def test_api_key_of_a_usage_plan(running: Running, name: str) -> None:
    """A key is accepted when it is enabled and in a usage plan of the stage."""
    apis, api_id, _ = deploy(running, name)
    stage = running.apis.stage(api_id, "dev")
    assert stage is not None
    key = apis.create_api_key(name=name, value=f"secret-of-{name}-long-enough", enabled=True)
    plan = apis.create_usage_plan(name=name, apiStages=[{"apiId": api_id, "stage": "dev"}])
    assert not running.apis.accepts_key(stage, key["value"])
    apis.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
    assert running.apis.accepts_key(stage, key["value"])
    assert not running.apis.accepts_key(stage, "another")


def test_all_of_an_account_comes_in_pages(running: Running) -> None:
    """With AWS's policies it is 6 MB: a page has what is asked for, else a hundred of them."""
    iam = running.client("iam")
    iam.create_role(RoleName="paged", AssumeRolePolicyDocument="{}")
    first = iam.get_account_authorization_details(MaxItems=3)
    assert first["IsTruncated"]
    assert len(first["RoleDetailList"]) + len(first["UserDetailList"]) + len(first["Policies"]) == 3
    pages = list(iam.get_paginator("get_account_authorization_details").paginate())
    roles = [role["RoleName"] for page in pages for role in page["RoleDetailList"]]
    policies = [policy["Arn"] for page in pages for policy in page["Policies"]]
    assert "paged" in roles
    assert len(set(policies)) == len(policies) > 1000
    assert not pages[-1]["IsTruncated"]
    with pytest.raises(ClientError, match="Invalid Marker: nowhere"):
        iam.get_account_authorization_details(Marker="nowhere")
