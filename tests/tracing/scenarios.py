"""Handlers for the worker processes."""

from __future__ import annotations

import asyncio
import io
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import boto3
from botocore.exceptions import ClientError
from opentelemetry import propagate, trace

import tracing
from tracing import capture_lambda_handler as handler

tracer = trace.get_tracer(__name__)
dynamodb = boto3.client("dynamodb")
lambda_ = boto3.client("lambda")
sns = boto3.client("sns")
sqs = boto3.client("sqs")
s3 = boto3.client("s3")
nobody = boto3.client("dynamodb", endpoint_url="http://127.0.0.1:9")

with tracer.start_as_current_span("read config"):
    pass


@handler
def plain(event: Any, context: Any) -> Any:
    return event


@handler
def top(event: Any, context: Any) -> None:
    tracing.annotate("order.id", event)
    tracing.annotate("paid", True)
    tracing.annotate("total", 9.5)
    wrong: Any = [1]
    tracing.annotate("bad", wrong)
    tracing.add_metadata("order", {"lines": [1, 2]})
    tracing.add_metadata("cart", "c1", namespace="shop")
    tracing.add_metadata("no", 1, namespace="AWS.mine")
    trace.get_current_span().set_attribute("plain.key", ("a", "b"))


@handler
def nested(event: Any, context: Any) -> None:
    with (
        tracer.start_as_current_span("outer"),
        tracer.start_as_current_span("middle?"),
        tracer.start_as_current_span("inner") as span,
    ):
        span.add_event("cache miss", {"key": "k"})


@handler
def every_kind(event: Any, context: Any) -> None:
    for kind in trace.SpanKind:
        with tracer.start_as_current_span(f"of {kind.name}", kind=kind):
            pass


@handler
def raising(event: Any, context: Any) -> None:
    with tracer.start_as_current_span("outer"), tracer.start_as_current_span("inner"):
        raise ValueError("no such order")


@handler
def chained(event: Any, context: Any) -> None:
    try:
        raise KeyError("k")
    except KeyError as error:
        raise RuntimeError("two\nlines") from error


@handler
def exiting(event: Any, context: Any) -> None:
    sys.exit(3)


@handler
def recording(event: Any, context: Any) -> dict[str, int]:
    trace.get_current_span().record_exception(LookupError("handled"))
    return {"statusCode": 200}


@tracing.capture_method
def method() -> int:
    return 1


@tracing.capture_method
async def coroutine() -> int:
    await asyncio.sleep(0)
    return 2


@handler
def methods(event: Any, context: Any) -> int:
    return method() + asyncio.run(coroutine())


@handler
@handler
def twice(event: Any, context: Any) -> Any:
    return plain(event, context)


@handler
def gathered(event: Any, context: Any) -> list[str]:
    async def one(number: int) -> str:
        with tracer.start_as_current_span(f"task {number}"):
            await asyncio.sleep(0)
            with tracer.start_as_current_span(f"step {number}"):
                await asyncio.sleep(0)
                return trace.format_span_id(trace.get_current_span().get_span_context().span_id)

    async def everything() -> list[str]:
        return await asyncio.gather(*(one(number) for number in range(50)))

    return asyncio.run(everything())


@handler
def pooled(event: Any, context: Any) -> None:
    def work(number: int) -> None:
        with tracer.start_as_current_span(f"work {number}"):
            pass

    with tracer.start_as_current_span("pool"), ThreadPoolExecutor(8) as pool:
        list(pool.map(tracing.carry_context(work), range(20)))


@handler
def threaded(event: Any, context: Any) -> None:
    thread = threading.Thread(target=method)
    thread.start()
    thread.join()


@handler
def many(event: int, context: Any) -> int:
    for number in range(event):
        with tracer.start_as_current_span(f"span {number}"):
            pass
    return event


@handler
def large(event: Any, context: Any) -> str:
    with tracer.start_as_current_span("large") as span:
        span.set_attribute("payload", "x" * event)
        span.set_attribute("small", "kept")
    return "answered"


@handler
def many_annotations(event: Any, context: Any) -> None:
    for number in range(52):
        tracing.annotate(f"key_{number}", number)


