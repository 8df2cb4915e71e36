"""The same inputs through the sockets of a running server, and what only a socket can bring."""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.fuzz import gateway, intake, queries
from tests.fuzz.mutation import Source, encoded
from tests.fuzz.server import status
from tests.fuzz.target import Answer, BadAnswerError, Request, Take, Target, check_status

_TIMEOUT = 20.0
_RESET = struct.pack("ii", 1, 0)

_KEY = {"id": {"S": "a"}}
_AWS_CALLS: tuple[tuple[str, str, Any], ...] = (
    ("AmazonSQS", "SendMessage", {"QueueUrl": "QUEUE", "MessageBody": "hello", "DelaySeconds": 0,
                                  "MessageAttributes": {"a": {"DataType": "String", "StringValue": "b"}}}),
    ("AmazonSQS", "SendMessageBatch", {"QueueUrl": "QUEUE", "Entries": [{"Id": "1", "MessageBody": "x"}]}),
    ("AmazonSQS", "ReceiveMessage", {"QueueUrl": "QUEUE", "MaxNumberOfMessages": 10, "VisibilityTimeout": 0}),
    ("AmazonSQS", "DeleteMessage", {"QueueUrl": "QUEUE", "ReceiptHandle": "x"}),
    ("AmazonSQS", "GetQueueAttributes", {"QueueUrl": "QUEUE", "AttributeNames": ["All"]}),
    ("AmazonSQS", "PurgeQueue", {"QueueUrl": "QUEUE"}),
    ("DynamoDB_20120810", "PutItem", {"TableName": "items", "Item": {**_KEY, "n": {"N": "1"}}}),
    ("DynamoDB_20120810", "GetItem", {"TableName": "items", "Key": _KEY, "ConsistentRead": True}),
    ("DynamoDB_20120810", "UpdateItem", {"TableName": "items", "Key": _KEY, "UpdateExpression": "SET #n = :n",
                                         "ExpressionAttributeNames": {"#n": "n"},
                                         "ExpressionAttributeValues": {":n": {"N": "2"}}}),
    ("DynamoDB_20120810", "Query", {"TableName": "items", "KeyConditionExpression": "id = :i",
                                    "ExpressionAttributeValues": {":i": {"S": "a"}}}),
    ("DynamoDB_20120810", "Scan", {"TableName": "items", "Limit": 5}),
)  # fmt: skip
_MAPPING = {"EventSourceArn": "arn:aws:sqs:us-east-1:123456789012:no", "FunctionName": "echo", "BatchSize": 5,
            "FilterCriteria": {"Filters": [{"Pattern": '{"body": {"a": [{"prefix": "b"}]}}'}]}}  # fmt: skip
_LAMBDA_CALLS: tuple[tuple[str, str, Any], ...] = (
    ("POST", "/2015-03-31/functions/echo/invocations", {"a": [1, {"b": None}]}),
    ("GET", "/2015-03-31/functions/echo", None),
    ("GET", "/2015-03-31/functions/", None),
    ("GET", "/2015-03-31/functions/echo/configuration", None),
    ("PUT", "/2017-10-31/functions/echo/concurrency", {"ReservedConcurrentExecutions": 5}),
    ("POST", "/2015-03-31/event-source-mappings/", _MAPPING),
    ("GET", "/2015-03-31/event-source-mappings/", None),
)
_LOCAL = (
    "/_local/status",
    "/_local/requests?limit=5",
    "/_local/requests/1-5759e988-bd862e3fe1be46a994272793",
    "/_local/traces?start=0&end=1e10&order=-response&after=5&limit=5&filter=fault",
    "/_local/traces/figures?start=0&end=1e10&failure=0a1b&filter=responsetime+%3E+1",
    "/_local/x",
)


def address_of(url: str) -> tuple[str, int]:
    host, _, port = url.removeprefix("http://").partition("/")[0].rpartition(":")
    return host, int(port)


def raw(request: Request) -> bytes:
    """Return a request's bytes; a Host and a length are added where it has none."""
    names = {name.lower() for name, _ in request.headers}
    lines = [
        request.method.encode()
        + b" "
        + request.path.encode("latin-1")
        + (b"?" + request.query if request.query else b"")
        + b" HTTP/1.1"
    ]
    lines += [name + b": " + value for name, value in request.headers]
    if b"host" not in names:
        lines.append(b"Host: 127.0.0.1")
    if not names & {b"content-length", b"transfer-encoding"}:
        lines.append(b"Content-Length: %d" % len(request.body))
    return b"\r\n".join([*lines, b"Connection: close", b"", request.body])


def talk(address: tuple[str, int], data: bytes) -> Answer:
    """Send bytes and read one HTTP response; raises `BadAnswerError` when there is none."""
    with socket.create_connection(address, _TIMEOUT) as connection:
        # Closed with a reset: ports of tens of thousands of connections must not wait to be free again.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        # The server may refuse before it has read all; its answer says why.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(data)
        received = bytearray()
        try:
            while chunk := connection.recv(65_536):
                received += chunk
        except ConnectionResetError:
            if not received:
                raise BadAnswerError("the connection was dropped without an answer") from None
    head, _, body = bytes(received).partition(b"\r\n\r\n")
    start = head.split(b"\r\n", 1)[0].split(b" ", 2)
    if len(start) < 2 or not start[1].isdigit():
        raise BadAnswerError(f"no HTTP response, but {bytes(received[:100])!r}")
    return Answer(int(start[1]), (), body)


