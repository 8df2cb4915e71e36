"""From a save to the request, and to its waterfall: `python -m benchmarks.loop [--saves N]`.

A copy of the demo runs under `waterfall up --watch`; its worker is saved again and again, each time with a
change, as editors save. `request sent` is when the gateway got the request that is sent again, `waterfall`
when the last line below it was printed; what the functions themselves take is in the second alone. Between
two saves is as long a pause as somebody needs to look: the process of the next run starts in it.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import urllib.request
from pathlib import Path
from statistics import median

from tests.e2e.stack import Stack, running
from tests.e2e.watched import Edited, copy_of_demo

SETTINGS = ("--config", "workSeconds=0", "--config", "otelLayer=slim")
WORKER = "handlers/worker.py"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--saves", type=int, default=20, metavar="N", help="default: %(default)s")
    parser.add_argument("--pause", type=float, default=3.0, metavar="SECONDS", help="default: %(default)s")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        program = copy_of_demo(Path(scratch) / "demo")
        with running(Path(scratch) / "data", "-C", str(program), "--watch", *SETTINGS) as stack:
            edited = Edited(stack, program)
            found = [_save(edited, number, given.pause) for number in range(given.saves)]
    for title, times in zip(("request sent", "waterfall"), zip(*found, strict=True), strict=True):
        print(f"{title:>12}  median {median(times) * 1000:4.0f} ms  worst {max(times) * 1000:4.0f} ms")


def _save(edited: Edited, number: int, pause: float) -> tuple[float, float]:
    """Return the seconds from a save to the request, and to the end of its waterfall."""
    time.sleep(pause)
    text = (edited.directory / WORKER).read_text()
    began = time.time()
    edited.write(WORKER, f"{text}\n# save {number}\n".encode())
    shown = time.time()
    return _newest_request(edited.stack) - began, shown - began


def _newest_request(stack: Stack) -> float:
    """Return when the newest request to the API came in, in epoch seconds; its consumer ran later."""
    with urllib.request.urlopen(f"{stack.status['endpoint']}/_local/requests?limit=20") as reply:
        entries = json.load(reply)["requests"]
    return float(next(entry["at"] for entry in entries if entry["kind"] == "request"))


if __name__ == "__main__":
    main()