@handler
def odd_values(event: Any, context: Any) -> None:
    tracing.annotate("limit", float("inf"))
    tracing.add_metadata("nothing", {"value": float("nan"), "set": {1}, "object": object})
    trace.get_current_span().set_attribute("surrogate", "\ud800")
    trace.get_current_span().set_attribute("aws.xray.metadata.deep", "[" * 20_000)


def _call(call: Any, **params: Any) -> str:
    try:
        call(**params)
    except Exception as error:  # noqa: BLE001 - told to the test
        return type(error).__name__
    return "ok"


@handler
def aws_calls(event: Any, context: Any) -> list[str]:
    item = {"id": {"S": "1"}}
    return [
        _call(dynamodb.put_item, TableName="orders", Item=item),
        _call(dynamodb.batch_write_item, RequestItems={"orders": [{"PutRequest": {"Item": item}}]}),
        _call(nobody.put_item, TableName="orders", Item=item),
    ]


@handler
def put_item(event: Any, context: Any) -> str:
    with tracer.start_as_current_span("save"):
        return _call(dynamodb.put_item, TableName="orders", Item={"id": {"S": "1"}})


@handler
def call_within_a_call(event: Any, context: Any) -> str:
    """As credentials are fetched while a call is signed."""

    def fetch(**_: Any) -> None:
        dynamodb.meta.events.unregister("before-sign.dynamodb.PutItem", fetch)
        dynamodb.list_tables()

    dynamodb.meta.events.register("before-sign.dynamodb.PutItem", fetch)
    return _call(dynamodb.put_item, TableName="orders", Item={"id": {"S": "1"}})


@handler
def put_item_raising(event: Any, context: Any) -> None:
    with tracer.start_as_current_span("save"):
        dynamodb.put_item(TableName="orders", Item={"id": {"S": "1"}})


@handler
def invoke(event: Any, context: Any) -> list[Any]:
    params = {"FunctionName": "worker", "Payload": event.encode(), "ClientContext": "e30="}
    reply = lambda_.invoke(**params)
    return [reply["Payload"].read().decode(), params["Payload"].decode(), sorted(params)]


@handler
def publish(event: Any, context: Any) -> Any:
    attributes = {f"a{n}": {"DataType": "String", "StringValue": "v"} for n in range(event)}
    return [
        _call(sns.publish, TopicArn="arn:topic", Message="m", MessageAttributes=attributes),
        len(attributes),
    ]


def _attributes(count: int) -> dict[str, Any]:
    return {f"a{number}": {"DataType": "String", "StringValue": "v"} for number in range(count)}


@handler
def all_sorts(event: Any, context: Any) -> list[str]:
    """Every call that an SDK is tempted to change: what its reply and its parameters look like afterwards."""
    message = {"QueueUrl": "http://queue", "MessageBody": "m"}
    entries = [
        {"Id": str(number), "MessageBody": "m", "MessageAttributes": _attributes(10)} for number in (1, 2)
    ]
    calls: list[tuple[Any, dict[str, Any]]] = [
        (lambda_.invoke, {"FunctionName": "worker", "Payload": '{"a": 1}'}),
        (lambda_.invoke, {"FunctionName": "worker", "Payload": b'{"headers": {"h": "1"}}'}),
        (lambda_.invoke, {"FunctionName": "worker", "Payload": io.BytesIO(b'{"a": 2}')}),
        (
            lambda_.invoke,
            {"FunctionName": "worker", "Payload": "{}", "ClientContext": "eyJjdXN0b20iOnt9fQ=="},
        ),
        (lambda_.invoke, {"FunctionName": "worker", "InvocationType": "Event"}),
        (sns.publish, {"TopicArn": "arn:topic", "Message": "m", "MessageAttributes": _attributes(10)}),
        (sns.publish, {"TopicArn": "arn:topic", "Message": "m"}),
        (sqs.send_message, {**message, "MessageAttributes": _attributes(10)}),
        (sqs.send_message, message),
        (sqs.send_message_batch, {"QueueUrl": "http://queue", "Entries": entries}),
        (sqs.receive_message, {"QueueUrl": "http://queue", "MessageAttributeNames": ["a"]}),
        (dynamodb.get_item, {"TableName": "orders", "Key": {"id": {"S": "1"}}}),
        (s3.put_object, {"Bucket": "files", "Key": "k", "Body": b"x", "Metadata": {"m": "1"}}),
    ]
    return [f"{_reply(call, parameters)} {_shown(parameters)}" for call, parameters in calls]


