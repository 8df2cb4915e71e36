"""How often `check --base` sees a span of 100 ms that became 30 % slower, and how often one that did not.

`python -m benchmarks.proof [--checks 20] [--busy 2]`

Each check compares two functions on the embedded AWS, in turn, beside processes that compute: first two equal
ones, then one that works 100 ms with one that works 130.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tests.e2e.lab import Lab, running
from waterfall.proof.cases import Case, Expectation
from waterfall.proof.checking import side_by_side
from waterfall.proof.lines import told
from waterfall.proof.observing import Place
from waterfall.proof.redaction import redaction
from waterfall.stack.requests import Request
from waterfall.traces.client import Source, connect

CODE = """
import time
from opentelemetry import trace
from tracing import capture_lambda_handler

@capture_lambda_handler
def handler(event, context):
    with trace.get_tracer("app").start_as_current_span("work"):
        time.sleep({seconds})
    return {{"statusCode": 200}}
"""
CASE = Case("work", Request("GET", "/", {}, None))
OTHER_NAMES = [Expectation("two functions have two names", change="[!s]*")]
BUSY = [sys.executable, "-c", "while True: pass"]


def place(lab: Lab, name: str, seconds: float, folder: Path) -> Place:
    """Deploy a version behind an API of its own."""
    module = folder / name / "app.py"
    module.parent.mkdir()
    module.write_text(CODE.format(seconds=seconds))
    source = Source(lab.stack.status["endpoint"])
    url = lab.api(lab.function("otel", name, module))
    return Place(source, connect(source), {"api": url}, redaction())


def checks(title: str, count: int, before: Place, after: Place) -> None:
    """Print what each check says, and of how many anything was said."""
    said = 0
    for _ in range(count):
        start = time.monotonic()
        result = side_by_side(CASE, before, after, OTHER_NAMES)
        lines = [told(one).rpartition(" > ")[2] for one in result.unexpected] or [result.error or "nothing"]
        said += lines != ["nothing"]
        print(f"{title}: {'; '.join(lines)} ({time.monotonic() - start:.0f} s)", flush=True)
    print(f"{title}: something in {said} of {count} checks")


def main() -> None:
    """Run both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checks", type=int, default=20)
    parser.add_argument("--busy", type=int, default=2, help="processes that compute meanwhile")
    given = parser.parse_args()
    with ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory()))
        lab = held.enter_context(running(folder / "data"))
        versions = [place(lab, f"v{at}", seconds, folder) for at, seconds in enumerate((0.1, 0.1, 0.13))]
        for _ in range(given.busy):
            process = held.enter_context(subprocess.Popen(BUSY))
            held.callback(process.kill)
        checks("unchanged", given.checks, versions[0], versions[1])
        checks("30 % slower", given.checks, versions[0], versions[2])


if __name__ == "__main__":
    main()
