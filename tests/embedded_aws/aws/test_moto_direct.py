"""What moto answers without its server is what its server would have answered."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from embedded_aws.aws import moto as moto_aws
from embedded_aws.aws.http import replay
from embedded_aws.aws.wsgi import Environ, build_environ

TABLE = {
    "TableName": "direct",
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}
ITEM = {"id": {"S": "é"}, "size": {"N": "1"}}
QUEUE = {"QueueUrl": "http://localhost/123456789012/direct"}
WAITED_FOR = {"QueueUrl": "http://localhost/123456789012/waited-for"}
ROOT = Path(__file__).resolve().parents[3]
# moto reads at its import whether it adds the last; another test may have imported it.
NOT_COMPARED = {"x-amzn-requestid", "x-amz-crc32", "access-control-allow-origin"}


class Moto:
    """moto's server, and the way around it; it counts what takes that way."""

    def __init__(self) -> None:
        moto_aws.load()
        from moto.moto_server.werkzeug_app import (  # noqa: PLC0415 - its settings come first
            DomainDispatcherApplication,
            create_backend_app,
        )

        from embedded_aws.aws.moto_direct import DirectCalls, handler  # noqa: PLC0415 - as above

        self.server = DomainDispatcherApplication(create_backend_app)
        self.others = 0
        self.direct = DirectCalls(self._other, cache(handler))

    def _other(self, *given: Any) -> Any:
        self.others += 1
        return self.server(*given)

    def ask(self, app: Any, target: str, body: dict[str, Any]) -> tuple[int, dict[str, str], Any]:
        started: list[Any] = []
        content = b"".join(app(request(target, body), lambda *given: started.append(given)))
        status, headers = started[0]
        kept = {name.lower(): value for name, value in headers if name.lower() not in NOT_COMPARED}
        return int(status.partition(" ")[0]), kept, json.loads(content)


def request(target: str, body: dict[str, Any]) -> Environ:
    service = "sqs" if target.startswith("AmazonSQS") else "dynamodb"
    scope = f"Credential=test/20260101/us-east-1/{service}/aws4_request"
    headers = {
        "host": "localhost",
        "x-amz-target": target,
        "content-type": "application/x-amz-json-1.0",
        "authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=x",
    }
    return build_environ(
        {
            "method": "POST",
            "path": "/",
            "raw_path": b"/",
            "query_string": b"",
            "scheme": "http",
            "http_version": "1.1",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        },
        json.dumps(body).encode(),
    )


@pytest.fixture(scope="module")
def moto() -> Moto:
    moto = Moto()
    for target, body in (
        ("DynamoDB_20120810.CreateTable", TABLE),
        ("DynamoDB_20120810.PutItem", {"TableName": "direct", "Item": ITEM}),
        ("AmazonSQS.CreateQueue", {"QueueName": "direct"}),
        (
            "AmazonSQS.CreateQueue",
            {"QueueName": "waited-for", "Attributes": {"ReceiveMessageWaitTimeSeconds": "5"}},
        ),
    ):
        moto.ask(moto.server, target, body)
    return moto


@pytest.mark.parametrize(
    ("target", "body"),
    [
        ("DynamoDB_20120810.GetItem", {"TableName": "direct", "Key": {"id": {"S": "é"}}}),
        ("DynamoDB_20120810.PutItem", {"TableName": "direct", "Item": ITEM, "ReturnValues": "ALL_OLD"}),
        ("DynamoDB_20120810.PutItem", {"TableName": "direct", "Item": {"other": {"S": "1"}}}),
        ("DynamoDB_20120810.PutItem", {"TableName": "missing", "Item": ITEM}),
        ("DynamoDB_20120810.Query", {"TableName": "direct", "KeyConditionExpression": "("}),
        ("AmazonSQS.GetQueueUrl", {"QueueName": "direct"}),
        ("AmazonSQS.GetQueueUrl", {"QueueName": "missing"}),
        ("AmazonSQS.DeleteMessage", {**QUEUE, "ReceiptHandle": "none"}),
        ("AmazonSQS.SetQueueAttributes", {**QUEUE, "Attributes": {"DelaySeconds": "1"}}),
        ("AmazonSQS.GetQueueAttributes", {**QUEUE, "AttributeNames": ["DelaySeconds", "QueueArn"]}),
    ],
)
def test_a_direct_answer_is_the_servers(moto: Moto, target: str, body: dict[str, Any]) -> None:
    """Status, headers and body, also of what is refused."""
    others = moto.others
    found = moto.ask(moto.direct, target, body)
    assert moto.others == others, "it took the way of all others"
    assert found == moto.ask(moto.server, target, body)


