"""What is said under a node: exceptions, annotations, links, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator

from waterfall.terminal.screen import DIM, STYLES, Glyphs
from waterfall.terminal.text import clean, pairs
from waterfall.traces.model import Failure, Node
from waterfall.traces.stacks import line_of

MOST_FAILURES = 3
_BY_AWS = ("aws:", "aws.")


def remarks_on(node: Node, glyphs: Glyphs, *, details: bool) -> Iterator[tuple[str, str]]:
    """Yield remarks and their styles; without `details` only what the user wrote or should know."""
    yield from _failures(node, details=details)
    for note in node.notes:
        if details or note.anomaly not in {"early", "late"}:
            yield f"{glyphs.warning} {note.anomaly}: {clean(note.reason)}", STYLES["error"]
    for link in node.links:
        yield f"{glyphs.arrow} linked to trace {clean(link.trace_id)}", "cyan"
    annotations = {
        key: item for key, item in node.annotations.items() if details or not key.startswith(_BY_AWS)
    }
    for pair in pairs(annotations):
        yield pair, "cyan"
    if details:
        for namespace, values in node.metadata.items():
            for pair in pairs({f"{namespace}: {key}": item for key, item in _items(values)}):
                yield pair, DIM


def _items(values: object) -> list[tuple[str, object]]:
    return list(values.items()) if isinstance(values, dict) else [("", values)]


def _failures(node: Node, *, details: bool) -> Iterator[tuple[str, str]]:
    style = STYLES["fault" if node.status == "ok" else node.status]
    for position, failure in enumerate(node.failures[: None if details else MOST_FAILURES]):
        lead = "caused by " if position else ""
        yield f"{lead}{clean(failure.type)}: {clean(failure.message)}{place(failure)}", style
        for frame in failure.stack if details else ():
            line = "" if frame.line is None else f":{frame.line}"
            yield f"  {clean(frame.path)}{line} {clean(frame.label)}", DIM


def place(failure: Failure) -> str:
    """Return where an exception was raised, as ` (front.py:12)`; nothing without a stack."""
    frame = line_of(failure)
    if frame is None:
        return ""
    line = "" if frame.line is None else f":{frame.line}"
    return f" ({clean(frame.path)}{line})"
