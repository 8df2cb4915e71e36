"""Traces as X-Ray returns them, small enough to read: what the viewer's tests show and measure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from waterfall.traces.tree import build

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from waterfall.traces.model import Document, Trace

T0 = 1_700_000_000.0
TRACE_ID = "1-6553f100-0123456789abcdef01234567"
CONSUMER_ID = "1-6553f102-89abcdef0123456789abcdef"
ACCOUNT = "123456789012"
REGION = "us-east-1"
API = "https://k2v9x1.execute-api.us-east-1.amazonaws.com/dev"


def segment(name: str, id_: str, start: float, end: float | None, **fields: Any) -> dict[str, Any]:
    """A segment document; `start` and `end` are seconds after T0, an open end means in progress."""
    ending = {"in_progress": True} if end is None else {"end_time": T0 + end}
    timing = {"name": name, "id": id_, "trace_id": TRACE_ID, "start_time": T0 + start, **ending}
    return {**timing, **{key: value for key, value in fields.items() if value is not None}}


def subsegment(name: str, id_: str, start: float, end: float | None, **fields: Any) -> dict[str, Any]:
    """A subsegment as it stands inside its segment."""
    document = segment(name, id_, start, end, **fields)
    del document["trace_id"]
    return document


def alone(document: Mapping[str, Any], parent_id: str, trace_id: str = TRACE_ID) -> dict[str, Any]:
    """The same subsegment, sent alone."""
    return {**document, "type": "subsegment", "parent_id": parent_id, "trace_id": trace_id}


def paused() -> dict[str, Any]:
    """The segment of a function that stood at a line for a second."""
    told = {"debugger": {"reason": "breakpoint", "file": "/app/stood.py", "line": 7, "function": "handler"}}
    stood = subsegment("Paused", "9000000000000002", 1, 2, metadata=told)
    return segment("stood", "9000000000000001", 0, 3, origin="AWS::Lambda::Function", subsegments=[stood])


def exception(type_: str, message: str, id_: str = "e000000000000001", **fields: Any) -> dict[str, Any]:
    stack = [
        {"path": "app.py", "line": 12, "label": "handler"},
        {"path": "app.py", "line": 31, "label": "load"},
    ]
    return {"id": id_, "type": type_, "message": message, "remote": False, "stack": stack, **fields}


def cause(*exceptions: Mapping[str, Any]) -> dict[str, Any]:
    return {"working_directory": "/var/task", "paths": [], "exceptions": list(exceptions)}


def stage(end: float, *calls: Document, status: int = 200, **fields: Any) -> dict[str, Any]:
    """The segment of an API Gateway stage."""
    return segment(
        "traced-api/dev",
        "a000000000000001",
        0,
        end,
        origin="AWS::ApiGateway::Stage",
        http={
            "request": {
                "url": f"{API}/hello",
                "method": "GET",
                "user_agent": "curl/8.5",
                "client_ip": "127.0.0.1",
            },
            "response": {"status": status, "content_length": 0},
        },
        aws={
            "api_gateway": {"account_id": ACCOUNT, "rest_api_id": "k2v9x1", "stage": "dev"},
            "xray": {"sampling_rule_name": "traced-api-dev"},
        },
        annotations={"aws:api_id": "k2v9x1", "aws:api_stage": "dev"},
        subsegments=list(calls),
        **fields,
    )


def integration(end: float, status: int = 200, **fields: Any) -> dict[str, Any]:
    """The one call that a stage makes: its Lambda integration."""
    return subsegment(
        "Lambda",
        "a000000000000002",
        0.002,
        end,
        namespace="aws",
        http={
            "request": {"url": f"https://lambda.{REGION}.amazonaws.com/front/invocations", "method": "GET"},
            "response": {"status": status, "content_length": 32},
        },
        aws={"function_name": "front", "region": REGION, "operation": "Invoke", "resource_names": ["front"]},
        **fields,
    )


def service(
    name: str, id_: str, parent: str | None, start: float, end: float | None, **fields: Any
) -> dict[str, Any]:
    """Lambda's own segment for an invocation."""
    fields.setdefault("http", {"response": {"status": 200}})
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"
    return segment(name, id_, start, end, parent_id=parent, origin="AWS::Lambda", resource_arn=arn, **fields)


def function(
    name: str, id_: str, parent: str, start: float, end: float | None, *subsegments: Document, **fields: Any
) -> dict[str, Any]:
    """The segment of the function itself."""
    fields.setdefault("annotations", {"aws:responseLatency": 264.19, "aws:runtimeOverhead": 58.198})
    return segment(
        name,
        id_,
        start,
        end,
        parent_id=parent,
        origin="AWS::Lambda::Function",
        aws={"cloudwatch_logs": [{"log_group": f"/aws/lambda/{name}"}]},
        subsegments=list(subsegments),
        **fields,
    )


