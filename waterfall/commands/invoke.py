"""`waterfall invoke`: a function with an event, and its waterfall."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from rich.text import Text

from waterfall.commands import options
from waterfall.commands.asking import Asking
from waterfall.commands.context import context_of, showing
from waterfall.commands.options import Command
from waterfall.stack.first_request import new_trace_id
from waterfall.stack.invocations import invoke
from waterfall.terminal.screen import STYLES
from waterfall.terminal.teller import Teller
from waterfall.terminal.text import clean


def _add_options(parser: argparse.ArgumentParser) -> None:
    options.add_source(parser)
    parser.add_argument(
        "function", metavar="FUNCTION", help="a function: its name, ARN, or name in the program"
    )
    parser.add_argument(
        "event",
        nargs="?",
        type=options.told(_event),
        default=b"{}",
        metavar="EVENT.json",
        help="the event: a file, - for standard input, or JSON itself (default: {})",
    )


def _event(text: str) -> bytes:
    """Read an event that is given as a file, as `-`, or as JSON; raises ValueError."""
    if text == "-":
        content = sys.stdin.buffer.read()
    elif Path(text).is_file():
        content = Path(text).read_bytes()
    else:
        content = text.encode()
    try:
        json.loads(content)
    except (RecursionError, ValueError) as error:
        raise ValueError(f"{text!r} is neither a file with JSON nor JSON: {error}") from error
    return content


def _run(given: argparse.Namespace) -> int:
    given.json = False
    context = context_of(given)
    teller = Teller(sys.stdout, context.screen)
    trace_id = new_trace_id(time.time())
    answer = invoke(context.source, given.function, given.event, f"Root={trace_id}")
    failure = answer.failure
    style = STYLES["fault" if failure else "ok"]
    arrow = teller.screen.glyphs.arrow
    told = Text.assemble(
        f"{clean(answer.function)} {arrow} ", (f"{failure} " if failure else "", style), clean(answer.payload)
    )
    teller.lines([Text(), told, Text()])
    Asking(context.source, context.reader, teller, showing(context.source)).trace(trace_id)
    return int(teller.failed or bool(failure))


COMMAND = Command(
    "Invokes a function of the running stack, or with --aws of an account, and shows its answer, its "
    "waterfall, and the traces linked to it.",
    _add_options,
    _run,
)
