"""Calls of AWS through the endpoint, beside moto's server and MiniStack: the same boto3 clients, in turn."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from statistics import median
from typing import Any

from benchmarks.figures import MINISTACK, Measured
from benchmarks.servers import OURS, Server, all_running
from benchmarks.tracing import HANDLERS
from embedded_aws.aws.ids import RandomIds
from embedded_aws.awslambda.runtime.environ import HOST_RUNTIME

WARM_UP = 20
TURN = 10
DOCUMENTS_PER_CALL = 50
RUNS_FUNCTIONS = {OURS, MINISTACK}
HAS_NO_XRAY = {MINISTACK}
_ids = RandomIds()

Call = Callable[[int], object]


def measure(count: int, say: Callable[[str], None]) -> Iterator[Measured]:
    """Measure each call so often."""
    say("starting the three servers")
    with all_running() as servers:
        calls = {server.name: dict(_calls(server)) for server in servers}
        say(f"{count} of each call")
        taken = _turns(calls, WARM_UP + count)
    for what, by_server in taken.items():
        p50 = {name: median(each[WARM_UP:]) * 1000 for name, each in by_server.items()}
        if what == "xray.PutTraceSegments":
            p50 = {name: DOCUMENTS_PER_CALL / each * 1000 for name, each in p50.items()}
        yield Measured(f"call.{what}", p50.pop(OURS), p50)


def _turns(calls: Mapping[str, Mapping[str, Call]], count: int) -> dict[str, dict[str, list[float]]]:
    """Return the seconds of each call on each server; they take turns, and who is first changes.

    A turn has some calls: after each one, the others would have let what it needs go cold.
    """
    taken: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    names = list(calls)
    for turn, start in enumerate(range(0, count, TURN)):
        first = turn % len(names)
        for what in calls[OURS]:
            for name in (*names[first:], *names[:first]):
                if call := calls[name].get(what):
                    for number in range(start, min(start + TURN, count)):
                        begun = time.perf_counter()
                        call(number)
                        taken[what][name].append(time.perf_counter() - begun)
    return taken


def _calls(server: Server) -> Iterator[tuple[str, Call]]:
    """Make what the calls need and yield them by name."""
    dynamodb, sqs = server.client("dynamodb"), server.client("sqs")
    dynamodb.create_table(
        TableName="items",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    url = sqs.create_queue(QueueName="work")["QueueUrl"]
    yield (
        "dynamodb.PutItem",
        lambda number: dynamodb.put_item(
            TableName="items", Item={"id": {"S": str(number)}, "count": {"N": "1"}}
        ),
    )
    yield (
        "dynamodb.GetItem",
        lambda number: dynamodb.get_item(TableName="items", Key={"id": {"S": str(number)}}),
    )
    yield "sqs.SendMessage", lambda _: sqs.send_message(QueueUrl=url, MessageBody="hello")
    yield "sqs.ReceiveMessage", lambda _: sqs.receive_message(QueueUrl=url)
    if server.name in RUNS_FUNCTIONS:
        function(server, "answer")
        lambda_ = server.client("lambda")
        yield (
            "lambda.Invoke",
            lambda _: lambda_.invoke(FunctionName="answer", Payload=b"{}")["Payload"].read(),
        )
    if server.name not in HAS_NO_XRAY:
        xray = server.client("xray")
        yield "xray.PutTraceSegments", lambda _: xray.put_trace_segments(TraceSegmentDocuments=_segments())


def function(server: Server, name: str, **settings: Any) -> str:
    """Deploy a handler that needs nothing, wait until it answers, and return its ARN."""
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.write(HANDLERS / f"{name}.py", f"{name}.py")
    client = server.client("lambda")
    role = server.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(_TRUST))
    arn: str = client.create_function(
        FunctionName=name,
        Role=role["Role"]["Arn"],
        Runtime=HOST_RUNTIME,
        Handler=f"{name}.handler",
        Code={"ZipFile": code.getvalue()},
        **settings,
    )["FunctionArn"]
    client.get_waiter("function_active_v2").wait(FunctionName=name)
    answer = client.invoke(FunctionName=name, Payload=b"{}")
    payload = json.load(answer["Payload"])
    if payload.get("statusCode") != 200:
        raise RuntimeError(f"{server.name}: the function answered {payload}")
    return arn


_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


def _segments() -> list[str]:
    now = time.time()
    return [
        json.dumps(
            {
                "trace_id": _ids.trace_id(now),
                "id": _ids.segment_id(),
                "name": "orders",
                "start_time": now - 0.2,
                "end_time": now,
                "annotations": {"tenant": 7},
                "http": {
                    "request": {"method": "GET", "url": "https://api.test/"},
                    "response": {"status": 200},
                },
            }
        )
        for _ in range(DOCUMENTS_PER_CALL)
    ]
