"""The `waterfall` command: finds the command that is meant, and runs it."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING

from waterfall.commands import options
from waterfall.traces.client import ReadError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from waterfall.commands.options import Command

COMMANDS = (
    "up",
    "show",
    "traces",
    "logs",
    "map",
    "console",
    "compare",
    "why",
    "sampling",
    "cost",
    "fault",
    "gameday",
)
"""In the order of the help; each is a module of `waterfall.commands`."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0, 1 for failure, 2 for usage."""
    try:
        given = parse(sys.argv[1:] if argv is None else argv)
        if given.command != "up":  # which imports more, and collects again once its stack is ready
            gc.enable()
        status: int = given.run(given)
        sys.stdout.flush()
    except BrokenPipeError:
        _drop_output()
        return 0
    except ReadError as error:
        sys.stderr.write(f"waterfall: {error}\n")
        return 1
    return status


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Read the command line; exits with status 2 and one line when it is wrong."""
    parser = argparse.ArgumentParser(
        prog="waterfall",
        description="See where the time of a request went, on this machine or in an AWS account.",
        epilog=options.EXIT,
    )
    commands = parser.add_subparsers(title="commands", dest="command", metavar="COMMAND", required=True)
    for name in argv[:1] if argv and argv[0] in COMMANDS else COMMANDS:  # to import no more than is needed
        command: Command = import_module(f"waterfall.commands.{name}").COMMAND
        own = commands.add_parser(
            name, help=command.summary, description=command.description, epilog=options.EXIT
        )
        command.add_options(own)
        own.set_defaults(run=command.run, check=command.check)
    given = parser.parse_args(argv)
    try:
        given.check(given)
        options.check_source(given)
    except ValueError as error:
        parser.error(str(error))
    return given


def _drop_output() -> None:
    """Give the interpreter's last flush somewhere to go: whoever read the output has left."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
