"""Which embedded AWS a command works on: the one that runs, or the one that is named."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from waterfall.commands.context import source_of
from waterfall.shell import typed
from waterfall.traces.client import ReadError
from waterfall.why.client import Journal

if TYPE_CHECKING:
    import argparse


@dataclass(frozen=True, slots=True)
class Running:
    """An embedded AWS: its address and region, where it keeps its data, and since when it runs."""

    endpoint: str
    region: str
    data: Path
    started: float


def add_endpoint(parser: argparse.ArgumentParser) -> None:
    """Add the one option by which a stack is named; accounts are none."""
    parser.add_argument(
        "--endpoint", metavar="URL", help="a local stack (default: AWS_ENDPOINT_URL's, or the one that runs)"
    )
    parser.set_defaults(aws=False, profile=None, region=None)


def running_stack(given: argparse.Namespace) -> Running:
    """Return the stack of a command with `add_endpoint`; raises ReadError when there is none, or several."""
    endpoint = source_of(given).endpoint.rstrip("/")
    try:
        status = Journal(endpoint).status()
    except ReadError as error:
        raise ReadError(f"no stack answers at {endpoint}; start one: {typed('serve')}") from error
    if not status or status.get("status") != "ready":
        raise ReadError(f"no embedded AWS is ready at {endpoint}; start one: {typed('serve')}")
    return Running(endpoint, str(status["region"]), Path(status["storage"]["directory"]), status["started"])
