"""`waterfall console`: the web console."""

from __future__ import annotations

import argparse
import sys

from waterfall.commands import options
from waterfall.commands.context import printed, source_of
from waterfall.commands.options import Command
from waterfall.ports import CONSOLE_PORT
from waterfall.terminal.text import message
from waterfall.web.listener import ConsoleError


def _add_options(parser: argparse.ArgumentParser) -> None:
    options.add_port(parser, "--port", CONSOLE_PORT, "where to serve")
    options.add_source(parser)


def _run(given: argparse.Namespace) -> int:
    from waterfall.web import server  # noqa: PLC0415 - help and wrong usage need no web server

    try:
        server.serve(source_of(given), given.port, _announce)
    except ConsoleError as error:
        sys.stderr.write(f"waterfall: {message(error)}\n")
        return 1
    return 0


def _announce(address: str) -> None:
    printed(f"console  {address}    (Ctrl-C stops it)\n")
    sys.stdout.flush()


COMMAND = Command(
    "Serves the web console on 127.0.0.1 until Ctrl-C.",
    _add_options,
    _run,
)
