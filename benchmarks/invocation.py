"""What tracing adds to an invocation: to the first response of a cold start, and to a warm one.

`python -m benchmarks.invocation [--cold N] [--warm N]`. Every function makes one span (where it can) and one
boto3 call, which a stub answers at once; the functions take turns, so that a busy machine is busy for all.
"""

from __future__ import annotations

import argparse
import io
import statistics
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import urllib3
from rich.console import Console
from rich.progress import track
from rich.table import Table

from embedded_aws.aws.ids import RandomIds
from tests.e2e.functions import deploy, layers
from tests.e2e.stack import REPOSITORY, Stack, running

HANDLERS = Path(__file__).with_name("handlers")
FOREIGN = REPOSITORY / ".build" / "foreign"
ADOT = "arn:aws:lambda:us-east-1:615299751070:layer:AWSOpenTelemetryDistroPython:29"
WRAPPED = {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/otel-instrument"}


class Stub(BaseHTTPRequestHandler):
    """DynamoDB that has always just stored the item."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("x-amzn-RequestId", "0")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_arguments: object) -> None:
        """Print nothing."""


@contextmanager
def stub() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Stub)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def foreign_layer(stack: Stack) -> str:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packages:
        for path in FOREIGN.rglob("*"):
            packages.write(path, Path("python") / path.relative_to(FOREIGN))
    client = stack.client("lambda")
    content = {"ZipFile": archive.getvalue()}
    return str(client.publish_layer_version(LayerName="foreign", Content=content)["LayerVersionArn"])


def deploy_all(stack: Stack, url: str) -> list[str]:
    """Deploy the candidates; the first is the one without tracing."""
    otel, native, foreign = layers(stack, "otel"), layers(stack, "native"), foreign_layer(stack)
    library = otel[-1]
    candidates = {
        "no tracing": ("plain", [], {}),
        "tracing: off": ("ours", native, {"TRACING_MODE": "off"}),
        "tracing: native": ("ours", native, {"TRACING_MODE": "native"}),
        "tracing: otel, slim layer": ("ours", otel, {"TRACING_MODE": "otel"}),
        "tracing: otel, ADOT layer": ("ours", [ADOT, library], {"TRACING_MODE": "otel"}),
        "tracing: otel, otlp": ("ours", otel, {"TRACING_MODE": "otel", "TRACING_EXPORT": "otlp"}),
        "X-Ray SDK alone": ("xray_sdk", [foreign], {}),
        "Powertools Tracer": ("powertools", [foreign], {}),
        "ADOT's auto-instrumentation": ("plain", [ADOT], WRAPPED),
    }
    for number, (module, arns, environment) in enumerate(candidates.values()):
        path = HANDLERS / f"{module}.py"
        deploy(stack, f"f{number}", path, {"STUB": url, **environment}, Layers=arns, Timeout=30)
    return list(candidates)


class Caller:
    """Invokes a function and takes the time until its response."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._lambda = stack.client("lambda")
        self._http = urllib3.PoolManager()
        self._ids = RandomIds()

    def warm(self, number: int) -> float:
        url = f"{self._stack.status['endpoint']}/2015-03-31/functions/f{number}/invocations"
        headers = {"X-Amzn-Trace-Id": f"Root={self._ids.trace_id(time.time())};Sampled=1"}
        begun = time.perf_counter()
        answer = self._http.request("POST", url, body=b"{}", headers=headers)
        took = time.perf_counter() - begun
        if answer.status != 200 or "X-Amz-Function-Error" in answer.headers:
            raise RuntimeError(answer.data)
        return took * 1000

    def cold(self, number: int) -> float:
        """Change the function, so that none of its environments can be used again, then invoke it."""
        name = f"f{number}"
        found = self._lambda.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        turn = {"TURN": self._ids.segment_id()}
        self._lambda.update_function_configuration(
            FunctionName=name, Environment={"Variables": {**found, **turn}}
        )
        return self.warm(number)


def medians(count: int, names: list[str], measure: Callable[[int], float], what: str) -> list[float]:
    """Return the median of `count` rounds for each function, in milliseconds."""
    rounds = [
        [measure(number) for number in range(len(names))]
        for _ in track(range(count), what, console=Console(stderr=True))
    ]
    return [statistics.median(column) for column in zip(*rounds, strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cold", type=int, default=9, help="cold starts of each function (default: 9)")
    parser.add_argument("--warm", type=int, default=300, help="warm invocations of each (default: 300)")
    given = parser.parse_args()
    table = Table("median, ms", "first response", "added", "warm", "added")
    for column in table.columns[1:]:
        column.justify = "right"
    up = ("--tracing", "off", "--config", "workSeconds=0")
    with tempfile.TemporaryDirectory() as data, running(Path(data), *up) as stack, stub() as url:
        names, caller = deploy_all(stack, url), Caller(stack)
        medians(1, names, caller.cold, "unpacking")
        cold = medians(given.cold, names, caller.cold, "cold starts")
        medians(20, names, caller.warm, "warming up")
        warm = medians(given.warm, names, caller.warm, "warm invocations")
    for name, first, later in zip(names, cold, warm, strict=True):
        table.add_row(
            name, f"{first:.0f}", f"{first - cold[0]:+.0f}", f"{later:.2f}", f"{later - warm[0]:+.2f}"
        )
    Console().print(table)


if __name__ == "__main__":
    main()