def aws_call(
    name: str,
    id_: str,
    start: float,
    end: float | None,
    operation: str,
    *,
    status: int | None = 200,
    **fields: Any,
) -> dict[str, Any]:
    """An SDK call; keyword arguments that X-Ray keeps under `aws` go into `about`."""
    about = fields.pop("about", {})
    response = None if status is None else {"response": {"status": status}}
    aws = {"operation": operation, "region": REGION, **about}
    return subsegment(name, id_, start, end, namespace="aws", http=response, aws=aws, **fields)


def inferred(call: Document, id_: str, origin: str) -> dict[str, Any]:
    """The stand-in that X-Ray adds for a called service that sent nothing itself."""
    copied = {key: call[key] for key in ("name", "start_time", "end_time", "http", "aws") if key in call}
    return {
        **copied,
        "id": id_,
        "trace_id": TRACE_ID,
        "parent_id": call["id"],
        "inferred": True,
        "origin": origin,
    }


def request(*, cold: bool = True) -> list[dict[str, Any]]:
    """The whole program's trace: stage, front, worker with two seconds of work, and its three stores."""
    put = aws_call("DynamoDB", "c000000000000005", 2.316, 2.329, "PutItem", about={"table_name": "greetings"})
    store = aws_call(
        "S3", "c000000000000006", 2.330, 2.352, "PutObject", about={"bucket_name": "greetings-dev"}
    )
    queue = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/greetings"
    send = aws_call("SQS", "c000000000000007", 2.353, 2.361, "SendMessage", about={"queue_url": queue})
    work = subsegment(
        "simulate slow work", "c000000000000004", 0.314, 2.315, metadata={"default": {"seconds": 2}}
    )
    handled = subsegment(
        "worker.handler", "c000000000000003", 0.313, 2.362, subsegments=[work, put, store, send]
    )
    invoke = aws_call("Lambda", "b000000000000006", 0.181, 2.374, "Invoke", about={"function_name": "worker"})
    calling = subsegment(
        "CallSecondLambda",
        "b000000000000005",
        0.180,
        2.375,
        annotations={"SecondLambdaStatus": "200"},
        subsegments=[invoke],
    )
    front_handled = subsegment("front.handler", "b000000000000003", 0.179, 2.376, subsegments=[calling])
    front_init = [subsegment("Init", "b000000000000004", 0.012, 0.174)] if cold else []
    worker_init = [subsegment("Init", "c000000000000008", 0.190, 0.309)] if cold else []
    return [
        stage(2.384, integration(2.382)),
        service("front", "b000000000000001", "a000000000000002", 0.011, 2.380),
        function(
            "front",
            "b000000000000002",
            "b000000000000001",
            0.176,
            2.379,
            *front_init,
            front_handled,
            subsegment("Overhead", "b000000000000007", 2.377, 2.379),
        ),
        service("worker", "c000000000000001", "b000000000000006", 0.188, 2.370),
        function(
            "worker",
            "c000000000000002",
            "c000000000000001",
            0.311,
            2.366,
            *worker_init,
            handled,
            subsegment("Overhead", "c000000000000009", 2.363, 2.366),
        ),
        inferred(put, "d000000000000001", "AWS::DynamoDB::Table"),
        inferred(store, "d000000000000002", "AWS::S3::Bucket"),
        inferred(send, "d000000000000003", "AWS::SQS::Queue"),
    ]


def failed() -> list[dict[str, Any]]:
    """A handler that raised while it read a table that refused it."""
    error = exception(
        "ResourceNotFoundException", "Requested resource not found", "e000000000000002", remote=True
    )
    get = aws_call(
        "DynamoDB", "b000000000000004", 0.022, 0.034, "GetItem", status=400, about={"table_name": "missing"},
        error=True, cause=cause(error),
    )  # fmt: skip
    raised = cause(exception("LookupError", "no greeting for 'Ada'", cause="e000000000000002"), error)
    handled = subsegment(
        "front.handler", "b000000000000003", 0.020, 0.040, subsegments=[get], fault=True, cause=raised
    )
    return [
        stage(0.052, integration(0.050, 502, fault=True), status=502, fault=True),
        service("front", "b000000000000001", "a000000000000002", 0.011, 0.047, fault=True),
        function("front", "b000000000000002", "b000000000000001", 0.018, 0.044, handled, fault=True),
    ]


def answered_502() -> list[dict[str, Any]]:
    """A handler that caught an error and answered 502: its function, for Lambda, did well."""
    asked = subsegment(
        "AskWorker",
        "b000000000000004",
        0.022,
        0.038,
        fault=True,
        cause=cause(exception("WorkerError", "busy")),
    )
    handled = subsegment(
        "front.handler", "b000000000000003", 0.020, 0.040, subsegments=[asked], fault=True,
        http={"response": {"status": 502}},
    )  # fmt: skip
    return [
        stage(0.052, integration(0.050, 502, fault=True), status=502, fault=True),
        service("front", "b000000000000001", "a000000000000002", 0.011, 0.047),
        function("front", "b000000000000002", "b000000000000001", 0.018, 0.044, handled),
    ]