def _reply(call: Any, parameters: dict[str, Any]) -> Any:
    reply = call(**parameters)
    payload = reply.pop("Payload", None)
    reply["ResponseMetadata"]["HTTPHeaders"].pop("date", None)
    return [reply, payload.read() if payload else None]


def _shown(parameters: dict[str, Any]) -> Any:
    return {key: "a stream" if isinstance(value, io.BytesIO) else value for key, value in parameters.items()}


@handler
def s3_put(event: Any, context: Any) -> str:
    return _call(s3.put_object, Bucket="files", Key="a/b", Body=b"x")


@handler
def injected(event: Any, context: Any) -> Any:
    carrier: dict[str, str] = {}
    with tracer.start_as_current_span("http call"):
        propagate.inject(carrier)
        span = trace.get_current_span().get_span_context()
    return [carrier, trace.format_span_id(span.span_id)]


@handler
def linked(event: Any, context: Any) -> None:
    producer = propagate.extract({"X-Amzn-Trace-Id": event})
    link = trace.Link(trace.get_current_span(producer).get_span_context())
    with tracer.start_as_current_span("record", links=[link]):
        pass


@handler
def http_call(event: Any, context: Any) -> None:
    attributes = {
        "http.request.method": "get",
        "url.full": "http://shop.example/orders?token=secret",
        "http.response.status_code": event,
    }
    with tracer.start_as_current_span("GET", kind=trace.SpanKind.CLIENT, attributes=attributes):
        pass


@handler
def recorded_by_others(event: Any, context: Any) -> None:
    """Spans as instrumentations of other libraries write them; every query, fragment and user is `secret`."""
    url = "https://user:secret@shop.example/orders?token=secret#secret"
    other = trace.get_tracer("opentelemetry.instrumentation.other")
    for name, kind, attributes in (
        ("client", trace.SpanKind.CLIENT, {"http.request.method": "GET", "url.full": url}),
        ("old client", trace.SpanKind.CLIENT, {"http.method": "GET", "http.url": url}),
        ("server", trace.SpanKind.SERVER, {"url.path": "/orders", "url.query": "token=secret"}),
        ("old server", trace.SpanKind.SERVER, {"http.url": url, "http.target": "/orders?token=secret"}),
        ("neither", trace.SpanKind.INTERNAL, {"url.full": url, "url.fragment": "secret"}),
    ):
        link = trace.Link(trace.get_current_span().get_span_context(), {"http.url": url})
        with other.start_as_current_span(name, kind=kind, attributes=attributes, links=[link]) as span:
            span.add_event("redirected", {"url.full": url})
            span.update_name(name)


@handler
def recorded_with_the_xray_sdk(event: Any, context: Any) -> None:
    from aws_xray_sdk.core import xray_recorder  # noqa: PLC0415 - in its mode alone

    with xray_recorder.in_subsegment("django") as subsegment:
        subsegment.put_http_meta("url", "https://shop.example/orders?token=secret")


left_open: list[Any] = []


@handler
def leaving_open(event: Any, context: Any) -> None:
    """Start spans, one below the other, that nobody ends for now."""
    with trace.use_span(tracer.start_span("left open", attributes={"customer": "ada"})):
        left_open.extend([trace.get_current_span(), tracer.start_span("below")])
        with tracer.start_as_current_span("ended"):
            pass


@handler
def leaving_open_and_returning(event: Any, context: Any) -> dict[str, int]:
    tracer.start_span("left open in front")
    return {"statusCode": event}


@handler
def ending_late(event: Any, context: Any) -> None:
    while left_open:
        left_open.pop().end()


outliving = threading.Event()
threads: list[threading.Thread] = []


