"""`waterfall forward`: traces to an OTLP backend, as they come in."""

from __future__ import annotations

import argparse
import sys
import time

from waterfall.commands import options
from waterfall.commands.context import say, source_of
from waterfall.commands.options import Command
from waterfall.files.forwarding import Forwarder, backend, forwarding, poster
from waterfall.terminal.text import clean
from waterfall.traces.client import AWS_DELAY, LOCAL_DELAY, Source, connect

_LOCAL_PACE, _AWS_PACE = 1.0, 10.0


def _add_options(parser: argparse.ArgumentParser) -> None:
    options.add_source(parser)
    parser.add_argument(
        "url", type=options.told(backend), metavar="URL", help="the backend, such as http://localhost:4318"
    )
    options.add_header(parser, "--header", "a header for the backend; repeatable")


def rhythm(source: Source) -> tuple[float, float]:
    """Return the seconds between looks, and for how long after its start a trace is looked for.

    In an account each look is paid for, and traces are listed late.
    """
    return (_AWS_PACE, AWS_DELAY) if source.aws else (_LOCAL_PACE, LOCAL_DELAY)


def _run(given: argparse.Namespace) -> int:
    source = source_of(given)
    pace, delay = rhythm(source)
    post = poster(given.url, dict(given.header))
    forwarder = Forwarder(connect(source), post, time.time(), delay)
    say(f"traces that begin from now on go to {given.url}; Ctrl-C stops it")
    for told in forwarding(forwarder, time.time, lambda: time.sleep(pace)):
        if isinstance(told, str):
            sys.stderr.write(f"waterfall: {clean(told)}; trying again\n")
        else:
            say(f"sent {told} {'trace' if told == 1 else 'traces'}")
    return 0


COMMAND = Command(
    "Sends whole traces, with what gateway and Lambda record, to an OTLP backend until Ctrl-C. "
    "What comes later of a trace is sent later.",
    _add_options,
    _run,
)
