"""`waterfall import`: traces of files into a running stack."""  # noqa: N999 - a module is named as its command

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from waterfall.commands.context import say, showing, source_of
from waterfall.commands.options import Command
from waterfall.files.kept import Kept, KeptError, batches, read
from waterfall.traces.client import ReadError, Source, client, readable

_REASONS = 3


def put(source: Source, traces: Sequence[Kept]) -> list[str]:
    """Hand in traces as X-Ray's clients do, and return why documents were refused; raises ReadError.

    A stack counts the age of what it keeps from its arrival, so a trace may be of any age.
    https://docs.aws.amazon.com/xray/latest/api/API_PutTraceSegments.html
    """
    xray = client(source, "xray")
    refused: list[str] = []
    with readable(source):
        for batch in batches(traces):
            answer = xray.put_trace_segments(TraceSegmentDocuments=batch)
            refused += [
                f"{one.get('Id', 'a document')}: {one.get('Message') or one.get('ErrorCode')}"
                for one in answer.get("UnprocessedTraceSegments", [])
            ]
    return refused


def _read(path: Path) -> list[Kept]:
    try:
        return read(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ReadError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ReadError(f"cannot read {path}: it is not text: {error}") from error
    except KeptError as error:
        raise ReadError(f"cannot import {path}: {error}") from error


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="what `export --format json` wrote"
    )
    parser.add_argument(
        "--endpoint", metavar="URL", help="the stack (default: AWS_ENDPOINT_URL's, or the one that runs)"
    )
    parser.set_defaults(aws=False, profile=None, region=None)


def _run(given: argparse.Namespace) -> int:
    traces = [trace for path in given.files for trace in _read(path)]
    source = source_of(given)
    show, refused = showing(source), put(source, traces)
    for trace in traces if len(refused) < sum(len(trace.documents) for trace in traces) else ():
        say(f"imported {trace.id}: `{show} {trace.id}`")
    if refused:
        told = "; ".join(refused[:_REASONS])
        more = f" and {len(refused) - _REASONS} more" if len(refused) > _REASONS else ""
        raise ReadError(f"{len(refused)} documents were refused: {told}{more}")
    return 0


COMMAND = Command(
    "Puts traces of files into a running stack, whatever their age.",
    _add_options,
    _run,
)
