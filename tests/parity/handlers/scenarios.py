"""One handler for every scenario; the event names which. Deployed once in each mode."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from opentelemetry import propagate, trace

import tracing

tracer = trace.get_tracer(__name__)
ONCE = Config(retries={"total_max_attempts": 1}, connect_timeout=1, read_timeout=5)
PEER = os.environ["PEER"]
REFUSING = os.environ["REFUSING"]

with tracer.start_as_current_span("read configuration"), tracer.start_as_current_span("parse"):
    tracing.annotate("source", "file")

SCENARIOS: dict[str, Callable[[Any], Any]] = {}


def scenario(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    SCENARIOS[function.__name__] = function
    return function


@tracing.capture_lambda_handler
def handler(event: dict[str, Any], context: Any) -> Any:
    return SCENARIOS[event["scenario"]](event.get("with"))


def aws(service: str, **options: Any) -> Any:
    return boto3.client(service, config=ONCE, **options)


def outcome(call: Callable[..., Any], **parameters: Any) -> str:
    """Return the error code of a call, or `ok`."""
    try:
        call(**parameters)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    except BotoCoreError as error:
        return type(error).__name__
    return "ok"


@scenario
def invoke(parameters: dict[str, Any]) -> Any:
    try:
        reply = aws("lambda").invoke(**{"FunctionName": "worker", "Payload": b'{"n": 1}', **parameters})
    except ClientError as error:
        return error.response["Error"]["Code"]
    return [reply["StatusCode"], reply.get("FunctionError"), reply["Payload"].read().decode()]


@scenario
def dynamodb(steps: list[list[Any]]) -> list[str]:
    client = aws("dynamodb")
    return [outcome(getattr(client, operation), **parameters) for operation, parameters in steps]


@scenario
def dynamodb_throttled(endpoint: None) -> str:
    return outcome(aws("dynamodb", endpoint_url=PEER).get_item, TableName="orders", Key={"id": {"S": "1"}})


@scenario
def dynamodb_refused(endpoint: None) -> str:
    return outcome(aws("dynamodb", endpoint_url=REFUSING).list_tables)


@scenario
def calls(steps: list[list[Any]]) -> list[str]:
    return [outcome(getattr(aws(service), name), **parameters) for service, name, parameters in steps]


@scenario
def send_and_receive(queue: str) -> int:
    sqs = aws("sqs")
    attribute = {"kind": {"DataType": "String", "StringValue": "order"}}
    sqs.send_message(QueueUrl=queue, MessageBody="one", MessageAttributes=attribute)
    entries = [{"Id": str(number), "MessageBody": str(number)} for number in range(3)]
    sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    asked = {"MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"], "WaitTimeSeconds": 0}
    messages = sqs.receive_message(QueueUrl=queue, **asked)["Messages"]
    for message in messages:
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return len(messages)


@scenario
def http(call: dict[str, str]) -> Any:
    url = {"refused": REFUSING}.get(call["path"], PEER) + f"/{call['path']}?token=secret"
    # What never answers is given up soon; nothing else may be for a busy machine.
    timeout = 0.5 if call["path"] == "slow" else 20.0
    return {"requests": by_requests, "urllib3": by_urllib3, "httpx": by_httpx}[call["client"]](url, timeout)


def by_requests(url: str, timeout: float) -> Any:
    import requests  # noqa: PLC0415 - only this scenario pays for it

    try:
        return requests.get(url, timeout=timeout).status_code
    except requests.RequestException as error:
        return type(error).__name__


def by_urllib3(url: str, timeout: float) -> Any:
    import urllib3  # noqa: PLC0415

    try:
        with urllib3.PoolManager(timeout=timeout, retries=False) as pool:
            return pool.request("GET", url).status
    except urllib3.exceptions.HTTPError as error:
        return type(error).__name__


def by_httpx(url: str, timeout: float) -> Any:
    import httpx  # noqa: PLC0415

    try:
        return httpx.get(url, timeout=timeout).status_code
    except httpx.HTTPError as error:
        return type(error).__name__


@scenario
def nested(_: None) -> None:
    with tracer.start_as_current_span("outer"):
        tracing.annotate("text", "ä / 1")
        tracing.annotate("whole", 3)
        tracing.annotate("fraction", 2.5)
        with tracer.start_as_current_span("middle"):
            tracing.annotate("yes", True)
            tracing.add_metadata("order", {"lines": [1, None, {"deep": "x"}]})
            tracing.add_metadata("cart", "c-1", namespace="shop")
            with tracer.start_as_current_span("inner") as span:
                span.set_attribute("plain.key", ["a", "b"])
                span.add_event("cache miss", {"key": "k"})


@scenario
def raised_through(_: None) -> None:
    with (
        tracer.start_as_current_span("outer"),
        tracer.start_as_current_span("middle"),
        tracer.start_as_current_span("inner"),
    ):
        raise ValueError("no such order")


@scenario
def caught_at_the_top(_: None) -> str:
    try:
        raised_through(None)
    except ValueError as error:
        return str(error)
    return "nothing was raised"


@scenario
def chained(_: None) -> None:
    with tracer.start_as_current_span("convert"):
        try:
            int("many")
        except ValueError as error:
            raise LookupError("two\nlines") from error


@scenario
def handled(_: None) -> None:
    with tracer.start_as_current_span("attempt") as span:
        try:
            raise KeyError("k")
        except KeyError as error:
            span.record_exception(error)
            span.set_status(trace.StatusCode.ERROR, "no k")


@scenario
def returned(result: Any) -> Any:
    return result


@scenario
def gathered(_: None) -> int:
    async def one(number: int) -> int:
        with tracer.start_as_current_span(f"task {number}"):
            await asyncio.sleep(0.001)
            with tracer.start_as_current_span(f"step {number}"):
                await asyncio.sleep(0)
        return number

    async def everything() -> list[int]:
        return await asyncio.gather(*(one(number) for number in range(50)))

    return sum(asyncio.run(everything()))


@scenario
def pooled(_: None) -> None:
    together = threading.Barrier(8)

    def work(number: int) -> None:
        with tracer.start_as_current_span(f"work {number}"):
            together.wait()
            with tracer.start_as_current_span("part"):
                tracing.annotate("number", number)

    with tracer.start_as_current_span("pool"), ThreadPoolExecutor(8) as pool:
        list(pool.map(tracing.carry_context(work), range(8)))


@scenario
def carried(_: None) -> list[Any]:
    """Return what the header of an outgoing call says, and whether its parent is the current span."""
    carrier: dict[str, str] = {}
    with tracer.start_as_current_span("call") as span:
        propagate.inject(carrier)
    aws("sqs").list_queues()
    header = dict(part.split("=", 1) for part in carrier["X-Amzn-Trace-Id"].split(";"))
    own = trace.format_span_id(span.get_span_context().span_id)
    return [list(header), header.get("Parent") == own, header.get("Sampled"), header.get("Lineage")]


@scenario
def hanging(_: None) -> None:
    with tracer.start_as_current_span("done"):
        pass
    with tracer.start_as_current_span("waiting"), tracer.start_as_current_span("on and on"):
        time.sleep(60)


@scenario
def large(_: None) -> None:
    with tracer.start_as_current_span("large"):
        tracing.add_metadata("payload", "x" * 65_536)
        tracing.add_metadata("small", "kept")


@scenario
def annotated(count: int) -> None:
    with tracer.start_as_current_span("many"):
        for number in range(count):
            tracing.annotate(f"key_{number}", number)


@scenario
def odd_names(_: None) -> None:
    for name in (
        "a?b;c*d",
        "(e)!$~^<f>",
        "ümläut ☃",
        "slash/colon:amp&",
        "   ",
        "x" * 250,
        'quote"back\\slash',
    ):
        with tracer.start_as_current_span(name):
            tracing.annotate(name[:20], name[:20])


@scenario
def forked(_: None) -> bool:
    """Tell whether two copies of this process draw different ids."""
    drawn = []
    for _number in range(2):
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            with tracer.start_as_current_span("child") as span:
                os.write(writing, trace.format_span_id(span.get_span_context().span_id).encode())
            provider: Any = trace.get_tracer_provider()
            provider.force_flush()
            os._exit(0)
        os.waitpid(child, 0)
        drawn.append(os.read(reading, 16).decode())
        os.close(reading)
        os.close(writing)
    return drawn[0] != drawn[1]


@scenario
def exiting(_: None) -> None:
    sys.exit(3)


@scenario
def produce(message: dict[str, Any]) -> None:
    sqs = aws("sqs")
    for body in message["bodies"]:
        sqs.send_message(QueueUrl=message["queue"], MessageBody=json.dumps(body))
