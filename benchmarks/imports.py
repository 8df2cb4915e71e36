"""What `import tracing` costs in a fresh process, in each mode: the CPU's time, or its instructions.

`python -m benchmarks.imports [--runs N] [--instructions | --packages] [--modes MODE ...] [--layers DIR ...]`.
What the runtime client of Lambda imports is there already. `all` counts everything that the import loads; for
`own`, what belongs to others is there too. The modes take turns; CPU time does not count waiting for a busy
machine, but still differs with it. `--instructions` counts those with valgrind: the same in every run,
and slow. `--packages` names what each package took, as `-X importtime` tells it: the least of all runs, as a
busy machine only adds. `--layers` names directories that hold the package, for a comparison of versions.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.progress import track
from rich.table import Table

LAYERS = Path(__file__).resolve().parents[1] / "layers"
MODES = {
    "off": {"TRACING_MODE": "off"},
    "native": {"TRACING_MODE": "native"},
    "otel": {"TRACING_MODE": "otel"},
    "otel, keep": {"TRACING_MODE": "otel", "TRACING_KEEP": "fault"},
    "otel, otlp": {"TRACING_MODE": "otel", "TRACING_EXPORT": "otlp"},
}
SCRIPT = """
import importlib, json, logging, sys, time, traceback
import decimal
for name in sys.argv[2:]:
    importlib.import_module(name)
print("IMPORTS", file=sys.stderr)
before, begun = set(sys.modules), time.process_time_ns()
if sys.argv[1] == "import":
    import tracing
took = time.process_time_ns() - begun
print(json.dumps([took / 1e6, sorted(set(sys.modules) - before)]))
"""
MARK = "IMPORTS\n"
VALGRIND = ("valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null")


class Import(NamedTuple):
    """One way to import the package: in a mode, from a directory, with `known` modules there already."""

    layers: Path
    mode: str
    known: tuple[str, ...] = ()

    def milliseconds(self) -> float:
        return float(json.loads(self._run("import").stdout)[0])

    def instructions(self) -> float:
        """In millions, without those of the interpreter's start and of the modules that are there."""
        counts = []
        for what in ("import", "nothing"):
            said = self._run(what, *VALGRIND).stderr
            counts.append(int("".join(re.findall(r"I\s+refs:\s+([\d,]+)", said)).replace(",", "")))
        return (counts[0] - counts[1]) / 1e6

    def packages(self) -> dict[str, float]:
        """Return the milliseconds of each module by itself."""
        said = self._run("import", flags=("-X", "importtime")).stderr.partition(MARK)[2]
        found = re.findall(r"^import time: *(\d+) \| *\d+ \| *(\S+)$", said, re.MULTILINE)
        return {name: int(took) / 1000 for took, name in found}

    def modules(self) -> list[str]:
        found: list[str] = json.loads(self._run("import").stdout)[1]
        return found

    def _run(self, what: str, *tool: str, flags: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*tool, sys.executable, *flags, "-c", SCRIPT, what, *self.known],
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(self.layers),
                "PYTHONHASHSEED": "0",
                "LAMBDA_TASK_ROOT": str(self.layers),
                **MODES[self.mode],
            },
            capture_output=True,
            text=True,
            check=True,
        )


def rows(layers: Iterable[Path], modes: Iterable[str]) -> list[tuple[Import, Import, int]]:
    """Return for each mode and directory: the import, that of this package alone, and its modules."""
    found = []
    for mode in modes:
        for directory in layers:
            whole = Import(directory, mode)
            modules = whole.modules()
            others = tuple(name for name in modules if name.partition(".")[0] != "tracing")
            found.append((whole, whole._replace(known=others), len(modules) - len(others)))
    return found


def packages(one: Import, runs: int) -> Table:
    """Return what each package took: its first two names, of the whole import."""
    rounds = [one.packages() for _ in track(range(runs), one.mode, console=Console(stderr=True))]
    least = {name: min(each.get(name, math.inf) for each in rounds) for name in rounds[0]}
    shares: defaultdict[str, float] = defaultdict(float)
    for name, took in least.items():
        shares[".".join(name.split(".")[: 1 if name.startswith("tracing") else 2])] += took
    table = Table(f"{one.mode}, {one.layers}", "ms", f"of {sum(shares.values()):.1f}")
    for name, took in sorted(shares.items(), key=lambda share: -share[1]):
        table.add_row(name, f"{took:.2f}", f"{took / sum(shares.values()):.0%}")
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=50, help="fresh processes for each figure (default: 50)")
    parser.add_argument("--instructions", action="store_true", help="count instructions with valgrind, once")
    parser.add_argument("--packages", action="store_true", help="name what each package took")
    parser.add_argument("--layers", type=Path, nargs="+", default=[LAYERS], help="where the package lies")
    parser.add_argument("--modes", nargs="+", choices=MODES, default=MODES, help="which (default: all)")
    given = parser.parse_args()
    if given.packages:
        for mode in given.modes:
            for directory in given.layers:
                Console().print(packages(Import(directory, mode), given.runs))
        return
    measured = rows(given.layers, given.modes)
    imports = [one for row in measured for one in row[:2]]
    measure: Any = Import.instructions if given.instructions else Import.milliseconds
    rounds = [
        [measure(one) for one in imports]
        for _ in track(
            range(1 if given.instructions else given.runs), "imports", console=Console(stderr=True)
        )
    ]
    medians = [statistics.median(column) for column in zip(*rounds, strict=True)]
    unit = "million instructions" if given.instructions else "median ms of CPU"
    table = Table("mode", "layers", "modules", f"all, {unit}", "own")
    for (whole, _, count), everything, own in zip(measured, medians[::2], medians[1::2], strict=True):
        table.add_row(whole.mode, str(whole.layers), str(count), f"{everything:.2f}", f"{own:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
