"""A stack in a process of its own, for commands that run more than one.

Reads its settings as one line of JSON, writes the stack's status as one line of JSON once it is ready, and
serves until its standard input ends. What goes wrong is written as `error`.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from waterfall.stack import KEEP_SETTING
from waterfall.stack.registry import running

if TYPE_CHECKING:
    from embedded_aws.server import Status


def main() -> int:
    given = json.loads(sys.stdin.readline())
    try:
        from embedded_aws.server import ServeOptions, StartupError, run  # noqa: PLC0415 - may not be installed
    except ModuleNotFoundError as error:
        _tell({"error": str(error)})
        return 1
    options = ServeOptions(
        directory=Path(given["directory"]),
        data=Path(given["data"]),
        stack=given["stack"],
        config=given["config"],
        other_stacks=[stack.endpoint for stack in running()],
        port=0,
        daemon_port=0,
        otlp_port=0,
        record_faults_where=KEEP_SETTING,
    )
    try:
        return run(options, on_ready=_serve, on_progress=_say)
    except StartupError as error:
        _tell({"error": str(error)})
        return 1


def _serve(status: Status) -> bool:
    _tell(asdict(status))
    sys.stdin.read()
    return False


def _tell(message: object) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