@handler
def leaving_a_thread(event: Any, context: Any) -> None:
    begun = threading.Event()

    def work() -> None:
        with tracer.start_as_current_span("in the thread"):
            begun.set()
            outliving.wait(timeout=20)
            with tracer.start_as_current_span("afterwards"):
                pass

    outliving.clear()
    threads.append(threading.Thread(target=tracing.carry_context(work)))
    threads[0].start()
    begun.wait(timeout=20)


def joining_it(event: Any, context: Any) -> None:
    outliving.set()
    threads.pop().join()


waiting = threading.Event()


@handler
def hanging(event: Any, context: Any) -> None:
    with tracer.start_as_current_span("done"):
        pass
    with tracer.start_as_current_span("slow step"):
        waiting.wait(timeout=event)


@handler
def extra_packets(event: Any, context: Any) -> bool:
    return trace.get_current_span().is_recording()


@handler
def forked(event: Any, context: Any) -> list[str]:
    """Ids that two children of this process draw."""

    def draw(pipe: int) -> None:
        with tracer.start_as_current_span("child") as span:
            os.write(pipe, trace.format_span_id(span.get_span_context().span_id).encode())
        os._exit(0)

    found = []
    for _ in range(2):
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            draw(writing)
        os.waitpid(child, 0)
        found.append(os.read(reading, 16).decode())
        os.close(reading)
        os.close(writing)
    return found


def interleaved(event: Any, context: Any) -> list[list[str]]:
    """Fifty invocations in threads of one process, each with its own header on its context object."""
    barrier = threading.Barrier(50)

    @handler
    def one(number: int, context: Any) -> list[str]:
        barrier.wait()
        with tracer.start_as_current_span(f"in {number}"):
            tracing.annotate("number", number)
            barrier.wait()
            carrier: dict[str, str] = {}
            propagate.inject(carrier)
        return [f"{number}", carrier["X-Amzn-Trace-Id"]]

    contexts = [
        SimpleNamespace(trace_id=f"Root=1-5759e988-{number:024x};Parent={number + 1:016x};Sampled=1")
        for number in range(50)
    ]
    with ThreadPoolExecutor(50) as pool:
        return list(pool.map(one, range(50), contexts))


def client_error_type(event: Any, context: Any) -> str:
    """The decorated call raises what the undecorated call raises."""
    try:
        put_item_raising(event, context)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "nothing raised"


def _clients(url: str) -> dict[str, Any]:
    """The HTTP clients that are recorded, imported where a handler would."""
    import httpx  # noqa: PLC0415 - only these handlers pay for it
    import requests  # noqa: PLC0415 - only these handlers pay for it
    import urllib3  # noqa: PLC0415 - only these handlers pay for it

    async def httpx_async() -> Any:
        async with httpx.AsyncClient() as client:
            return await client.get(url)

    return {
        "requests": lambda: requests.get(url, timeout=5),
        "urllib3": lambda: urllib3.PoolManager(retries=False).request("GET", url),
        "httpx": lambda: httpx.get(url),
        "httpx async": lambda: asyncio.run(httpx_async()),
    }


@handler
def http_get(event: Any, context: Any) -> str:
    return _call(_clients(event["url"])[event["client"]])


@handler
def http_with_headers(event: Any, context: Any) -> dict[str, str]:
    import urllib3  # noqa: PLC0415 - only these handlers pay for it

    headers: Any = {"X-Own": b"1"}
    urllib3.PoolManager(retries=False).request("GET", event, headers=headers)
    return {key: value.decode() for key, value in headers.items()}


@handler
def http_inside_another_s(event: Any, context: Any) -> str:
    instrumentation = trace.get_tracer("opentelemetry.instrumentation.requests")
    with instrumentation.start_as_current_span("GET", kind=trace.SpanKind.CLIENT):
        return _call(_clients(event)["requests"])


@handler
def slow(event: Any, context: Any) -> None:
    waiting.wait(timeout=event)


@handler
def many_then_raise(event: Any, context: Any) -> None:
    for number in range(event):
        with tracer.start_as_current_span(f"span {number}"):
            pass
    raise ValueError("after many")


@handler
def large_then_raise(event: Any, context: Any) -> None:
    for number in range(event):
        with tracer.start_as_current_span(f"span {number}") as span:
            span.set_attribute("large", "x" * 50_000)
    raise ValueError("after large")