def aws_call(source: Source) -> Request:
    chosen = source.random()
    if chosen < 0.4:
        service, name, sample = source.pick(_AWS_CALLS)
        target = (b"X-Amz-Target", f"{service}.{name}".encode())
        media = (b"Content-Type", b"application/x-amz-json-1.0")
        return Request("POST", "/", headers=(target, media), body=encoded(source.json(sample, 0.03)))
    if chosen < 0.6:
        method, path, sample = source.pick(_LAMBDA_CALLS)
        context = (
            ((b"X-Amz-Client-Context", source.one(b"e30=", b"x", b"eyJhIjoiw6kifQ==")),)
            if source.sometimes(0.2)
            else ()
        )
        body = b"" if sample is None else encoded(source.json(sample, 0.05))
        return Request(
            method, path, b"", (*context, (b"X-Amzn-Trace-Id", gateway.sendable(intake.header(source)))), body
        )
    if chosen < 0.7:
        return queries.log_call(source)
    if chosen < 0.8:
        asked = queries.fis_call(source)
        scope = b"AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/fis/aws4_request"
        return Request(
            asked.method, asked.path, _query(asked.query), ((b"Authorization", scope),), asked.body
        )
    if chosen < 0.95:
        path, body = intake.api_call(source)
        return Request("POST", path, body=body)
    path, _, query = source.pick(_LOCAL).partition("?")
    return Request("GET", path, _query(encoded(source.text(query))))


def _query(text: bytes) -> bytes:
    return bytes(one for one in text if 0x21 <= one < 0x7F)


def mangled(source: Source) -> bytes:
    """Return the bytes of a request with some of them changed, all of it sent."""
    asked = source.one(gateway.request, aws_call)(source)
    head, _, body = raw(asked).partition(b"\r\n\r\n")
    return source.bytes(head[:3000]) + b"\r\n\r\n" + body[:1000]


@contextmanager
def aws_calls() -> Iterator[Take]:
    """Yield what sends calls to the AWS endpoint, `QUEUE` in them being the stack's own queue."""
    running = status()
    address, queue = address_of(running["endpoint"]), str(running["outputs"].get("queue", "")).encode()

    def take(asked: Request) -> None:
        body = asked.body.replace(b"QUEUE", queue)
        check_status(talk(address, raw(Request(asked.method, asked.path, asked.query, asked.headers, body))))

    yield take


@contextmanager
def _api() -> Iterator[Take]:
    address, prefix = address_of(status()["api"]), "/" + status()["api"].split("/", 3)[3]

    def take(asked: Request) -> None:
        path = prefix + asked.path.removeprefix(gateway.PREFIX)
        check_status(talk(address, raw(Request(asked.method, path, asked.query, asked.headers, asked.body))))

    yield take


@contextmanager
def _replies() -> Iterator[Take]:
    address, prefix = address_of(status()["api"]), "/" + status()["api"].split("/", 3)[3]

    def take(text: str) -> None:
        answer = talk(address, raw(Request("POST", f"{prefix}/reply", body=encoded(text)[:200_000])))
        # 502 is API Gateway's answer to a malformed reply; any other status is the one that was asked for.
        if answer.status == 500 and b"500" not in encoded(text):
            raise BadAnswerError(f"HTTP 500: {answer.body[:200]!r}")

    yield take


@contextmanager
def _otlp() -> Iterator[Take]:
    address = address_of(status()["otlp"])
    yield lambda asked: check_status(talk(address, raw(asked)))


@contextmanager
def _daemon() -> Iterator[Take]:
    """Send datagrams; after some, the daemon's TCP port must answer."""
    address, count = address_of(status()["daemon"]), 0
    asked = raw(Request("POST", "/GetSamplingRules", body=b"{}"))

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:

        def take(data: bytes) -> None:
            nonlocal count
            count += 1
            udp.sendto(data, address)
            if count % 20 == 0 and talk(address, asked).status != 200:
                raise BadAnswerError("the daemon's TCP port does not answer any more")

        yield take


@contextmanager
def _hosts() -> Iterator[Take]:
    running = status()
    addresses = [address_of(running[name]) for name in ("endpoint", "otlp", "daemon")]

    def take(asked: Request) -> None:
        for address in addresses:
            check_status(talk(address, raw(asked)))

    yield take


@contextmanager
def _bytes() -> Iterator[Take]:
    address = address_of(status()["endpoint"])

    def take(data: bytes) -> None:
        with socket.create_connection(address, _TIMEOUT) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            connection.sendall(data)
            # It may lack its end, so nothing more is waited for than that the server takes it.
        if Source(data).sometimes(0.05):
            check_status(talk(address, raw(Request("GET", "/_local/status"))))

    yield take


TARGETS = (
    Target("aws", 120, aws_call, aws_calls, clock=time.perf_counter),
    Target("api", 100, gateway.request, _api, clock=time.perf_counter),
    Target("answers", 100, gateway.reply, _replies, clock=time.perf_counter),
    Target("receiver", 60, intake.otlp_request, _otlp, clock=time.perf_counter),
    Target("daemon", 60, intake.datagram, _daemon, clock=time.perf_counter),
    Target("hosts", 30, gateway.hosted, _hosts, clock=time.perf_counter),
    Target("bytes", 30, mangled, _bytes, clock=time.perf_counter),
)


def warm_up(cases: int = 200) -> None:
    """Let the server import and start what comes with the first calls."""
    source = Source(0)
    for target in TARGETS:
        with target.open() as take:
            for _ in range(cases):
                with contextlib.suppress(Exception):
                    take(target.make(source))
