"""Runs a stack under a steady load and judges it: `python -m benchmarks.soak [--minutes N] [--rate N]`.

Traces come as datagrams, through PutTraceSegments and as OTLP; the deployed API is called, and the console is
asked for lists, filtered lists, the map, a trace and logs, all at the same time. A line is printed for every
interval. Exit status 1, with what was wrong, unless

- memory stays within 20 % of what it was after the second minute,
- traces and logs take no more on disk than they may,
- no descriptor and no thread is left behind,
- answers take no longer at the end than after the second minute,
- every request was answered, nothing was lost, and the load was as asked for.

It reads figures of the process from /proc, so it needs Linux.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any

from benchmarks.soak_load import Load
from tests.e2e.stack import running

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WARM_SECONDS = 120.0
MOST_GROWTH = 1.2
MOST_SLOWER, SLACK_SECONDS = 1.5, 0.02
LEAST_LOAD = 0.9
MB = 1024 * 1024
ARRIVAL_SECONDS = 30
ENVIRONMENT = re.compile(r"/proc/\d+/status")
"""What the server has open of each execution environment, beside some pipes and sockets."""
ENVIRONMENT_DESCRIPTORS = 5


@dataclass(frozen=True)
class Sample:
    """The server at a moment: `at` on the monotonic clock, memory and files in bytes.

    `descriptors` are without those of execution environments: there is one more when two requests meet.
    """

    at: float
    memory: int
    files: int
    descriptors: int
    environments: int
    threads: int
    traces: int


class Server:
    """What is measured of the process, and what it tells."""

    def __init__(self, endpoint: str, pid: int) -> None:
        self._endpoint = endpoint
        self._process = Path(f"/proc/{pid}")

    def told(self, path: str) -> dict[str, Any]:
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(f"{self._endpoint}/_local/{path}", timeout=60) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def sample(self, traces: int) -> Sample:
        lines = (self._process / "status").read_text().splitlines()
        status = dict(line.split(":", 1) for line in lines)
        opened = [_link(descriptor) for descriptor in (self._process / "fd").iterdir()]
        environments = sum(bool(ENVIRONMENT.fullmatch(link)) for link in opened)
        return Sample(
            at=time.monotonic(),
            memory=int(status["VmRSS"].split()[0]) * 1024,
            files=self.told("status")["storage"]["bytes"],
            descriptors=len(opened) - environments * (1 + ENVIRONMENT_DESCRIPTORS),
            environments=environments,
            threads=int(status["Threads"]),
            traces=traces,
        )


def _link(descriptor: Path) -> str:
    try:
        return str(descriptor.readlink())
    except FileNotFoundError:  # closed meanwhile
        return ""


def measure(server: Server, load: Load, seconds: float, interval: float) -> list[Sample]:
    """Print a line for each interval, and return all samples."""
    began = time.monotonic()
    samples = [server.sample(0)]
    print("   time  traces/s  memory MB  disk MB  files  envs  threads   p50 and p99 in ms of")
    while time.monotonic() < began + seconds:
        time.sleep(interval)
        sample, last = server.sample(sum(load.sent.values())), samples[-1]
        samples.append(sample)
        rate = (sample.traces - last.traces) / (sample.at - last.at)
        print(
            f"{sample.at - began:>6.0f}s {rate:>9,.0f} {sample.memory / MB:>10,.0f}"
            f" {sample.files / MB:>8,.0f} {sample.descriptors:>6} {sample.environments:>5}"
            f" {sample.threads:>8}   {_latencies(load, last.at, sample.at)}",
            flush=True,
        )
    return samples


def _latencies(load: Load, start: float, end: float) -> str:
    found = {kind: _between(taken, start, end) for kind, taken in sorted(load.seconds.items())}
    return "  ".join(f"{kind} {_ms(median(s))}/{_ms(_p99(s))}" for kind, s in found.items() if s)


def _between(taken: Sequence[tuple[float, float]], start: float, end: float) -> list[float]:
    return [seconds for at, seconds in list(taken) if start <= at < end]


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:,.0f}"


def _p99(seconds: Sequence[float]) -> float:
    return quantiles(seconds, n=100, method="inclusive")[98] if len(seconds) > 1 else seconds[0]


def failures(server: Server, load: Load, samples: Sequence[Sample], rate: float) -> Iterator[str]:
    """Say what was not as it has to be."""
    storage = server.told("status")["storage"]
    most = storage["most_bytes"]
    reached = samples[-1].traces / (samples[-1].at - samples[0].at)
    if reached < LEAST_LOAD * rate:
        yield f"the load was {reached:,.0f} traces/s, not {rate:,.0f}: the machine is too busy, or the server"
    if max(sample.files for sample in samples) > most:
        yield f"traces and logs took more than {most / MB:,.0f} MB on disk"
    for what, count in load.failed.items():
        yield f"{count} times {what}"
    for what, loss in storage["lost"].items():
        yield f"{loss['count']} {what} were lost: {loss['reason']}"
    if lost := server.told("requests/none")["daemon"].get("lost"):
        yield f"{lost} datagrams were lost"
    yield from _drifts(load, [s for s in samples if s.at >= samples[0].at + WARM_SECONDS])


def _drifts(load: Load, warm: Sequence[Sample]) -> Iterator[str]:
    """Say what was not steady, of the samples after warming up."""
    if len(warm) < 3:
        yield f"{WARM_SECONDS:.0f} s of warming up leave no time to judge: run it for longer"
        return
    grown = max(sample.memory for sample in warm) / warm[0].memory
    if grown > MOST_GROWTH:
        yield f"memory grew by {grown - 1:.0%} after the second minute"
    third = max(1, len(warm) // 3)
    for what in ("descriptors", "environments", "threads"):
        before, after = (median(getattr(s, what) for s in part) for part in (warm[:third], warm[-third:]))
        if after > before + 5:
            yield f"{what} went from {before:.0f} to {after:.0f}"
    bounds = warm[0].at, warm[third].at, warm[-third - 1].at, warm[-1].at + 1
    for kind, taken in load.seconds.items():
        before, after = _between(taken, *bounds[:2]), _between(taken, *bounds[2:])
        if before and after and median(after) > MOST_SLOWER * median(before) + SLACK_SECONDS:
            yield f"{kind} took {_ms(median(before))} ms after warming up and {_ms(median(after))} at the end"


def not_arrived(load: Load) -> Iterator[str]:
    """Say which of the traces that were sent last cannot be read."""
    for way, trace_id in load.last.items():
        deadline = time.monotonic() + ARRIVAL_SECONDS
        while not load.has(trace_id):
            if time.monotonic() > deadline:
                yield f"the last trace that was sent by {way} is not there after {ARRIVAL_SECONDS} s"
                break
            time.sleep(0.1)


def main() -> int:
    parser = argparse.ArgumentParser(description="Run a stack under a steady load and judge it.")
    parser.add_argument("--minutes", type=float, default=10, help="how long (default: 10)")
    parser.add_argument("--rate", type=float, default=500, help="traces per second (default: 500)")
    parser.add_argument("--interval", type=float, default=20, help="seconds between lines (default: 20)")
    parser.add_argument("--max-data", default="512M", help="of `waterfall up` (default: 512M)")
    given = parser.parse_args()
    print(f"{given.rate:,.0f} traces/s for {given.minutes:g} minutes, at most {given.max_data} on disk")
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder) / "data", "--max-data", given.max_data) as stack,
    ):
        assert stack.pid
        server = Server(stack.status["endpoint"], stack.pid)
        load = Load(stack.status, given.rate)
        load.start()
        samples = measure(server, load, given.minutes * 60, given.interval)
        load.stop()
        found = [*failures(server, load, samples, given.rate), *not_arrived(load)]
        storage = server.told("status")["storage"]
    print(f"sent: {dict(load.sent)}; let go for want of room: {storage['dropped']}")
    for kind, taken in sorted(load.seconds.items()):
        seconds = [item for _, item in taken]
        figures = f"p50 {_ms(median(seconds)):>6} ms  p99 {_ms(_p99(seconds)):>6} ms"
        print(f"  {kind:<18}{len(seconds):>8} times  {figures}")
    for line in found:
        print(f"FAILED: {line}")
    if not found:
        print("passed")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
