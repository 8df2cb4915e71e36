"""Runs the server for a test: `python serve.py OPTIONS`, a JSON object with what `ready` should do.

With `hangs` what it does when it stops never ends.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import botocore.session

from embedded_aws import server
from embedded_aws.server import ServeOptions, StartupError, run

if TYPE_CHECKING:
    from embedded_aws.server import Status


def account() -> dict[str, object]:
    """Return what this process knows of an AWS account: its variables, and what botocore finds."""
    session = botocore.session.Session()
    variables = {name: value for name, value in os.environ.items() if name.startswith(("AWS_", "BOTO_"))}
    profiles, credentials = session.available_profiles, session.get_credentials()
    return {"variables": variables, "profiles": profiles, "key": credentials and credentials.access_key}


def main(given: dict[str, Any]) -> int:
    gc.disable()  # as the command does: the server turns it on once it is ready
    ready: str = given.pop("ready", "serve")
    if hangs := given.pop("hangs", False):
        server._OWN_END_SECONDS = 0.5
    paths: dict[str, Any] = {key: Path(str(given.pop(key))) for key in ("directory", "data")}

    def on_ready(status: Status) -> bool:
        addresses.append(status.endpoint)
        print(json.dumps(asdict(status)), flush=True)  # noqa: T201 - read by the test
        if ready == "raise":
            raise LookupError("the first request failed")
        if ready == "account":
            print(json.dumps(account()), flush=True)  # noqa: T201 - read by the test
        return ready == "serve"

    def on_progress(line: str) -> None:
        print(line, file=sys.stderr, flush=True)  # noqa: T201 - read by the test

    def on_stop() -> None:
        if hangs:
            threading.Event().wait()
        with urlopen(f"{addresses[0]}/_local/status") as reply:
            print("stopping", json.load(reply)["status"], file=sys.stderr)  # noqa: T201 - read by the test

    addresses: list[str] = []
    ports = {"port": 0, "daemon_port": 0, "otlp_port": 0}
    try:
        return run(
            ServeOptions(**paths, **{**ports, **given}, on_stop=on_stop),
            on_ready=on_ready,
            on_progress=on_progress,
        )
    except StartupError as error:
        print(f"StartupError: {error}", file=sys.stderr)  # noqa: T201 - read by the test
        return 1


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
