"""Everything that `make bench` measures, with peers beside, in one run.

Progress goes to stderr, a Markdown table for each theme to stdout, the figures into a file of JSON. A part
that fails is told, and the others go on; the exit status is 1 then.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

from benchmarks import calls, gateway, imports, report, starts, store, tracing
from benchmarks.figures import LARGE, SMALL, USUAL, Measured
from embedded_aws.host.user_account import NO_ACCOUNT

Say = Callable[[str], None]
LARGER = "large"
"""The part that only `make bench-large` measures."""


@dataclass(frozen=True)
class Size:
    """How much is measured: how often, for how many seconds, of how many traces."""

    cold: int = 31
    warm: int = 600
    imports: int = 20
    calls: int = 300
    load: float = 6.0
    starts: int = 5
    traces: int = USUAL
    growth: float = 3.0


QUICK = Size(cold=1, warm=2, imports=1, calls=2, load=0.2, starts=1, traces=300, growth=0.1)

Part = Callable[[Size, Say], Iterator[Measured]]
PARTS: Mapping[str, Part] = {
    "tracing": lambda size, say: tracing.measure(size.cold, size.warm, say),
    "imports": lambda size, say: imports.measure(size.imports, say),
    "calls": lambda size, say: calls.measure(size.calls, say),
    "gateway": lambda size, say: gateway.measure(size.load, say),
    "starts": lambda size, say: starts.measure(size.starts, say),
    "setup": lambda _, say: starts.setup(say),
    "store": lambda size, say: chain(
        store.growth(SMALL, size.traces // 10, size.growth, say),
        store.measure("store", USUAL, size.traces, size.growth, say),
    ),
    LARGER: lambda size, say: store.measure(LARGER, LARGE, 10 * size.traces, size.growth, say),
}
EXPECTED_SECONDS = {
    "tracing": 140,
    "imports": 30,
    "calls": 45,
    "gateway": 60,
    "starts": 80,
    "setup": 60,
    "store": 330,
    LARGER: 3000,
}
"""On two quiet cores."""


class Progress:
    """Says on stderr what is measured now, and when about all will be."""

    def __init__(self, expected_seconds: float) -> None:
        self._expected = expected_seconds
        self._begun = time.monotonic()
        self._part = ""

    def part(self, name: str) -> None:
        self._part = name

    def say(self, step: str) -> None:
        elapsed = time.monotonic() - self._begun
        of = f" of about {_clock(self._expected)}" if self._expected else ""
        sys.stderr.write(f"{_clock(elapsed)}{of}  {self._part}: {step}\n")
        sys.stderr.flush()


def _clock(seconds: float) -> str:
    return f"{seconds // 60:.0f}:{seconds % 60:02.0f}"


def run(parts: Mapping[str, Part], size: Size, path: Path) -> bool:
    """Measure parts, print their tables, and return whether all could be measured.

    What was measured is in the file of JSON at `path` as soon as its part is done.
    """
    progress = Progress(0 if size == QUICK else sum(EXPECTED_SECONDS.get(name, 0) for name in parts))
    where = report.machine()
    failed = []
    measured = {}
    for name, part in parts.items():
        progress.part(name)
        begun = time.monotonic()
        try:
            found = list(part(size, progress.say))
        except Exception as error:  # noqa: BLE001 - whatever it meets, the other parts can be measured
            failed.append(name)
            traceback.print_exc()
            progress.say(f"failed: {error}")
            continue
        at = datetime.now(UTC).isoformat(timespec="seconds")
        measured[name] = report.part(at, where, time.monotonic() - begun, found)
        report.write(path, {name: measured[name]})
    sys.stdout.write("\n\n".join(report.tables(report.figures(measured))) + "\n")
    progress.part("all")
    progress.say(f"failed: {', '.join(failed)}" if failed else f"measured, in {path}")
    return not failed


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", nargs="+", choices=PARTS, metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--quick", action="store_true", help="so little that the figures mean nothing")
    parser.add_argument("--json", type=Path, help=f"where the figures go (default: {report.LATEST})")
    given = parser.parse_args()
    size = QUICK if given.quick else Size()
    path = given.json or report.LATEST
    for name in [name for name in os.environ if name.startswith(("AWS_", "OTEL_"))]:
        del os.environ[name]
    os.environ.update(NO_ACCOUNT)
    # Also in the background of a script, which ignores Ctrl-C for all that it starts: the servers end by it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    parts = {name: part for name, part in PARTS.items() if name in (given.only or PARTS.keys() - {LARGER})}
    return 0 if run(parts, size, path) else 1


if __name__ == "__main__":
    sys.exit(main())
