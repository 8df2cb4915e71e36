"""X-Ray's store with many traces, and how it answers when more are in it and more clients ask."""

from __future__ import annotations

import asyncio
import json
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from itertools import chain, count, islice
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import xray_store
from benchmarks.figures import CLIENTS, USUAL, Measured
from benchmarks.gateway import Load
from benchmarks.imports import megabytes
from benchmarks.servers import REGION, Server, running, serving
from benchmarks.xray_store import HOUR, START, trace_documents
from embedded_aws.xray.service import QUIET, XRay

AT_ONCE = 500
FILTER = "fault"
ARRIVING = 5_000
"""Segments per second that come in while others read."""
TOGETHER = 50
ROWS = {
    "PutTraceSegments": "put",
    "list, no filter": "list",
    "map of the hour": "map",
    "one trace": "trace",
}
_SIGNED = {
    "Authorization": (
        f"AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/xray/aws4_request, "
        "SignedHeaders=host, Signature=0"
    ),
    "Content-Type": "application/json",
}

Say = Callable[[str], None]


def measure(part: str, told: int, traces: int, seconds: float, say: Say) -> Iterator[Measured]:
    """Measure a store of so many traces as the rows of a part, then a server that has it; see `growth`."""
    with tempfile.TemporaryDirectory() as folder:
        yield from store(Path(folder), part, traces, say)
        yield from _growth(Path(folder), told, traces, seconds, say)


def store(folder: Path, part: str, traces: int, say: Say) -> Iterator[Measured]:
    """Fill a store and ask it, in this process."""
    say(f"{traces:,} traces")
    filters = []
    for name, text in xray_store.measure(traces, folder):
        say(f"{name}: {text}")
        value = float(text.split()[0].replace(",", ""))
        if row := ROWS.get(name):
            yield Measured(f"{part}.{row}", value)
        elif name.startswith("list, filter"):
            filters.append(value)
    yield Measured(f"{part}.filter", max(filters))


def growth(told: int, traces: int, seconds: float, say: Say) -> Iterator[Measured]:
    """Measure a server with so many traces as the rows of `told`, for so long with each number of clients."""
    with tempfile.TemporaryDirectory() as folder:
        say(f"filling a store with {traces:,} traces")
        fill(Path(folder), traces, START, packed=True)
        yield from _growth(Path(folder), told, traces, seconds, say)


def _growth(folder: Path, told: int, traces: int, seconds: float, say: Say) -> Iterator[Measured]:
    """Ask for the failed traces of the hour, then for more while segments come in."""
    yield Measured(f"growth.{told}.disk", megabytes(folder) * 1000 / traces)
    with running(serving(folder)) as server:
        asked = {"StartTime": START, "EndTime": START + HOUR, "FilterExpression": FILTER}
        xray = server.client("xray")
        # what is worked out once is there afterwards
        pages = list(xray.get_paginator("get_trace_summaries").paginate(**asked))
        for clients in CLIENTS:
            say(f"{traces:,} traces, {clients} at a time")
            load = _asking(server, "/TraceSummaries", asked, clients)
            asyncio.run(load.run(seconds))
            yield Measured(f"growth.{told}.{clients}.p50", median(load.taken) * 1000)
            yield Measured(f"growth.{told}.{clients}.rate", len(load.taken) / load.seconds)
        yield Measured(f"growth.{told}.memory", server.memory())
        if told == USUAL:
            say(f"reading while {ARRIVING:,} segments/s come in")
            one = {"TraceIds": [pages[0]["TraceSummaries"][0]["Id"]]}
            for row, path, request in (("trace", "/Traces", one), ("list", "/TraceSummaries", asked)):
                load = _asking(server, path, request)
                rate = asyncio.run(_while_storing(load, server, seconds))
                told_of = f"{rate:,.0f} segments/s came in"
                yield Measured(f"busy.{row}", median(load.taken) * 1000, note=told_of)


def _asking(server: Server, path: str, request: Mapping[str, Any], clients: int = 1) -> Load:
    return Load(server.endpoint + path, clients, "POST", _SIGNED, json.dumps(request).encode())


async def _while_storing(reading: Load, server: Server, seconds: float) -> float:
    """Read while segments arrive at a steady pace; return how many came in a second."""
    source, now = random.Random(8), time.time()
    segments = chain.from_iterable(trace_documents(number, now, source) for number in count(10**9))
    texts = [json.dumps(one) for one in islice(segments, int(ARRIVING * seconds))]
    calls = [texts[first : first + TOGETHER] for first in range(0, len(texts), TOGETHER)]
    bodies = [json.dumps({"TraceSegmentDocuments": call}).encode() for call in calls]
    writing = Load(f"{server.endpoint}/TraceSegments", 1, "POST", _SIGNED)
    reader = asyncio.create_task(reading.run(seconds))
    begun = time.perf_counter()
    for number, writing.body in enumerate(bodies):
        await asyncio.sleep(begun + number * TOGETHER / ARRIVING - time.perf_counter())
        await writing.once()
    taken = time.perf_counter() - begun
    await reader
    return len(texts) / taken


def fill(directory: Path, traces: int, began: float, *, packed: bool = False) -> None:
    """Write a store of traces that began within the hour from then on, compressed on demand."""
    source, now = random.Random(7), began + HOUR
    xray = XRay(directory / "traces.db", clock=lambda: now)
    numbers = iter(range(traces))
    while some := list(islice(numbers, AT_ONCE)):
        documents = (
            one for number in some for one in trace_documents(number, began + HOUR * number / traces, source)
        )
        assert xray.put([json.dumps(document) for document in documents]) == []
    if packed:
        now += QUIET + 1
        xray_store.compress(xray)
    xray.stop_packing()
    xray.close()
