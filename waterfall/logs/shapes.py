"""Log lines as JSON, for `--json` (docs/json.md) and for the console."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from waterfall.logs.invocations import InvocationLogs
from waterfall.logs.lines import Line

FORMAT = "waterfall.logs/1"


def lines_shape(lines: Sequence[Line]) -> dict[str, Any]:
    return {"format": FORMAT, "lines": [line_shape(line) for line in lines]}


def line_shape(line: Line) -> dict[str, Any]:
    """Return one line with its event's place; `fields` is the object of a line in JSON."""
    event = line.event
    return {
        "time": event.time,
        "function": event.function,
        "group": event.group,
        "stream": event.stream,
        "kind": line.kind,
        "level": line.level,
        "message": line.message,
        "request_id": line.request_id,
        "trace_id": line.trace_id,
        "fields": dict(line.fields),
    }


def trace_logs_shape(
    trace_id: str, found: Sequence[InvocationLogs], most: int | None = None
) -> dict[str, Any]:
    """Return `trace` and `invocations`, each with its lines; `more` counts the lines beyond `most` of each.

    `node` is the position of the function's segment in the trace, `missing` says why there are no lines.
    """
    return {
        "format": FORMAT,
        "trace": trace_id,
        "invocations": [
            {
                "function": logs.invocation.function,
                "group": logs.invocation.group,
                "request_id": logs.invocation.request_id,
                "node": logs.invocation.node,
                "start": logs.invocation.start,
                "end": logs.invocation.end,
                "missing": logs.missing,
                "lines": [line_shape(line) for line in logs.lines[:most]],
                "more": len(logs.lines) - len(logs.lines[:most]),
            }
            for logs in found
        ],
    }
