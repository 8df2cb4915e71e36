"""`waterfall show`: one trace as a waterfall."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from rich.text import Text

from waterfall.commands import options
from waterfall.commands.context import Context, context_of, printed, telling_losses, trace_of
from waterfall.commands.options import Command
from waterfall.terminal import waterfall
from waterfall.terminal.text import clean, json_text
from waterfall.traces.arguments import LATEST
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


def _add_options(parser: argparse.ArgumentParser) -> None:
    options.add_reading(parser)
    parser.add_argument(
        "trace", nargs="?", default=LATEST, type=options.trace, metavar="TRACE", help="an id, or latest"
    )
    parser.add_argument("--logs", action="store_true", help="also what its functions wrote")
    parser.add_argument(
        "--details", action="store_true", help="also AWS's own annotations, metadata, stacks and clock skew"
    )


def _run(given: argparse.Namespace) -> int:
    context = context_of(given)
    with telling_losses(context.source):
        if not given.logs:
            return printed(show_trace(context, given.trace, details=given.details))
        from waterfall.commands import logs  # noqa: PLC0415 - only this option needs CloudWatch Logs

        return printed(logs.show_with_logs(context, given.trace, details=given.details))


COMMAND = Command(
    "`latest` is the newest request, or the newest trace where there was no request.",
    _add_options,
    _run,
)
