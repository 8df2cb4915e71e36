"""The load of the soak: traces by every way into a stack, requests to its API, and questions to it."""

from __future__ import annotations

import json
import os
import random
import socket
import threading
import time
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from benchmarks.xray_store import DOCUMENTS_PER_CALL, trace_documents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HEADER = b'{"format":"json","version":1}\n'
TICK = 0.1
"""Seconds between the batches of one sender."""
SHARES = {"datagrams": 0.6, "PutTraceSegments": 0.25, "OTLP": 0.15}
API_CLIENTS = 3
"""Clients of the deployed API, whose route takes two seconds; a request makes two traces of ten segments."""
QUESTION_SECONDS = 1.0
FILTER = 'annotation.tenant = 7 AND service("worker") { fault }'


class Load:
    """Sends `rate` traces per second to a stack until `stop`; `sent`, `failed` and `seconds` tell of it.

    `seconds` holds (when, how long) by sort of request.
    """

    def __init__(self, status: dict[str, Any], rate: float) -> None:
        self._status = status
        self._rate = rate
        self._stopping = threading.Event()
        self._source = random.Random()
        self._numbers = iter(range(self._source.getrandbits(47), 2**48))
        self._lock = threading.Lock()
        self.sent: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.seconds: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
        self.last: dict[str, str] = {}
        """The trace that was sent last, by way."""
        works = [self._datagrams, self._segments, self._spans, self._questions]
        works += [self._api_requests] * API_CLIENTS
        self._threads = [threading.Thread(target=work, daemon=True) for work in works]
        self._client = httpx.Client(timeout=120, trust_env=False)

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def ask(self, kind: str, method: str, url: str, **options: Any) -> httpx.Response | None:
        """Send one request and note how long it took; an answer that is none is a failure."""
        began = time.monotonic()
        try:
            answer = self._client.request(method, url, **options)
            answer.raise_for_status()
        except httpx.HTTPError as problem:
            self.failed[f"{kind}: {problem}"[:200]] += 1
            return None
        self.seconds[kind].append((began, time.monotonic() - began))
        return answer

    def has(self, trace_id: str) -> bool:
        """Tell whether a trace can be read."""
        return self._client.get(f"{self._status['console']}/api/traces/{trace_id}").status_code == 200

    def _batches(self, way: str) -> Iterator[list[tuple[str, list[dict[str, Any]]]]]:
        """Yield traces when it is time for them, as many as have become due."""
        rate, began, done = self._rate * SHARES[way], time.monotonic(), 0
        while not self._stopping.wait(TICK):
            due = int((time.monotonic() - began) * rate) - done
            # Who falls far behind is not made up for: that would be a burst, not a steady load.
            batch = [self._trace() for _ in range(min(due, int(rate)))]
            done += due
            if batch:
                yield batch
                self.sent[way] += len(batch)
                self.last[way] = batch[-1][0]

    def _trace(self) -> tuple[str, list[dict[str, Any]]]:
        with self._lock:
            number = next(self._numbers)
        documents = list(trace_documents(number, time.time() - 0.5, self._source))
        return documents[0]["trace_id"], documents

    def _datagrams(self) -> None:
        host, _, port = self._status["daemon"].partition(":")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for batch in self._batches("datagrams"):
                for _, documents in batch:
                    for document in documents:
                        sender.sendto(HEADER + json.dumps(document).encode(), (host, int(port)))

    def _segments(self) -> None:
        url = f"{self._status['endpoint']}/TraceSegments"
        signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/xray/aws4_request"}
        for batch in self._batches("PutTraceSegments"):
            texts = [json.dumps(document) for _, documents in batch for document in documents]
            for first in range(0, len(texts), DOCUMENTS_PER_CALL):
                body = {"TraceSegmentDocuments": texts[first : first + DOCUMENTS_PER_CALL]}
                answer = self.ask("PutTraceSegments", "POST", url, json=body, headers=signed)
                if answer and answer.json()["UnprocessedTraceSegments"]:
                    self.failed[f"refused: {answer.text[:200]}"] += 1

    def _spans(self) -> None:
        url = f"{self._status['otlp'].rstrip('/')}/v1/traces"
        media = {"Content-Type": "application/x-protobuf"}
        for batch in self._batches("OTLP"):
            message = ExportTraceServiceRequest()
            spans = message.resource_spans.add().scope_spans.add().spans
            for trace_id, _ in batch:
                _add_spans(spans, bytes.fromhex(trace_id[2:].replace("-", "")))
            self.ask("OTLP", "POST", url, content=message.SerializeToString(), headers=media)

    def _api_requests(self) -> None:
        url = f"{self._status['api'].rstrip('/')}/hello"
        while not self._stopping.wait(TICK):
            answer = self.ask("API", "GET", url)
            if answer:
                self.sent["API"] += 1
                fields = dict(
                    part.partition("=")[::2] for part in answer.headers["X-Amzn-Trace-Id"].split(";")
                )
                self.last["API"] = fields["Root"]

    def _questions(self) -> None:
        """Ask what the console asks, of the last hour."""
        console, filtered = self._status["console"], {"filter": FILTER, "limit": "50"}

        def list_() -> None:
            answer = self.ask("list", "GET", f"{console}/api/traces?since=3600&limit=50")
            if answer and len(answer.json()["traces"]) != 50:
                self.failed["a list was short"] += 1

        def one(kind: str, way: str, what: str) -> Callable[[], None]:
            return lambda: self._of_last(kind, way, f"{console}/api/traces/{{}}{what}")

        questions: list[Callable[[], object]] = [
            list_,
            lambda: self.ask("filter", "GET", f"{console}/api/traces", params=filtered),
            lambda: self.ask("map", "GET", f"{console}/api/map?since=3600"),
            one("trace", "API", ""),
            one("logs", "API", "/logs"),
        ]
        self._stopping.wait(5)  # there is nothing to list yet
        while True:
            for question in questions:
                if self._stopping.wait(QUESTION_SECONDS):
                    return
                question()

    def _of_last(self, kind: str, way: str, url: str) -> None:
        if way in self.last:
            self.ask(kind, "GET", url.format(self.last[way]))


def _add_spans(spans: Any, trace_id: bytes) -> None:
    """Add a request with two spans below it."""
    now, parent = time.time_ns(), b""
    for place, name in enumerate(("GET /orders", "load", "render")):
        span = spans.add()
        span.trace_id, span.span_id, span.parent_span_id = trace_id, os.urandom(8), parent
        span.name, span.kind = name, 2 if place == 0 else 1
        span.start_time_unix_nano = now - 400_000_000 + place * 10_000_000
        span.end_time_unix_nano = now - place * 10_000_000
        parent = parent or span.span_id
