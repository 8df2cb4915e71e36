"""The commands that read: `show`, `traces`, `map`. Each returns the text to print."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from waterfall.terminal import as_json, service_map, trace_list, waterfall
from waterfall.terminal.screen import Screen, to_text
from waterfall.traces.client import Reader, ReadError
from waterfall.traces.marking import marked, marked_by

if TYPE_CHECKING:
    from waterfall.traces.model import Trace

LATEST = "latest"
LATEST_WITHIN = 7 * 86400.0
"""Seconds back in which `latest` looks."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What a reading command works with."""

    reader: Reader
    screen: Screen
    now: float
    json: bool
    aws: bool


def show_trace(desk: Desk, wanted: str, *, details: bool = False) -> str:
    """Return one trace, given by id or as `latest`, as a waterfall; raises ReadError when it is not there."""
    trace = trace_of(desk, wanted)
    if desk.json:
        return as_json.dumps(as_json.trace_shape(trace))
    return to_text(waterfall.render(trace, desk.screen, now=desk.now, details=details), desk.screen)


def trace_of(desk: Desk, wanted: str) -> Trace:
    """Return a trace given by id or as `latest`; raises ReadError when it is not there."""
    if wanted == LATEST:
        summary = desk.reader.latest(desk.now - LATEST_WITHIN, desk.now)
        if summary is None:
            raise ReadError(f"no trace in the last 7 days: send a request first{_hint(desk)}")
        wanted = summary.id
    found = desk.reader.get([wanted])
    if not found:
        raise ReadError(
            f"no trace {wanted}: it was not sampled, has not arrived yet, or is too old; "
            f"`waterfall why {wanted}` says which{_hint(desk)}"
        )
    return found[0]


def list_traces(desk: Desk, start: float, limit: int, expression: str | None) -> str:
    """Return the newest traces since `start`."""
    found = desk.reader.summaries(start, desk.now, limit=limit, expression=expression)
    if desk.json:
        return as_json.dumps(as_json.traces_shape(found, start, desk.now))
    if not found:
        matching = " that match" if expression else ""
        return f"no traces{matching} since then; --since 1d looks further back{_hint(desk)}\n"
    return to_text(trace_list.render(found, desk.screen, now=desk.now), desk.screen)


def draw_map(desk: Desk, start: float, wanted: str | None = None) -> str:
    """Return the service map since `start`, or of one trace."""
    if wanted is None:
        graph = marked(desk.reader.service_map(start, desk.now), desk.reader, aws=desk.aws)
    else:
        trace = trace_of(desk, wanted)
        graph = marked_by(desk.reader.map_of(trace), trace)
    if desk.json:
        return as_json.dumps(as_json.map_shape(graph))
    if not graph.services:
        return f"no services since then; --since 6h looks back the furthest{_hint(desk)}\n"
    return to_text(service_map.render(graph, desk.screen), desk.screen)


def _hint(desk: Desk) -> str:
    """Say where traces are when the account keeps them in CloudWatch Logs."""
    if desk.aws and desk.reader.keeps_all_in_logs():
        return (
            "; Transaction Search is on in this account: only indexed traces are found here "
            "(1 % by default), all spans are in the log group aws/spans"
        )
    return ""
