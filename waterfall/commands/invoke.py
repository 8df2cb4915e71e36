"""`waterfall invoke`: a function with an event, and its waterfall."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from rich.text import Text

from waterfall.commands import options
from waterfall.commands.asking import Asking
from waterfall.commands.context import context_of
from waterfall.commands.options import Command
from waterfall.stack.first_request import new_trace_id
from waterfall.terminal.screen import STYLES
from waterfall.terminal.teller import Teller
from waterfall.terminal.text import clean
from waterfall.traces.client import ReadError, client


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
    except ValueError as error:
        raise ValueError(f"{text!r} is neither a file with JSON nor JSON: {error}") from error
    return content


def _run(given: argparse.Namespace) -> int:
    given.json = False
    context = context_of(given)
    teller = Teller(sys.stdout, context.screen)
    trace_id = new_trace_id(time.time())
    lambda_ = client(context.source, "lambda")
    lambda_.meta.events.register(
        "before-sign.lambda.Invoke",
        lambda request, **_: request.headers.add_header("X-Amzn-Trace-Id", f"Root={trace_id}"),
    )
    try:
        name = _named(lambda_, given.function)
        answer = lambda_.invoke(FunctionName=name, Payload=given.event)
        payload = answer["Payload"].read().decode("utf-8", "replace")
    except (BotoCoreError, ClientError) as error:
        raise ReadError(f"the function {given.function} was not invoked: {error}") from error
    failure = answer.get("FunctionError")
    style = STYLES["fault" if failure else "ok"]
    arrow = teller.screen.glyphs.arrow
    told = Text.assemble(f"{clean(name)} {arrow} ", (f"{failure} " if failure else "", style), clean(payload))
    teller.lines([Text(), told, Text()])
    Asking(context.source, context.reader, teller).trace(trace_id)
    return int(teller.failed or bool(failure))


def _named(lambda_: Any, wanted: str) -> str:
    """Return a function's name; Pulumi adds `-` and seven hexadecimal digits to that in the program."""
    pages = lambda_.get_paginator("list_functions").paginate()
    names = [str(each["FunctionName"]) for page in pages for each in page["Functions"]]
    if wanted in names or ":" in wanted:
        return wanted
    found = [name for name in names if name.rpartition("-")[0] == wanted or name.endswith(f"-{wanted}")]
    if len(found) != 1:
        raise ReadError(f"there is no function {wanted!r}: there are {', '.join(sorted(names)) or 'none'}")
    return found[0]


COMMAND = Command(
    "Invokes a function of the running stack, or with --aws of an account, and shows its answer, its "
    "waterfall, and the traces linked to it.",
    _add_options,
    _run,
)