def test_an_operation_that_does_not_exist_fails_as_in_the_server(moto: Moto) -> None:
    """The endpoint makes AWS's error of it."""
    raised = []
    for app in (moto.direct, moto.server):
        with pytest.raises(Exception, match="Nope") as problem:
            moto.ask(app, "DynamoDB_20120810.Nope", {})
        raised.append(problem.type)
    assert raised[0] is raised[1]


def test_what_has_another_path_goes_to_the_server(moto: Moto) -> None:
    """A queue's own path, as clients of the query protocol use it."""
    environ = {**request("AmazonSQS.PurgeQueue", QUEUE), "PATH_INFO": "/123456789012/direct"}
    others = moto.others
    b"".join(moto.direct(environ, lambda *_: None))
    assert moto.others == others + 1


@pytest.mark.usefixtures("moto")
@pytest.mark.parametrize(
    ("target", "body", "short"),
    [
        ("AmazonSQS.SendMessage", QUEUE, True),
        ("AmazonSQS.ReceiveMessage", QUEUE, True),
        ("AmazonSQS.ReceiveMessage", {**QUEUE, "WaitTimeSeconds": 0}, True),
        ("AmazonSQS.ReceiveMessage", {**QUEUE, "WaitTimeSeconds": 1}, False),
        ("AmazonSQS.ReceiveMessage", WAITED_FOR, False),
        ("AmazonSQS.ReceiveMessage", {**WAITED_FOR, "WaitTimeSeconds": 0}, True),
        ("DynamoDB_20120810.Query", {}, False),
    ],
)
def test_what_may_wait_is_not_short(target: str, body: dict[str, Any], *, short: bool) -> None:
    """A long poll would stop everything else for 20 seconds: the call's own, or else the queue's."""
    from embedded_aws.aws.moto_direct import is_short  # noqa: PLC0415 - it imports moto

    assert is_short(request(target, body)) is short


def test_what_has_to_wait_for_its_turn_is_not_short() -> None:
    """Nor do all others wait for a transaction then."""
    from embedded_aws.aws.moto_direct import is_short  # noqa: PLC0415 - it imports moto
    from embedded_aws.aws.moto_tables import TURN  # noqa: PLC0415 - as above

    put = request("DynamoDB_20120810.PutItem", {})
    assert is_short(put)
    with TURN:
        assert not is_short(put)