def disturbed() -> list[dict[str, Any]]:
    """A request whose worker met a fault of an experiment."""
    fault = {"fault": True, "cause": cause(exception("FaultInjected", "on purpose"))}
    marked = {"annotations": {"fault.injected": "on-purpose"}}
    return [
        stage(0.2, integration(0.2), status=200),
        service("front", "b000000000000001", "a000000000000002", 0.003, 0.19),
        function("front", "b000000000000002", "b000000000000001", 0.004, 0.19),
        service("worker", "c000000000000001", "b000000000000002", 0.01, 0.18, fault=True),
        function("worker", "c000000000000002", "c000000000000001", 0.02, 0.18, **fault, **marked),
    ]


def throttled() -> list[dict[str, Any]]:
    """A function without a free execution environment."""
    refused = {"response": {"status": 429}}
    return [
        stage(0.021, integration(0.019, 500, fault=True, throttle=True), status=500, fault=True),
        service(
            "front",
            "b000000000000001",
            "a000000000000002",
            0.011,
            0.012,
            http=refused,
            error=True,
            throttle=True,
        ),
    ]


def timed_out() -> list[dict[str, Any]]:
    """A function killed at its timeout: its watchdog had sent what was open."""
    error = exception("Sandbox.Timedout", "Task timed out after 3.00 seconds")
    call = subsegment("slow.example.com", "b000000000000004", 0.030, None, namespace="remote")
    handled = subsegment("front.handler", "b000000000000003", 0.020, None, fault=True)
    return [
        stage(3.030, integration(3.028, 502, fault=True), status=502, fault=True),
        service("front", "b000000000000001", "a000000000000002", 0.011, 3.024, fault=True),
        function(
            "front", "b000000000000002", "b000000000000001", 0.018, 3.020, fault=True, cause=cause(error)
        ),
        alone(handled, "b000000000000002"),
        alone(call, "b000000000000003"),
    ]


def orphaned() -> list[dict[str, Any]]:
    """What is left when Lambda's segments never came."""
    put = aws_call("dynamodb", "b000000000000004", 0.022, 0.034, "PutItem", about={"table_name": "greetings"})
    handled = subsegment("front.handler", "b000000000000003", 0.020, 0.040, subsegments=[put])
    return [stage(0.052, integration(0.050)), alone(handled, "ffffffffffffffff")]


def consumer() -> list[dict[str, Any]]:
    """The queue's consumer: a trace of its own, linked to the request that sent the message."""
    get = aws_call(
        "S3", "d000000000000004", 0.021, 0.030, "GetObject", about={"bucket_name": "greetings-dev"}
    )
    link = [{"trace_id": TRACE_ID, "id": "c000000000000007", "attributes": {}}]
    documents = [
        service("consumer", "d000000000000001", None, 0, 0.040, links=link),
        function("consumer", "d000000000000002", "d000000000000001", 0.015, 0.036, get),
    ]
    return [{**document, "trace_id": CONSUMER_ID} for document in documents]


def trace(documents: Iterable[Document], trace_id: str = TRACE_ID) -> Trace:
    return build(trace_id, documents)


def api_trace(documents: Iterable[Document], trace_id: str = TRACE_ID) -> dict[str, Any]:
    """One element of BatchGetTraces' `Traces`."""
    segments = [{"Id": document["id"], "Document": json.dumps(document)} for document in documents]
    return {"Id": trace_id, "Duration": 1.0, "LimitExceeded": False, "Segments": segments}


def deep(levels: int) -> dict[str, Any]:
    """A segment whose subsegments nest `levels` deep."""
    innermost = subsegment("level", f"{levels:016x}", 0, 1)
    for level in range(levels - 1, 0, -1):
        innermost = subsegment("level", f"{level:016x}", 0, 1, subsegments=[innermost])
    return segment("top", f"{0:016x}", 0, 1, subsegments=[innermost])


def broken() -> list[dict[str, Any]]:
    """Everything that a trace can have wrong at once."""
    twin = subsegment("twin", "b000000000000004", 0.012, 0.020)
    return [
        segment("first root", "a000000000000001", 0, 0.050),
        segment("second root", "a000000000000002", 0.010, 0.040),
        alone(subsegment("child", "b000000000000003", -0.020, 0.090), "a000000000000002"),
        alone(twin, "a000000000000001"),
        alone({**twin, "name": "other twin"}, "a000000000000002"),
        segment("chicken", "c000000000000001", 0.001, 0.002, parent_id="c000000000000002"),
        segment("egg", "c000000000000002", 0.003, 0.004, parent_id="c000000000000001"),
        {"name": "timeless", "id": "d000000000000001", "parent_id": "a000000000000001", "type": "subsegment"},
    ]
