"""`waterfall fire`: a rule or schedule, now."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.text import Text

from waterfall.commands import options
from waterfall.commands.context import Context, context_of, printed
from waterfall.commands.options import Command
from waterfall.shell import typed
from waterfall.stack.firing import Fired, Target, fire
from waterfall.stack.first_request import Polling, whole_trace
from waterfall.terminal import waterfall
from waterfall.terminal.screen import DIM, STYLES
from waterfall.terminal.text import clean, json_text
from waterfall.traces.client import ReadError
from waterfall.traces.model import Status
from waterfall.why.client import Journal


def _add_options(parser: argparse.ArgumentParser) -> None:
    options.add_reading(parser)
    parser.add_argument(
        "name", metavar="RULE", help="a rule or schedule: its name, ARN, or name in the program"
    )
    parser.add_argument(
        "event",
        nargs="?",
        type=Path,
        metavar="EVENT.json",
        help="the event, or some of its fields; a schedule without one makes its own",
    )


def _check(given: argparse.Namespace) -> None:
    if given.aws:
        raise ValueError("fire works on the embedded AWS alone: an account fires its rules by itself")


def _run(given: argparse.Namespace) -> int:
    context = context_of(given)
    fired = fire(context.source.endpoint or "", given.name, _event(given.event))
    journal = Journal(context.source.endpoint)
    traces = [_trace_id(journal, target) for target in fired.targets]
    if context.json:
        return printed(json_text(_shape(fired, traces)))
    printed(context.draw(_lines(context, fired)))
    for trace_id in dict.fromkeys(filter(None, traces)):
        printed(_picture(context, trace_id))
    return 0 if all(target.error is None for target in fired.targets) else 1


def _event(file: Path | None) -> bytes:
    try:
        return file.read_bytes() if file else b""
    except OSError as error:
        raise ReadError(f"the event cannot be read: {error}") from error


def _trace_id(journal: Journal, target: Target) -> str | None:
    """Return the trace of the invocation that a target answered for, if it was one."""
    if not target.request_id or ":lambda:" not in target.arn:
        return None
    told = journal.one(target.request_id) or {}
    entry = told.get("entry")
    return str(entry["trace_id"]) if isinstance(entry, dict) and entry.get("trace_id") else None


def _lines(context: Context, fired: Fired) -> Iterator[Text]:
    glyphs = context.screen.glyphs
    yield Text(clean(fired.name), style="bold")
    for target in fired.targets:
        status: Status = "fault" if target.error else "ok" if target.delivered else "throttle"
        told = target.error or ("" if target.delivered else "not delivered yet: it is tried again")
        yield Text.assemble(
            (f"{glyphs.marks[status]} ", STYLES[status]),
            f"{glyphs.arrow} {clean(target.arn)}",
            (f"  {clean(told)}" if told else "", DIM),
        )
    if not fired.targets:
        yield Text(f"{glyphs.warning} it has no targets", style=STYLES["error"])


def _picture(context: Context, trace_id: str) -> str:
    trace = whole_trace(context.reader, trace_id, Polling())
    if trace is None:
        return f"\nno trace {trace_id}: `{typed(f'why {trace_id}')}` says why\n"
    return "\n" + context.draw(waterfall.render(trace, context.screen, now=context.now))


def _shape(fired: Fired, traces: Sequence[str | None]) -> dict[str, object]:
    return {
        "format": "waterfall.fired/1",
        "name": fired.name,
        "targets": [
            {
                "arn": target.arn,
                "delivered": target.delivered,
                "error": target.error,
                "request_id": target.request_id,
                "trace_id": trace_id,
            }
            for target, trace_id in zip(fired.targets, traces, strict=True)
        ],
    }


COMMAND = Command(
    "Sends the event of a rule or schedule to its targets now, as if its time had come or EVENT had been "
    "put, and shows the waterfall of each function that it invoked.",
    _add_options,
    _run,
    _check,
)