def test_a_transaction_that_fails_loses_nothing_of_others(
    moto: Moto, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was written during it stays."""
    moto_aws.load().open("dynamodb")
    from moto.dynamodb.models import DynamoDBBackend  # noqa: PLC0415 - as above

    find, beside = DynamoDBBackend.get_item, []
    put = {"TableName": "direct", "Item": {"id": {"S": "beside"}}}

    def found(self: DynamoDBBackend, *given: Any) -> Any:
        monkeypatch.undo()
        beside.append(Thread(target=moto.ask, args=(moto.direct, "DynamoDB_20120810.PutItem", put)))
        beside[0].start()
        beside[0].join(0.2)  # it waits for its turn
        return find(self, *given)

    monkeypatch.setattr(DynamoDBBackend, "get_item", found)
    key = {"TableName": "direct", "Key": {"id": {"S": "é"}}}
    check = {**key, "ConditionExpression": "attribute_not_exists(id)"}
    transaction = {"TransactItems": [{"ConditionCheck": check}]}
    status, _, _ = moto.ask(moto.direct, "DynamoDB_20120810.TransactWriteItems", transaction)
    assert status == 400
    beside[0].join()
    wanted = {"TableName": "direct", "Key": put["Item"]}
    assert moto.ask(moto.direct, "DynamoDB_20120810.GetItem", wanted)[2] == {"Item": put["Item"]}


@pytest.mark.parametrize("header", ["HTTP_CONTENT_ENCODING", "CONTENT_TYPE"])
def test_what_is_compressed_or_no_json_goes_to_the_server(moto: Moto, header: str) -> None:
    """It knows what to make of them."""
    environ = {**request("AmazonSQS.GetQueueUrl", {"QueueName": "direct"}), header: "none"}
    others = moto.others
    b"".join(moto.direct(environ, lambda *_: None))
    assert moto.others == others + 1


def test_dynamodb_answers_before_iam_is_there() -> None:
    """A stack that starts need not import it: nobody can have used an access key then."""
    code = (
        "import sys\nfrom tests.embedded_aws.aws.test_moto_direct import ask_first\nask_first()\n"
        "sys.exit(any(name in sys.modules for name in ('moto.iam.models', 'flask', 'cryptography')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT).returncode == 0


def ask_first() -> None:
    """Ask for the tables, in a process that has done nothing else."""
    started: list[Any] = []
    app = moto_aws.load().app
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "query_string": b"",
        "scheme": "http",
        "http_version": "1.1",
        "headers": [
            (b"host", b"localhost"),
            (b"content-type", b"application/x-amz-json-1.0"),
            (b"x-amz-target", b"DynamoDB_20120810.ListTables"),
        ],
    }

    async def sent(message: Any) -> None:
        started.append(message)

    asyncio.run(app(scope, replay(b"{}"), sent))
    assert started[0]["status"] == 200


VALUES: list[dict[str, Any]] = [
    {"S": "é"},
    {"S": ""},
    {"N": "1.5"},
    {"N": 2},
    {"BOOL": False},
    {"NULL": True},
    {"B": b"\x00"},
    {"SS": ["a", "b"]},
    {"BS": [b"a"]},
    {"L": [{"S": "a"}, {"L": [{"N": "1"}]}]},
    {"M": {"a": {"M": {"b": {"B": b"c"}}}}},
]


@pytest.mark.usefixtures("moto")
@pytest.mark.parametrize(
    ("service", "name", "answer"),
    [
        *(("dynamodb", "GetItem", {"Item": {"value": value}}) for value in VALUES),
        ("dynamodb", "GetItem", {}),
        ("dynamodb", "GetItem", {"Item": None, "ConsumedCapacity": {"CapacityUnits": 1}}),
        (
            "dynamodb",
            "DescribeTable",
            {"Table": {"TableName": "a", "CreationDateTime": datetime(2026, 1, 1, tzinfo=UTC)}},
        ),
        ("dynamodb", "DescribeTable", {"Table": {"table_name": "a", "KeySchema": []}}),
        ("dynamodb", "DescribeTable", {"Table": {"TableName": "a", "Unknown": 1}}),
        ("sqs", "SendMessage", {"MessageId": "1", "MD5OfMessageBody": "2", "SequenceNumber": None}),
        ("sqs", "ReceiveMessage", {"Messages": [{"Body": "a", "Attributes": {"SentTimestamp": "1"}}]}),
    ],
)
def test_an_answer_is_written_as_moto_writes_it(service: str, name: str, answer: dict[str, Any]) -> None:
    """Values of each type, also where they hold others; members with other names, and of no name."""
    from moto.core.serialize import JSONSerializer, XFormedAttributePicker  # noqa: PLC0415 - as above
    from moto.core.utils import get_service_model  # noqa: PLC0415

    from embedded_aws.aws.moto_answers import PlainAnswers  # noqa: PLC0415

    operation = get_service_model(service).operation_model(name)
    found, expected = (
        kind(operation, value_picker=XFormedAttributePicker()).serialize(answer)
        for kind in (PlainAnswers, JSONSerializer)
    )
    assert found == expected
