"""How soon an embedded AWS without a program is ready: `python -m benchmarks.starts [--starts N]`.

Each time `waterfall serve` is started and stopped as a user does. Told are the seconds until its status
answers that it is ready, and the seconds of CPU of the process, from its imports to its end.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path
from statistics import median

from tests.e2e.stack import WATERFALL

PORTS = ("--port", "--console-port", "--daemon-port", "--otlp-port")
_ENDPOINT = re.compile(r"AWS +(http://\S+)")


def start_once(data: Path) -> tuple[float, float]:
    """Return the seconds until a server is ready, and the CPU that it took until its end."""
    command = [str(WATERFALL), "serve", "--data", str(data)]
    command += [word for option in PORTS for word in (option, "0")]
    before = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        endpoint = next(found[1] for line in process.stdout if (found := _ENDPOINT.search(line)))
        with urllib.request.urlopen(f"{endpoint}/_local/status") as reply:
            assert json.load(reply)["status"] == "ready"
        ready = time.monotonic() - before
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return ready, used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=5, metavar="N", help="how often (default: 5)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as data:
        start_once(Path(data))  # compiles what was not yet
        taken = [start_once(Path(data)) for _ in range(given.starts)]
    ready, used = zip(*taken, strict=True)
    print(f"ready after {median(ready):.2f} s ({min(ready):.2f} to {max(ready):.2f})")
    print(f"CPU {median(used):.2f} s ({min(used):.2f} to {max(used):.2f})")


if __name__ == "__main__":
    main()
