"""`waterfall mcp`: the viewer as tools of a language model, over standard input and output."""

from __future__ import annotations

import argparse
import time
from importlib.util import find_spec
from pathlib import Path

from waterfall.commands import options
from waterfall.commands.context import source_of
from waterfall.commands.options import Command
from waterfall.traces.client import ReadError


def _add_options(parser: argparse.ArgumentParser) -> None:
    options.add_source(parser)
    parser.add_argument(
        "-C", "--directory", default=Path(), type=Path, metavar="DIR",
        help="program folder, whose traces/ the tool check uses (default: .)",
    )  # fmt: skip


def _run(given: argparse.Namespace) -> int:
    if find_spec("mcp") is None:
        raise ReadError("mcp needs the package of the Model Context Protocol: pip install 'traced-api[mcp]'")
    from waterfall.agents.place import Place  # noqa: PLC0415 - help does without
    from waterfall.agents.server import create_server  # noqa: PLC0415 - mcp is an extra

    place = Place(lambda: source_of(given), time.time)
    create_server(place, given.directory, acts=not given.aws).run("stdio")
    return 0


COMMAND = Command(
    "Serves the Model Context Protocol on standard input and output, for agents and editors: finds, shows, "
    "explains and compares traces of the running stack, or with --aws of an account. Only on the embedded "
    "AWS does it also act: send requests, invoke functions, start and stop faults, check recordings.",
    _add_options,
    _run,
)
