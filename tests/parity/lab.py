"""Two embedded AWSs alike but for the tracing mode: the same functions and resources on each."""

from __future__ import annotations

import importlib.metadata
import io
import json
import time
import zipfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embedded_aws.aws.ids import RandomIds
from tests.e2e.functions import deploy, layers
from tests.e2e.stack import Stack, tracing_header
from tests.parity.peer import Peer
from waterfall.compare.difference import Comparison, compare
from waterfall.stack import first_request
from waterfall.stack.first_request import STEP, Polling
from waterfall.terminal.compare import render
from waterfall.terminal.screen import Screen, to_text
from waterfall.traces.client import Reader, Source, connect
from waterfall.traces.model import LAMBDA_FUNCTION, Trace

PATIENCE = 60.0
HANDLERS = Path(__file__).with_name("handlers")
HTTP_CLIENTS = ("requests", "charset_normalizer", "idna", "certifi", "httpx", "httpcore", "h11", "anyio")
KEY = {"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}]}
FLOW = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}


@dataclass
class Lab:
    """One mode's stack: `queues` are URLs by name."""

    mode: str
    stack: Stack
    reader: Reader
    queues: dict[str, str]

    def invoke(self, function: str, event: Any, *, sampled: bool = True) -> tuple[str, Any]:
        """Invoke a function in a trace of its own; return the trace's id and what Invoke answered."""
        trace_id = RandomIds().trace_id(time.time())
        with tracing_header(f"Root={trace_id};Sampled={int(sampled)}"):
            answer = self.stack.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
        return trace_id, [answer.get("FunctionError"), json.load(answer["Payload"])]

    def trace(self, trace_id: str, seen: Iterable[str] = (), *, killed: bool = False) -> Trace:
        """Return the trace once it is whole and shows all that is to be seen, or what there is by then.

        The trace of a run that was `killed` keeps open spans: it is there with Lambda's segment of the run.
        """
        deadline = time.monotonic() + PATIENCE
        wanted = {label.lower() for label in seen}
        patience = Polling(STEP if killed else PATIENCE)
        while True:
            found = first_request.whole_trace(self.reader, trace_id, patience)
            late = time.monotonic() > deadline
            if found and (late or (wanted <= labels(found) and (not killed or has_run(found)))):
                return found
            assert not late, f"mode {self.mode} left no trace {trace_id}"


def has_run(trace: Trace) -> bool:
    return any(node.type == LAMBDA_FUNCTION for node in trace.nodes)


def labels(trace: Trace) -> set[str]:
    """Return the names of all segments and subsegments, with the operations of AWS calls, in lower case."""
    return {" ".join(filter(None, (node.name, node.call.operation))).lower() for node in trace.nodes}


def open_lab(mode: str, stack: Stack, peer: Peer) -> Lab:
    """Create the resources and functions of the scenarios."""
    lab = Lab(mode, stack, connect(Source(stack.status["endpoint"])), _resources(stack))
    arns = [*layers(stack, mode), _http_clients(stack)]
    variables = {"TRACING_MODE": mode, "PEER": peer.url, "REFUSING": peer.refusing}
    scenarios, callee = HANDLERS / "scenarios.py", HANDLERS / "callee.py"
    for name, module, timeout in (
        ("front", scenarios, 20),
        ("starting", scenarios, 20),
        ("slow", scenarios, 2),
        ("worker", callee, 20),
        ("closed", callee, 20),
        ("consumer", callee, 20),
    ):
        deploy(stack, name, module, variables, Layers=arns, Timeout=timeout, MemorySize=256)
    client = stack.client("lambda")
    client.put_function_concurrency(FunctionName="closed", ReservedConcurrentExecutions=0)
    version = client.publish_version(FunctionName="worker")["Version"]
    client.create_alias(FunctionName="worker", Name="live", FunctionVersion=version)
    return lab


def _resources(stack: Stack) -> dict[str, str]:
    schema = [{"AttributeName": "id", "KeyType": "HASH"}]
    stack.client("dynamodb").create_table(
        TableName="orders", KeySchema=schema, BillingMode="PAY_PER_REQUEST", **KEY
    )
    stack.client("s3").create_bucket(Bucket="files")
    stack.client("sns").create_topic(Name="news")
    stack.client("secretsmanager").create_secret(Name="password", SecretString="s")
    role = "arn:aws:iam::123456789012:role/flow"
    stack.client("stepfunctions").create_state_machine(name="flow", definition=json.dumps(FLOW), roleArn=role)
    sqs = stack.client("sqs")
    return {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("jobs", "inbox")}


def _http_clients(stack: Stack) -> str:
    """Publish a layer with the HTTP clients that are installed here."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as layer:
        for name in HTTP_CLIENTS:
            for file in importlib.metadata.files(name) or ():
                if file.suffix in {".py", ".pem"} and file.parts[0] not in {"..", "__pycache__"}:
                    layer.writestr(f"python/{file.as_posix()}", Path(str(file.locate())).read_bytes())
    content = {"ZipFile": archive.getvalue()}
    version = stack.client("lambda").publish_layer_version(LayerName="http-clients", Content=content)
    return str(version["LayerVersionArn"])


@dataclass
class Outcome:
    """What one scenario left in both modes."""

    results: list[Any]
    comparison: Comparison


def run_both(
    labs: Sequence[Lab], function: str, event: Any, seen: Iterable[str] = (), *, killed: bool = False
) -> Outcome:
    """Invoke a function in both modes at once and compare the traces."""

    def run(lab: Lab) -> tuple[Any, Trace]:
        trace_id, result = lab.invoke(function, event)
        return result, lab.trace(trace_id, seen, killed=killed)

    with ThreadPoolExecutor(len(labs)) as pool:
        (result, trace), (other_result, other) = pool.map(run, labs)
    return Outcome([result, other_result], compared(labs, trace, other))


def compared(labs: Sequence[Lab], left: Trace, right: Trace) -> Comparison:
    maps = labs[0].reader.map_of(left), labs[1].reader.map_of(right)
    return compare(left, right, maps)


def picture(comparison: Comparison) -> str:
    """Return both traces side by side, differences marked."""
    return "\n" + to_text(render(comparison, Screen(150), ("native", "otel")), Screen(150))
