"""`waterfall show`: one trace as a waterfall."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator

from rich.text import Text

from waterfall.commands import options
from waterfall.commands.context import Context, context_of, printed, say, telling_losses, trace_of
from waterfall.commands.options import Command
from waterfall.stack.new_traces import AWS_PACE, LOCAL_PACE, NewTraces, following
from waterfall.terminal import waterfall
from waterfall.terminal.text import clean, json_text
from waterfall.traces.arguments import LATEST
from waterfall.traces.client import AWS_DELAY, LOCAL_DELAY
from waterfall.traces.links import linked_traces
from waterfall.traces.model import Trace
from waterfall.traces.shapes import trace_shape


def show_trace(context: Context, wanted: str, *, details: bool = False) -> str:
    """Return one trace, given by id or as `latest`, as a waterfall; raises ReadError when it is not there."""
    trace = trace_of(context, wanted)
    if context.json:
        return json_text(trace_shape(trace))
    lines = waterfall.render(trace, context.screen, now=context.now, details=details)
    return context.draw([*lines, *_forward(context, trace)])


def _forward(context: Context, trace: Trace) -> Iterator[Text]:
    """Lead to the consumers' traces; in an account, hundreds of others would have to be read to find them."""
    if context.source.aws:
        return
    for other in linked_traces(context.reader, trace, context.now):
        name = clean(other.entry.name, 60) if other.entry else ""
        arrow = context.screen.glyphs.arrow
        yield Text(f"{arrow} linked trace, of the message's consumer: {other.id} {name}", style="cyan")


def _follow(context: Context, expression: str | None, *, details: bool) -> Iterator[str]:
    """Yield the waterfall of each new trace; in JSON each is an object of its own, on one line."""
    aws = context.source.aws
    pace, delay = (AWS_PACE, AWS_DELAY) if aws else (LOCAL_PACE, LOCAL_DELAY)
    cost = (
        f"; a look each {pace:.0f} s at the last {delay / 60:.0f} min, and X-Ray charges for each trace that "
        "it looks through"
    )
    traces = NewTraces(context.reader, context.now, expression, delay)
    say(f"new traces as they come, until Ctrl-C{cost if aws else ''}")
    for trace in following(traces, time.time, lambda: time.sleep(pace)):
        if context.json:
            yield json.dumps(trace_shape(trace), ensure_ascii=True) + "\n"
        else:
            lines = waterfall.render(trace, context.screen, now=time.time(), details=details)
            yield context.draw(lines) + "\n"


def _add_options(parser: argparse.ArgumentParser) -> None:
    options.add_reading(parser)
    parser.add_argument("trace", nargs="?", type=options.trace, metavar="TRACE", help=options.TRACE)
    parser.add_argument("--logs", action="store_true", help="also what its functions wrote")
    parser.add_argument(
        "--details", action="store_true", help="also AWS's own annotations, metadata, stacks and clock skew"
    )
    parser.add_argument(
        "-f", "--follow", action="store_true", help="each new trace once it is whole, until Ctrl-C"
    )
    parser.add_argument(
        "--filter",
        metavar="EXPRESSION",
        help="with --follow: only those of an X-Ray filter expression, such as 'fault' or 'duration > 2'",
    )


def _check(given: argparse.Namespace) -> None:
    if given.follow and (given.trace or given.logs):
        raise ValueError("--follow shows what comes from now on, without logs: give no TRACE and no --logs")
    if given.filter and not given.follow:
        raise ValueError("--filter belongs to --follow; `traces --filter` lists those that are there")


def _run(given: argparse.Namespace) -> int:
    context = context_of(given)
    wanted = given.trace or LATEST
    with telling_losses(context.source):
        if given.follow:
            for text in _follow(context, given.filter, details=given.details):
                printed(text)
                sys.stdout.flush()
            return 0
        if not given.logs:
            return printed(show_trace(context, wanted, details=given.details))
        from waterfall.commands import logs  # noqa: PLC0415 - only this option needs CloudWatch Logs

        return printed(logs.show_with_logs(context, wanted, details=given.details))


COMMAND = Command(
    "`latest` is the newest request, or the newest trace where there was no request.",
    _add_options,
    _run,
    _check,
)
