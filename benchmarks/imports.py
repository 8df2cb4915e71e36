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
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.figures import ADOT, POWERTOOLS, SDK, Measured
from benchmarks.tracing import Layers
from embedded_aws.awslambda.runtime.provision import Runtime, find_runtime
from embedded_aws.awslambda.runtime.worker import layer_directory, opt_directory

LAYERS = Path(__file__).resolve().parents[1] / "layers"
MODES = {
    "off": {"TRACING_MODE": "off"},
    "native": {"TRACING_MODE": "native"},
    "otel": {"TRACING_MODE": "otel"},
    "otel, keep": {"TRACING_MODE": "otel", "TRACING_KEEP": "fault"},
    "otel, otlp": {"TRACING_MODE": "otel", "TRACING_EXPORT": "otlp"},
}
PEERS = {
    SDK: {"IMPORT": "from aws_xray_sdk.core import patch; patch(['boto3'])"},
    POWERTOOLS: {"IMPORT": "from aws_lambda_powertools import Tracer; Tracer(service='orders')"},
}
SCRIPT = """
import importlib, json, logging, os, sys, time, traceback
import decimal
for name in sys.argv[2:]:
    importlib.import_module(name)
print("IMPORTS", file=sys.stderr)
before, begun = set(sys.modules), time.process_time_ns()
if sys.argv[1] == "import":
    exec(os.environ["IMPORT"])
took = time.process_time_ns() - begun
print(json.dumps([took / 1e6, sorted(set(sys.modules) - before)]))
"""
MARK = "IMPORTS\n"
BESIDE = ("boto3",)
MOST_NAMED = 6
VALGRIND = ("valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null")


class Import(NamedTuple):
    """One way to import the package: in a mode, from a directory, with `known` modules there already."""

    layers: Path
    mode: str
    known: tuple[str, ...] = ()
    runtime: Runtime | None = None
    """Lambda's, instead of the Python that this runs on."""

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
        path = [self.layers, self.runtime.packages] if self.runtime else [self.layers]
        return subprocess.run(
            [
                *tool,
                str(self.runtime.python) if self.runtime else sys.executable,
                *flags,
                "-c",
                SCRIPT,
                what,
                *self.known,
            ],
            env={
                "PATH": os.environ["PATH"],
                "IMPORT": "import tracing",
                "PYTHONPATH": os.pathsep.join(map(str, path)),
                "PYTHONHASHSEED": "0",
                "LAMBDA_TASK_ROOT": str(self.layers),
                **(MODES | PEERS)[self.mode],
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


def shares_of(one: Import, runs: Iterable[object]) -> Mapping[str, float]:
    """Return the milliseconds of each package, by its first two names; the most first."""
    rounds = [one.packages() for _ in runs]
    least = {name: min(each.get(name, math.inf) for each in rounds) for name in rounds[0]}
    shares: defaultdict[str, float] = defaultdict(float)
    for name, took in least.items():
        shares[".".join(name.split(".")[: 1 if name.startswith("tracing") else 2])] += took
    return dict(sorted(shares.items(), key=lambda share: -share[1]))


def packages(one: Import, runs: int) -> Table:
    """Return what each package took of the whole import."""
    shares = shares_of(one, track(range(runs), one.mode, console=Console(stderr=True)))
    table = Table(f"{one.mode}, {one.layers}", "ms", f"of {sum(shares.values()):.1f}")
    for name, took in shares.items():
        table.add_row(name, f"{took:.2f}", f"{took / sum(shares.values()):.0%}")
    return table


def measure(runs: int, say: Callable[[str], None]) -> Iterator[Measured]:
    """Measure the imports of what layers hold, as one that has boto3 already sees them, and their sizes."""
    with tempfile.TemporaryDirectory() as folder:
        layers, work, runtime = Layers(Path(folder)), Path(folder), find_runtime()
        opts = {}
        for name in ("native", "slim", "adot", "managed", "foreign"):
            parts = [
                layer.directory or layer_directory(work, layer.code, layer.digest)
                for layer in getattr(layers, name)
            ]
            opts[name] = opt_directory(work, parts) or work
        ways = {"off": "native", "native": "native", "slim": "slim", "adot": "adot"}
        modes = {"off": "off", "native": "native", "slim": "otel", "adot": "otel"}
        ours = {row: Import(opts[opt] / "python", modes[row], BESIDE, runtime) for row, opt in ways.items()}
        peers = {peer: Import(opts["foreign"] / "python", peer, BESIDE, runtime) for peer in PEERS}
        say(f"{runs} imports of each")
        everyone = [*ours.values(), *peers.values()]
        for one in everyone:
            one.milliseconds()  # compiles what is not
        rounds = [[one.milliseconds() for one in everyone] for _ in range(runs)]
        medians = dict(zip([*ours, *peers], map(statistics.median, zip(*rounds, strict=True)), strict=True))
        beside = {peer: medians[peer] for peer in peers}
        for row, one in ours.items():
            shares = list(shares_of(one, range(max(runs // 5, 1))).items())[:MOST_NAMED]
            yield Measured(
                f"import.{row}",
                medians[row],
                beside,
                ", ".join(f"{name} {took:.1f} ms" for name, took in shares),
            )
        sizes = {name: megabytes(opt.resolve()) for name, opt in opts.items()}
        others = {f"{SDK} and {POWERTOOLS}": megabytes(opts["foreign"] / "python"), ADOT: sizes["managed"]}
        for row in ("native", "slim"):
            yield Measured(f"size.{row}", sizes[row], others)


def megabytes(directory: Path) -> float:
    """Return what the files below take on the disk."""
    sizes = [path.lstat().st_blocks for path in directory.resolve().rglob("*") if not path.is_dir()]
    return sum(sizes) * 512 / 1_000_000


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
