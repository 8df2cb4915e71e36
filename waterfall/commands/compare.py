"""`waterfall compare`: two traces, or one request in each mode."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from waterfall.commands import options
from waterfall.commands.context import Context, context_of, printed, say, trace_of
from waterfall.commands.options import Command
from waterfall.compare.difference import Comparison, compare
from waterfall.compare.shapes import comparison_shape
from waterfall.proof.modes import MODES, FalseProofError, compare_modes
from waterfall.stack.child import Program
from waterfall.terminal import compare as picture
from waterfall.terminal.screen import Screen, screen_of, to_text
from waterfall.terminal.text import json_text, message


def _add_options(parser: argparse.ArgumentParser) -> None:
    options.add_reading(parser)
    parser.add_argument(
        "traces", nargs="*", type=options.trace, metavar="TRACE", help=f"two of: {options.TRACE}"
    )
    modes = parser.add_argument_group("comparing the tracing modes")
    modes.add_argument("--modes", action="store_true", help="run the same request in each mode now")
    options.add_program(modes)


def _check(given: argparse.Namespace) -> None:
    if len(given.traces) != (0 if given.modes else 2):
        raise ValueError("compare takes two traces, or --modes and none")
    if given.modes and (given.aws or given.endpoint):
        raise ValueError("--modes runs on this machine: give neither --aws nor --endpoint")
    if given.modes and "tracing" in dict(given.config):
        raise ValueError("--modes sets tracing itself: leave out --config tracing=...")
    if not given.modes and (given.directory != Path() or given.stack or given.config):
        raise ValueError("--directory, --stack and --config belong to --modes")


def _run(given: argparse.Namespace) -> int:
    if given.modes:
        program = Program(given.directory, given.stack, dict(given.config))
        try:
            compared = compare_modes(program, say)
        except FalseProofError as error:
            sys.stderr.write(f"waterfall: {message(error)}\n")
            return 2
        for each in compared.unmoved:
            say(f"the same recorder on both sides, so nothing is proven of it: {each}")
        found, screen, titles = list(compared.comparisons), screen_of(sys.stdout), MODES
    else:
        context = context_of(given)
        found, screen, titles = [_traces(context, given.traces)], context.screen, ("", "")
    printed(_text(found, screen, titles, json=given.json))
    return 0 if all(one.equal for one in found) else 1


def _traces(context: Context, wanted: Sequence[str]) -> Comparison:
    left, right = (trace_of(context, one) for one in wanted)
    return compare(left, right, (context.reader.map_of(left), context.reader.map_of(right)))


def _text(found: Sequence[Comparison], screen: Screen, titles: Sequence[str], *, json: bool) -> str:
    if json:
        return json_text(comparison_shape(found))
    return "\n".join(to_text(picture.render(one, screen, titles), screen) for one in found)


COMMAND = Command(
    "Shows two traces side by side in normal form: without ids, times, generated values and what only "
    "names an SDK. With --modes it deploys the program twice on this machine, traced natively and with "
    "OpenTelemetry, and compares what each request of traces/requests.yaml leaves, else its first GET route. "
    "Exit status 1 when they differ, 2 when both modes were recorded by the same.",
    _add_options,
    _run,
    _check,
)
