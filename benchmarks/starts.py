"""How soon servers and commands answer, and what memory they take: `waterfall`'s, moto's and MiniStack's.

`serve` and its rivals are started and stopped as a user does, in turn, until DynamoDB answers.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from benchmarks.figures import MINISTACK, MOTO, Measured
from benchmarks.imports import megabytes
from benchmarks.servers import KINDS, OTHER_PORTS, OURS, RIVALS, free_port, get, running, started, wait_for
from tests.e2e.stack import REPOSITORY, WATERFALL
from tests.e2e.stack import running as stack_running

ENVIRONMENTS = {MOTO: RIVALS / "moto", MINISTACK: RIVALS / "ministack"}
SETTLES_SECONDS = 1.0


def measure(count: int, say: Callable[[str], None]) -> Iterator[Measured]:
    """Start everything so often."""
    seconds: dict[str, list[float]] = defaultdict(list)
    megabytes: dict[str, list[float]] = defaultdict(list)
    say(f"{count} starts of `serve`, moto's server and MiniStack")
    for turn in range(count + 1):
        for kind in KINDS:
            with running(kind) as server:
                if turn == 0:
                    continue  # compiled what was not yet
                seconds[kind.name].append(server.seconds)
                time.sleep(SETTLES_SECONDS)
                megabytes[kind.name].append(server.memory())
    for row, values in (("start.serve", seconds), ("memory.serve", megabytes)):
        medians = {name: median(each) for name, each in values.items()}
        yield Measured(row, medians.pop(OURS), medians)
    say(f"{count} starts of `up`")
    yield Measured("start.up", median(_up() for _ in range(count)))
    say("`show`")
    yield Measured("start.show", _show(3 * count))


def _up() -> float:
    """Return the seconds until the demo is deployed."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        command = [str(WATERFALL), "up", "-C", str(REPOSITORY), "--port", str(port), *OTHER_PORTS]
        begun = time.perf_counter()
        environment = {**os.environ, "XDG_STATE_HOME": folder}
        with started([*command, "--data", f"{folder}/data"], environment, folder) as process:
            wait_for(lambda: _ready(port), process, "up")
            return time.perf_counter() - begun


def _ready(port: int) -> bool:
    answer = get(port, path="/_local/status")
    return answer is not None and json.loads(answer)["status"] == "ready"


def _show(count: int) -> float:
    """Return the seconds of `waterfall show` on the demo's request."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        with stack_running(data, "--config", "workSeconds=0", state=Path(folder)) as stack:
            command = [str(WATERFALL), "show", "latest", "--endpoint", stack.status["endpoint"]]
            taken = []
            for _ in range(count + 1):
                begun = time.perf_counter()
                subprocess.run(command, check=True, capture_output=True)
                taken.append(time.perf_counter() - begun)
    return median(taken[1:])


def setup(say: Callable[[str], None]) -> Iterator[Measured]:
    """Set a copy of this repository up, with nothing built or downloaded before."""
    say("`make setup` in a copy")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        files = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, check=True, capture_output=True)
        for name in filter(None, files.stdout.decode().split("\0")):
            if (REPOSITORY / name).is_file():
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(REPOSITORY / name, copy / name)
        begun = time.perf_counter()
        environment = {**os.environ, "XDG_CACHE_HOME": f"{folder}/cache"}
        environment.pop("MAKEFLAGS", None)  # of the `make bench` that this runs in
        environment.pop("MAKELEVEL", None)
        done = subprocess.run(
            ["make", "setup"], check=False, cwd=copy, env=environment, capture_output=True, text=True
        )
        if done.returncode:
            raise RuntimeError(f"make setup: {done.stderr.strip()[-500:]}")
        yield Measured("setup.seconds", time.perf_counter() - begun)
        yield Measured(
            "setup.size",
            megabytes(copy / ".venv"),
            {name: megabytes(directory) for name, directory in ENVIRONMENTS.items()},
        )
