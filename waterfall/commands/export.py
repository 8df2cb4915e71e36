"""`waterfall export`: one trace as a file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from waterfall.commands import options
from waterfall.commands.context import Context, context_of, say, telling_losses, trace_of
from waterfall.commands.options import Command
from waterfall.traces.arguments import LATEST
from waterfall.traces.client import ReadError
from waterfall.traces.links import linked_traces
from waterfall.traces.model import Trace

_FORMATS = ("html", "json", "otlp", "chrome")


def file_of(context: Context, trace: Trace, format_: str, *, logs: bool = False) -> str:
    """Return the text of a trace's file; raises ReadError.

    A page with `logs` has what its functions wrote, too.
    """
    from waterfall.logs.client import Logs  # noqa: PLC0415 - only --logs needs CloudWatch Logs
    from waterfall.web import files  # noqa: PLC0415 - help does without

    # in an account, hundreds of others would have to be read to find them
    is_page = format_ == "html" and not context.source.aws
    linked = linked_traces(context.reader, trace, context.now) if is_page else ()
    written = Logs(context.source).of_trace(trace) if logs else None
    return files.written(trace, format_, context.now, linked, written)


def _add_options(parser: argparse.ArgumentParser) -> None:
    options.add_source(parser)
    parser.add_argument(
        "trace", nargs="?", default=LATEST, type=options.trace, metavar="TRACE", help=options.TRACE
    )
    parser.add_argument(
        "--format",
        choices=_FORMATS,
        default="html",
        help="a page to open anywhere (default), JSON for `import`, OTLP's JSON, or Chrome's trace format "
        "for Perfetto and Speedscope",
    )
    parser.add_argument("--logs", action="store_true", help="with html: also what its functions wrote")
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="where to (default: TRACE.html and so on here; -: print it)"
    )


def _check(given: argparse.Namespace) -> None:
    if given.logs and given.format != "html":
        raise ValueError(f"--logs is for --format html: the format {given.format} has no place for them")


def _run(given: argparse.Namespace) -> int:
    from waterfall.web.files import name_of  # noqa: PLC0415 - as above

    given.json = False
    context = context_of(given)
    with telling_losses(context.source):
        trace = trace_of(context, given.trace)
        text = file_of(context, trace, given.format, logs=given.logs)
    if given.output == "-":
        sys.stdout.write(text)
        return 0
    path = Path(given.output or name_of(trace, given.format))
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ReadError(
            f"cannot write {path}: {error.strerror}; name another file with --output FILE"
        ) from error
    say(f"wrote {path}: it holds all that the trace says, annotations and metadata too")
    return 0


COMMAND = Command(
    "Writes one trace as a file, which whoever gets it opens without an account, a stack or a network.",
    _add_options,
    _run,
    _check,
)
