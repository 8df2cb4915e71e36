"""The `waterfall` command: finds the command that is meant, and runs it."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Container, Sequence
from importlib import import_module
from typing import NoReturn

from waterfall.commands import options
from waterfall.commands.options import Command
from waterfall.traces.client import ReadError

COMMANDS = {
    "up": "deploy the program onto an embedded AWS and show one request",
    "serve": "serve an empty embedded AWS, for Pulumi, Terraform and the AWS CLI",
    "pulumi": "run Pulumi's own CLI on a running stack, apart from your state",
    "env": "print the exports for the AWS CLI, the SDKs and Terraform",
    "show": "show one trace as a waterfall",
    "traces": "list traces, newest first",
    "logs": "show what functions wrote: the latest lines, or those of a trace",
    "map": "show the service map",
    "console": "show traces and the service map in a browser",
    "compare": "compare two traces, or the tracing modes",
    "export": "write one trace as a file: a page, JSON, OTLP or Chrome's trace format",
    "import": "put traces of files into a running stack",
    "forward": "send traces to an OTLP backend as they come in",
    "record": "write what requests leave as traces/NAME.trace",
    "check": "compare what requests leave with what was recorded, or with another version",
    "migrate": "move code from the X-Ray SDK and Powertools Tracer to OpenTelemetry",
    "why": "explain why a request has a trace or none",
    "sampling": "show the sampling rules, and which one decides about a request",
    "cost": "estimate what traces cost in a month",
    "request": "send an HTTP request and show its waterfall",
    "invoke": "invoke a function and show its waterfall",
    "fire": "fire an EventBridge rule or schedule of the embedded AWS now",
    "fault": "list, start and stop fault injection experiments",
    "mcp": "let agents and editors read traces, and act on the embedded AWS",
    "completion": "print what a shell needs to complete commands, options and traces",
    "gameday": "run every experiment of the program under light load and report",
}
"""Each is a module of `waterfall.commands`; in the order of the help, with its line in it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0, 1 for failure, 2 for usage."""
    try:
        given = parse(sys.argv[1:] if argv is None else argv)
        if given.command not in {
            "up",
            "serve",
        }:  # which import more, and collect again once its stack is ready
            gc.enable()
        status: int = given.run(given)
        sys.stdout.flush()
    except BrokenPipeError:
        _drop_output()
        return 0
    except OSError as error:
        from waterfall.terminal.teller import NO_ROOM  # noqa: PLC0415 - which few need

        if error.errno not in NO_ROOM:
            raise
        _drop_output()
        sys.stderr.write(f"waterfall: what is written has no room: {error.strerror}\n")
        return 1
    except ReadError as error:
        sys.stderr.write(f"waterfall: {_harmless(error)}\n")
        return 1
    return status


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Read the command line; exits with status 2 and one line when it is wrong."""
    parser = _parser([argv[0]] if argv else [])
    given = parser.parse_args(argv)
    try:
        given.check(given)
        options.check_source(given)
    except ValueError as error:
        parser.error(str(error))
    return given


def _parser(wanted: Container[str]) -> argparse.ArgumentParser:
    """Return the parser of all commands; those that are wanted have their options."""
    parser = _Parser(
        prog="waterfall",
        description="See where the time of a request went, on this machine or in an AWS account.",
        epilog=options.EXIT,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    commands = parser.add_subparsers(title="commands", dest="command", metavar="COMMAND", required=True)
    for name, summary in COMMANDS.items():
        own = commands.add_parser(name, help=summary)
        if name in wanted:
            _fill(own, import_module(f"waterfall.commands.{name}").COMMAND)
    return parser


class _Parser(argparse.ArgumentParser):
    """Says what is wrong without the control characters that an argument may have."""

    def error(self, message: str) -> NoReturn:
        super().error(_harmless(message))


class _Version(argparse.Action):
    """Reads the version when it is asked for: that takes as long as all other imports of the command line."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        """Print it and exit."""
        from importlib.metadata import version  # noqa: PLC0415 - see above

        sys.stdout.write(f"{parser.prog} {version('traced-api')}\n")
        parser.exit()


def _fill(parser: argparse.ArgumentParser, command: Command) -> None:
    parser.description, parser.epilog = command.description, options.EXIT
    command.add_options(parser)
    parser.set_defaults(run=command.run, check=command.check, whole=lambda: _parser(COMMANDS))


def _harmless(problem: object) -> str:
    from waterfall.terminal.text import message  # noqa: PLC0415 - imports what a start need not wait for

    return message(problem)


def _drop_output() -> None:
    """Give the interpreter's last flush somewhere to go: whoever read the output has left."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
