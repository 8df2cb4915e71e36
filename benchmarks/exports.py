"""What one span costs as an X-Ray segment document and as OTLP: `python -m benchmarks.exports [--spans N]`.

The span is a call of DynamoDB with a fault and an annotation. Bytes are those of a UDP packet with this span
alone; the time is what the library needs to write it, the median of a few rounds.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable, Sequence

os.environ["TRACING_MODE"] = "off"

from rich.console import Console
from rich.table import Table

from tracing._export import Exporter, XRay
from tracing._otlp_export import Otlp, pack_spans
from tracing._sender import HEADER, Losses, Pack, Sender, pack_documents
from tracing._span import ANNOTATIONS, Event, SpanData

ROUNDS = 7
RESOURCE = {
    "service.name": "orders",
    "cloud.provider": "aws",
    "cloud.region": "us-east-1",
    "faas.name": "orders",
    "faas.version": "$LATEST",
    "faas.instance": "2026/11/28/[$LATEST]0123456789abcdef0123456789abcdef",
    "telemetry.sdk.name": "opentelemetry",
    "telemetry.sdk.language": "python",
    "telemetry.sdk.version": "1.45.1",
}
SPAN = SpanData(
    trace_id=0x5759E988BD862E3FE1BE46A994272793,
    span_id=0x53995C3F42CD8AD8,
    parent_id=0x70DE5B6F19FF9A0A,
    name="DynamoDB.PutItem",
    kind="CLIENT",
    start=1_790_000_000_000_000_000,
    end=1_790_000_000_012_345_678,
    attributes={
        "rpc.system": "aws-api",
        "rpc.service": "DynamoDB",
        "rpc.method": "PutItem",
        "cloud.region": "us-east-1",
        "aws.request_id": "9VRDLQ3IBC1UQ5O0T5MNLRQ0BJVV4KQNSO5AEMVJF66Q9ASUAAJG",
        "aws.dynamodb.table_names": ["orders"],
        "retry_attempts": 0,
        "http.status_code": 500,
        "customer": "ada",
        ANNOTATIONS: ["customer"],
    },
    events=[
        Event(
            "exception",
            1_790_000_000_012_000_000,
            {"exception.type": "botocore.exceptions.ClientError", "exception.message": "InternalServerError"},
        )
    ],
    status="ERROR",
    description="InternalServerError",
    scope="opentelemetry.instrumentation.botocore.dynamodb",
)


class Counting:
    """A transport that counts the bytes of packets."""

    hold_seconds = 0.0
    held_bytes = 0

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def idle(self) -> bool:
        return True

    def send(self, body: bytes) -> bool:
        self.sizes.append(len(HEADER) + len(body))
        return True


def measure(pack: Pack, exporter: Callable[[Sender], Exporter], spans: int) -> Sequence[str]:
    transport = Counting()
    sending = exporter(Sender(pack, transport, Losses()))
    rounds = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        for _ in range(spans):
            sending.finished(SPAN, {})
        rounds.append((time.process_time() - begun) / spans * 1e6)
    return f"{transport.sizes[0]:,}", f"{statistics.median(rounds):.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spans", type=int, default=2000, help="how many in a round (default: 2000)")
    spans = parser.parse_args().spans
    table = Table("one span as", "bytes", "µs of CPU")
    losses = Losses()
    table.add_row("segment document", *measure(pack_documents, lambda sender: XRay(sender, losses), spans))
    packed = pack_spans(RESOURCE, datagrams=True)
    table.add_row("OTLP", *measure(packed, lambda sender: Otlp(sender, losses, RESOURCE), spans))
    Console().print(table)


if __name__ == "__main__":
    main()
