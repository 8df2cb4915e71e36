"""`waterfall gameday`: every experiment of a program in turn, and a report."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from waterfall.commands import options
from waterfall.commands.context import printed, say
from waterfall.commands.options import Command
from waterfall.gameday import report, run
from waterfall.stack.child import Program


def _add_options(parser: argparse.ArgumentParser) -> None:
    options.add_program(parser)
    parser.set_defaults(stack="gameday")
    options.add_count(parser, "--requests", 20, "per experiment")
    options.add_count(parser, "--clients", 4, "that send at once")
    parser.add_argument("--report", type=Path, metavar="FILE", help="also write the report there")


def _run(given: argparse.Namespace) -> int:
    program = Program(given.directory, given.stack, dict(given.config))
    day = run.run(program, given.requests, given.clients, say)
    text = report.render(day, time.time())
    if given.report:
        given.report.write_text(text, encoding="utf-8")
    printed(text)
    return 1 if day.weaknesses or any(one.recovered_after is None for one in day.rounds) else 0


COMMAND = Command(
    "Starts the program on this machine, runs its fault injection experiments one after the "
    "other under light load, and prints a report in Markdown: what the client saw, latencies against the "
    "baseline, the first waterfall of each failure, whether the system recovered, and weaknesses. Exit "
    "status 1 when there is a weakness, or something did not recover.",
    _add_options,
    _run,
)
