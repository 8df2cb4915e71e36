"""What `waterfall logs` prints, and what `waterfall show --logs` adds."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from waterfall.commands.reading import LATEST, trace_of
from waterfall.logs.client import Logs
from waterfall.logs.following import follow
from waterfall.logs.shapes import line_shape, lines_shape, trace_logs_shape
from waterfall.terminal import as_json, log_lines, waterfall
from waterfall.terminal.screen import to_text
from waterfall.traces.client import ReadError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from waterfall.commands.reading import Desk
    from waterfall.logs.invocations import InvocationLogs

FOLLOWED_SINCE = 60.0
LISTED_SINCE = 3600.0


@dataclass(frozen=True, slots=True)
class Asked:
    """Which lines: of functions whose names begin with one of `prefixes`, since a time, at most `most`."""

    prefixes: Sequence[str]
    since: float | None
    most: int


def listed(desk: Desk, logs: Logs, asked: Asked) -> str:
    """Return the newest lines."""
    start = desk.now - LISTED_SINCE if asked.since is None else asked.since
    found = logs.latest(asked.prefixes, start, desk.now, asked.most)
    if desk.json:
        return as_json.dumps(lines_shape(found))
    if not found:
        return _nothing(logs, asked)
    return to_text(log_lines.LogLines(desk.screen).render(found), desk.screen)


def _nothing(logs: Logs, asked: Asked) -> str:
    if logs.groups(asked.prefixes):
        return "no lines since then; --since 1d looks further back\n"
    names = ", ".join(asked.prefixes)
    return f"no log groups of functions{f' whose names begin with {names}' if names else ''}\n"


def followed(
    desk: Desk, logs: Logs, asked: Asked, clock: Callable[[], float], pause: Callable[[], object]
) -> Iterator[str]:
    """Yield the newest lines, then those that come in; in JSON each line is an object of its own."""
    start = desk.now - FOLLOWED_SINCE if asked.since is None else asked.since
    drawing = log_lines.LogLines(desk.screen)
    most: int | None = asked.most
    for lines in follow(logs, asked.prefixes, start, clock, pause):
        fresh = lines[-most:] if most else lines
        most = None
        if desk.json:
            yield "".join(json.dumps(line_shape(line)) + "\n" for line in fresh)
        else:
            yield to_text(drawing.render(fresh), desk.screen)


def of_trace(desk: Desk, logs: Logs, wanted: str, prefixes: Sequence[str] = ()) -> str:
    """Return the lines of one trace, given by id or as `latest`; raises ReadError when there is no such."""
    trace = trace_of(desk, wanted) if wanted == LATEST else next(iter(desk.reader.get([wanted])), None)
    id_ = trace.id if trace else wanted
    found = (logs.of_trace(trace) if trace else []) or logs.of_id(id_)
    if trace is None and not found:
        raise ReadError(f"no trace {id_}, and no function wrote a line with its id")
    found = [one for one in found if not prefixes or one.invocation.function.startswith(tuple(prefixes))]
    if desk.json:
        return as_json.dumps(trace_logs_shape(id_, found))
    return _drawn(desk, found, trace.start if trace else _first(found))


def shown(desk: Desk, logs: Logs, wanted: str, *, details: bool = False) -> str:
    """Return a trace as a waterfall, and below it the lines of its invocations."""
    trace = trace_of(desk, wanted)
    found = logs.of_trace(trace)
    if desk.json:
        return as_json.dumps({**as_json.trace_shape(trace), "logs": trace_logs_shape(trace.id, found)})
    drawn = to_text(waterfall.render(trace, desk.screen, now=desk.now, details=details), desk.screen)
    return f"{drawn}\n{_drawn(desk, found, trace.start)}"


def _drawn(desk: Desk, found: Sequence[InvocationLogs], origin: float) -> str:
    if not found:
        return "no logs: no function of this trace left a segment of its own\n"
    return to_text(log_lines.of_trace(found, desk.screen, origin), desk.screen)


def _first(found: Sequence[InvocationLogs]) -> float:
    return min((line.event.time for logs in found for line in logs.lines), default=0.0)
