"""Measures X-Ray's store with many traces: `python -m benchmarks.xray_store [--traces N]`.

The traces are the same in every run: requests to an API with two functions, a table and a bucket, spread over
one hour. Times are medians of what a client of the API waits for, without the socket. The first questions
work out what later ones find ready, and have a line of their own.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from embedded_aws.xray.api.traces import operations, service
from embedded_aws.xray.service import QUIET, XRay
from tests.embedded_aws.posting import post

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

START = 1_790_000_000.0
HOUR = 3600
DOCUMENTS_PER_CALL = 50
CALLS_AT_ONCE = 100
REPEATS = 15
FILTERS = {
    "a common status": "fault",
    "a rare value": 'annotation.order = "order-77777"',
    "nothing matches": "responsetime > 1000",
    "a service's own view": 'service("worker") { fault AND responsetime > 0.3 }',
    "a call, and text in the URL": 'edge("api-fn", "orders") { error } AND http.url CONTAINS "/9"',
    "a root cause": 'rootcause.fault.service { name = "orders" AND type = "AWS::DynamoDB::Table" }',
}


def documents(traces: int) -> Iterator[str]:
    """Yield three segments per trace."""
    source = random.Random(7)
    for number in range(traces):
        at = START + HOUR * number / traces
        yield from map(json.dumps, trace_documents(number, at, source))


def trace_documents(number: int, at: float, source: random.Random) -> Iterator[dict[str, Any]]:
    """Yield the segments of one trace, which began at this time."""
    trace_id = f"1-{int(at):08x}-{source.getrandbits(96):024x}"
    ids = [f"{source.getrandbits(64):016x}" for _ in range(7)]
    takes = source.lognormvariate(-2.0, 0.8)
    failed, refused = source.random() < 0.02, source.random() < 0.01
    status = 502 if failed else 200
    flags = {"fault": True} if failed else {}
    http = {
        "request": {"method": "GET", "url": f"https://api.test/orders/{number}", "user_agent": "bench"},
        "response": {"status": status},
    }
    arn = "arn:aws:lambda:us-east-1:123456789012:function:"

    def part(place: int, name: str, share: float, **fields: Any) -> dict[str, Any]:
        start = at + takes * (1 - share) / 2
        return {
            "id": ids[place],
            "name": name,
            "start_time": start,
            "end_time": start + takes * share,
            **fields,
        }

    call = part(1, "Lambda", 0.95, namespace="aws", aws={"function_name": "api-fn"}, **flags)
    yield part(
        0,
        "shop/dev",
        1,
        trace_id=trace_id,
        origin="AWS::ApiGateway::Stage",
        http=http,
        subsegments=[call],
        **flags,
    )
    table = part(3, "DynamoDB", 0.3, namespace="aws", aws={"operation": "GetItem", "table_name": "orders"})
    table |= {"error": True} if refused else flags
    invoke = part(4, "Lambda", 0.4, namespace="aws", aws={"function_name": "worker"}, **flags)
    yield part(
        2,
        "api-fn",
        0.9,
        trace_id=trace_id,
        parent_id=ids[1],
        origin="AWS::Lambda::Function",
        aws={"function_arn": f"{arn}api-fn"},
        annotations={"order": f"order-{number}", "tenant": number % 50},
        subsegments=[table, invoke],
        **flags,
    )
    put = part(6, "S3", 0.1, namespace="aws", aws={"operation": "PutObject", "bucket_name": "files"})
    yield part(
        5,
        "worker",
        0.35,
        trace_id=trace_id,
        parent_id=ids[4],
        origin="AWS::Lambda::Function",
        aws={"function_arn": f"{arn}worker"},
        subsegments=[put],
        **flags,
    )


class Client:
    """X-Ray's API without the socket."""

    def __init__(self, xray: XRay) -> None:
        self._operations = operations(xray)

    def ask(self, path: str, **request: Any) -> dict[str, Any]:
        response = post(service(self._operations), path, json.dumps(request).encode())
        answer: dict[str, Any] = json.loads(response.body)
        if response.status != 200:
            raise SystemExit(f"error: {path} answered {response.status}: {answer}")
        return answer

    def pages(self, **request: Any) -> int:
        """Read all pages of summaries and return how many summaries they have."""
        answer = self.ask("/TraceSummaries", **request)
        found = len(answer["TraceSummaries"])
        while "NextToken" in answer:
            answer = self.ask("/TraceSummaries", **request, NextToken=answer["NextToken"])
            found += len(answer["TraceSummaries"])
        return found


def seconds(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def milliseconds(work: Callable[[], Any]) -> str:
    return f"{median(seconds(work) for _ in range(REPEATS)) * 1000:,.1f} ms"


def measure(traces: int, folder: Path) -> Iterator[tuple[str, str]]:
    """Yield what each thing took, in the order in which a server does them: what is quiet it compresses."""
    now = START + HOUR
    xray = XRay(folder / "traces.db", clock=lambda: now)
    client = Client(xray)
    taken, stored, middle = 0.0, 0, ""
    texts = documents(traces)
    while some := list(islice(texts, DOCUMENTS_PER_CALL * CALLS_AT_ONCE)):
        taken += seconds(partial(store, client, some))
        if stored <= 3 * traces // 2:
            middle = json.loads(some[0])["trace_id"]
        stored += len(some)
    yield "PutTraceSegments", f"{stored / taken:,.0f} segments/s"
    now += QUIET + 1
    yield "compressing", f"{seconds(partial(compress, xray)):,.1f} s"
    hour = {"StartTime": START, "EndTime": START + HOUR}
    first = seconds(lambda: [client.pages(**hour, FilterExpression=text) for text in FILTERS.values()])
    yield "first look at every trace", f"{first:,.1f} s"
    yield "list, no filter", milliseconds(lambda: client.ask("/TraceSummaries", **hour))
    for name, text in FILTERS.items():
        found = client.pages(**hour, FilterExpression=text)
        filtered = partial(client.ask, "/TraceSummaries", **hour, FilterExpression=text)
        yield f"list, filter: {name} ({found:,} match)", milliseconds(filtered)
    client.ask("/ServiceGraph", **hour)
    yield "map of the hour", milliseconds(lambda: client.ask("/ServiceGraph", **hour))
    yield "one trace", milliseconds(lambda: client.ask("/Traces", TraceIds=[middle]))
    xray.stop_packing()
    xray.close()


def store(client: Client, texts: Sequence[str]) -> None:
    for first in range(0, len(texts), DOCUMENTS_PER_CALL):
        call = texts[first : first + DOCUMENTS_PER_CALL]
        if refused := client.ask("/TraceSegments", TraceSegmentDocuments=call)["UnprocessedTraceSegments"]:
            raise SystemExit(f"error: segments were refused: {refused[:3]}")


def compress(xray: XRay) -> None:
    """Do what a server does in the background, until there is nothing to do."""
    while xray.tidy() or xray.pack():
        pass


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure X-Ray's store.")
    parser.add_argument("--traces", type=int, default=100_000, help="how many traces (default: 100000)")
    traces = parser.parse_args().traces
    print(f"{traces:,} traces of 3 segments over one hour")
    with tempfile.TemporaryDirectory() as folder:
        for name, figure in measure(traces, Path(folder)):
            print(f"  {name:<62}{figure:>18}", flush=True)


if __name__ == "__main__":
    main()
