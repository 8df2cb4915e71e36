"""`waterfall map`: the service map of a time, or of one trace."""

from __future__ import annotations

import argparse
import time

from waterfall.commands import options
from waterfall.commands.context import Context, context_of, hint, printed, telling_losses, trace_of
from waterfall.commands.options import Command
from waterfall.terminal import service_map as picture
from waterfall.terminal.text import json_text
from waterfall.traces.client import LONGEST_MAP
from waterfall.traces.marking import marked, marked_by
from waterfall.traces.shapes import map_shape


def draw_map(context: Context, start: float, wanted: str | None = None) -> str:
    """Return the service map since `start`, or of one trace."""
    if wanted is None:
        # the start was read earlier than the clock
        found = context.reader.service_map(max(start, context.now - LONGEST_MAP), context.now)
        graph = marked(found, context.reader, aws=context.source.aws)
    else:
        trace = trace_of(context, wanted)
        graph = marked_by(context.reader.map_of(trace), trace)
    if context.json:
        return json_text(map_shape(graph))
    if not graph.services:
        return f"no services since then; --since 6h looks back the furthest{hint(context)}\n"
    return context.draw(picture.render(graph, context.screen))


def _add_options(parser: argparse.ArgumentParser) -> None:
    options.add_reading(parser)
    options.add_one_trace(parser)
    options.add_since(parser, "1h", read=_since)


def _since(text: str) -> float:
    start = options.since(text)
    if time.time() - start > LONGEST_MAP + 1:
        raise argparse.ArgumentTypeError(f"{text!r} is too long ago: X-Ray draws maps of at most 6 hours")
    return start


def _run(given: argparse.Namespace) -> int:
    context = context_of(given)
    with telling_losses(context.source):
        return printed(draw_map(context, given.since, given.trace))


COMMAND = Command("Shows what calls what, and how it went.", _add_options, _run)
