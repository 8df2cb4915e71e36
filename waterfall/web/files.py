"""A trace as the text of a file, in each of the formats that there are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from waterfall.files.chrome import chrome_shape
from waterfall.files.kept import kept_shape
from waterfall.files.otlp import otlp_shape
from waterfall.web.saved_page import saved_page

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from waterfall.logs.invocations import InvocationLogs
    from waterfall.traces.model import Trace

_SUFFIXES = {"html": "html", "json": "json", "otlp": "otlp.json", "chrome": "chrome.json"}
FORMATS = tuple(_SUFFIXES)


def name_of(trace: Trace, format_: str) -> str:
    return f"{trace.id}.{_SUFFIXES[format_]}"


def written(
    trace: Trace,
    format_: str,
    now: float,
    linked: Iterable[Trace] = (),
    logs: Sequence[InvocationLogs] | None = None,
) -> str:
    """Return the file's text; `linked` and `logs` are for a page alone."""
    match format_:
        case "html":
            return saved_page(trace, now, linked, logs)
        case "json":
            return _json(kept_shape([trace]))
        case "otlp":
            return _json(otlp_shape(trace))
        case _:
            return _json(chrome_shape(trace))


def _json(shape: dict[str, Any]) -> str:
    return json.dumps(shape, indent=1) + "\n"
