"""`waterfall traces`: the newest traces."""

from __future__ import annotations

import argparse

from rich.text import Text

from waterfall.commands import options
from waterfall.commands.context import Context, context_of, hint, indexed_only, printed, telling_losses
from waterfall.commands.options import Command
from waterfall.terminal import traces as picture
from waterfall.terminal.screen import DIM, wrapped
from waterfall.terminal.text import json_text
from waterfall.traces.shapes import traces_shape


def list_traces(context: Context, start: float, limit: int, expression: str | None) -> str:
    """Return the newest traces since `start`."""
    found = context.reader.summaries(start, context.now, limit=limit, expression=expression)
    if context.json:
        return json_text(traces_shape(found, start, context.now))
    if not found:
        matching = " that match" if expression else ""
        return f"no traces{matching} since then; --since 1d looks further back{hint(context)}\n"
    told = indexed_only(context)
    below = [Text(line, style=DIM) for line in wrapped(told, context.screen.width, context.screen.glyphs)]
    return context.draw([*picture.render(found, context.screen, now=context.now), *(below if told else ())])


def _add_options(parser: argparse.ArgumentParser) -> None:
    options.add_reading(parser)
    options.add_since(parser, "6h")
    options.add_count(parser, "--limit", 20, "how many")
    parser.add_argument(
        "--filter", metavar="EXPRESSION", help="an X-Ray filter expression, such as 'fault' or 'duration > 2'"
    )


def _run(given: argparse.Namespace) -> int:
    context = context_of(given)
    with telling_losses(context.source):
        return printed(list_traces(context, given.since, given.limit, given.filter))


COMMAND = Command("Lists traces, newest first.", _add_options, _run)
