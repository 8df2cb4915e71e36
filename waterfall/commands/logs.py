"""`waterfall logs`: what functions wrote; and what `waterfall show --logs` adds."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from waterfall.commands import options
from waterfall.commands.context import Context, context_of, printed, trace_of
from waterfall.commands.options import Command
from waterfall.logs.client import Logs
from waterfall.logs.following import follow
from waterfall.logs.invocations import InvocationLogs
from waterfall.logs.shapes import line_shape, lines_shape, trace_logs_shape
from waterfall.terminal import logs as picture
from waterfall.terminal import waterfall
from waterfall.terminal.text import json_text
from waterfall.traces.client import ReadError
from waterfall.traces.finding import id_of
from waterfall.traces.shapes import trace_shape

FOLLOWED_SINCE = 60.0
LISTED_SINCE = 3600.0
_LOCAL_PACE, _AWS_PACE = 0.5, 3.0
"""Seconds between two looks for new lines."""


@dataclass(frozen=True, slots=True)
class LineQuery:
    """Which lines: of functions whose names begin with one of `prefixes`, since a time, at most `most`."""

    prefixes: Sequence[str]
    since: float | None
    most: int


def _listed(context: Context, logs: Logs, query: LineQuery) -> str:
    start = context.now - LISTED_SINCE if query.since is None else query.since
    found = logs.latest(query.prefixes, start, context.now, query.most)
    if context.json:
        return json_text(lines_shape(found))
    if not found:
        return _nothing(logs, query)
    return context.draw(picture.LogLines(context.screen).render(found))


def _nothing(logs: Logs, query: LineQuery) -> str:
    if logs.groups(query.prefixes):
        return "no lines since then; --since 1d looks further back\n"
    names = ", ".join(query.prefixes)
    return f"no log groups of functions{f' whose names begin with {names}' if names else ''}\n"


def _followed(context: Context, logs: Logs, query: LineQuery) -> Iterator[str]:
    """Yield the newest lines, then those that come in; in JSON each line is an object of its own."""
    start = context.now - FOLLOWED_SINCE if query.since is None else query.since
    pace = _AWS_PACE if context.source.aws else _LOCAL_PACE
    drawing = picture.LogLines(context.screen)
    most: int | None = query.most
    for lines in follow(logs, query.prefixes, start, time.time, lambda: time.sleep(pace)):
        fresh = lines[-most:] if most else lines
        most = None
        if context.json:
            yield "".join(json.dumps(line_shape(line)) + "\n" for line in fresh)
        else:
            yield context.draw(drawing.render(fresh))


def draw_trace_lines(context: Context, logs: Logs, wanted: str, prefixes: Sequence[str]) -> str:
    """Return the lines of one trace, given by id or as `latest`; raises ReadError when there is no such."""
    id_ = id_of(context.reader, wanted, context.now)
    trace = next(iter(context.reader.get([id_])), None)
    found = logs.of_trace(trace) if trace else []
    if not found and context.source.aws and not prefixes:
        raise ReadError(
            f"X-Ray tells of no function in a trace {id_}: name functions, to search their logs for its id"
        )
    found = found or logs.of_id(id_, prefixes)
    if trace is None and not found:
        raise ReadError(f"no trace {id_}, and no function wrote a line with its id")
    found = [one for one in found if not prefixes or one.invocation.function.startswith(tuple(prefixes))]
    if context.json:
        return json_text(trace_logs_shape(id_, found))
    return _drawn(context, found, trace.start if trace else _first(found))


def show_with_logs(context: Context, wanted: str, *, details: bool = False) -> str:
    """Return a trace as a waterfall, and below it the lines of its invocations."""
    trace = trace_of(context, wanted)
    found = Logs(context.source).of_trace(trace)
    if context.json:
        return json_text({**trace_shape(trace), "logs": trace_logs_shape(trace.id, found)})
    drawn = context.draw(waterfall.render(trace, context.screen, now=context.now, details=details))
    return f"{drawn}\n{_drawn(context, found, trace.start)}"


def _drawn(context: Context, found: Sequence[InvocationLogs], origin: float) -> str:
    if not found:
        return "no logs: no function of this trace left a segment of its own\n"
    return context.draw(picture.render_trace_logs(found, context.screen, origin))


def _first(found: Sequence[InvocationLogs]) -> float:
    return min((line.event.time for logs in found for line in logs.lines), default=0.0)


def _add_options(parser: argparse.ArgumentParser) -> None:
    options.add_reading(parser)
    parser.add_argument("functions", nargs="*", metavar="FUNCTION", help="only those whose names begin so")
    options.add_one_trace(parser)
    parser.add_argument("-f", "--follow", action="store_true", help="go on with what comes in, until Ctrl-C")
    options.add_since(parser, None, "1h; 1m with --follow")
    options.add_count(parser, "--lines", 100, "how many of the latest")


def _check(given: argparse.Namespace) -> None:
    if given.trace and (given.follow or given.since is not None):
        raise ValueError("--follow and --since choose among all lines: leave them out with --trace")
    if given.aws and not (given.trace or given.functions):
        raise ValueError(
            "an account may have thousands of log groups, and reading them costs: name functions, as "
            "`logs --aws orders` for all whose names begin so, or a trace with --trace"
        )


def _run(given: argparse.Namespace) -> int:
    context, query = context_of(given), LineQuery(given.functions, given.since, given.lines)
    logs = Logs(context.source)
    if given.trace:
        return printed(draw_trace_lines(context, logs, given.trace, given.functions))
    if not given.follow:
        return printed(_listed(context, logs, query))
    for text in _followed(context, logs, query):
        printed(text)
        sys.stdout.flush()
    return 0


COMMAND = Command(
    "Shows the latest lines of all functions, newest last, or with --trace all lines of a trace's "
    "invocations, at their time in it. Reads CloudWatch Logs, the log groups /aws/lambda/*.",
    _add_options,
    _run,
    _check,
)
