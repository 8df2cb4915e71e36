"""What an invocation costs by its sampling: off, unsampled, unsampled but recorded into memory, sampled.

`python -m benchmarks.sampling [--warm N]`. The handler makes one span and one boto3 call, which a stub
answers at once; the kinds take turns, so that a busy machine is busy for all.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import urllib3
from rich.console import Console
from rich.table import Table

from benchmarks.invocation import HANDLERS, medians, stub
from embedded_aws.aws.ids import RandomIds
from tests.e2e.functions import deploy, layers
from tests.e2e.stack import Stack, running

OTEL = {"TRACING_MODE": "otel"}
KEEP = {**OTEL, "TRACING_KEEP": "fault"}
KINDS = {
    "off": ({"TRACING_MODE": "off"}, 0),
    "unsampled": (OTEL, 0),
    "unsampled, keepErrors": (KEEP, 0),
    "sampled": (OTEL, 1),
    "sampled, keepErrors": (KEEP, 1),
}


class Caller:
    """Invokes the function of a kind with the decision that belongs to it."""

    def __init__(self, stack: Stack) -> None:
        self._endpoint = stack.status["endpoint"]
        self._http = urllib3.PoolManager()
        self._ids = RandomIds()

    def warm(self, number: int) -> float:
        """Return the milliseconds until the response."""
        sampled = list(KINDS.values())[number][1]
        url = f"{self._endpoint}/2015-03-31/functions/f{number}/invocations"
        ids = f"Root={self._ids.trace_id(time.time())};Parent={self._ids.segment_id()}"
        begun = time.perf_counter()
        answer = self._http.request(
            "POST", url, body=b"{}", headers={"X-Amzn-Trace-Id": f"{ids};Sampled={sampled}"}
        )
        took = time.perf_counter() - begun
        if answer.status != 200 or "X-Amz-Function-Error" in answer.headers:
            raise RuntimeError(answer.data)
        return took * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--warm", type=int, default=500, help="warm invocations of each (default: 500)")
    given = parser.parse_args()
    table = Table("sampling (median, ms)", "warm", "added")
    for column in table.columns[1:]:
        column.justify = "right"
    up = ("--tracing", "off", "--config", "workSeconds=0")
    with tempfile.TemporaryDirectory() as data, running(Path(data), *up) as stack, stub() as url:
        arns = layers(stack, "otel")
        for number, (environment, _) in enumerate(KINDS.values()):
            variables = {"STUB": url, **environment}
            deploy(stack, f"f{number}", HANDLERS / "ours.py", variables, Layers=arns, Timeout=30)
        names, caller = list(KINDS), Caller(stack)
        medians(20, names, caller.warm, "warming up")
        warm = medians(given.warm, names, caller.warm, "warm invocations")
    for name, took in zip(names, warm, strict=True):
        table.add_row(name, f"{took:.2f}", f"{took - warm[0]:+.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
