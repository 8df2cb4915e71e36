"""Takes the time at which somebody stood at a line, with the debugger, out of a trace.

The embedded AWS leaves the documents as they were measured, and adds to a function's segment when it stood.
That is taken out of what stood, and out of all that waited for it: other functions, the gateway, calls. What
ran meanwhile, such as a function that nobody waited for, took as long as it did.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from waterfall.traces.documents import mapping_of, number_of, text_of, whole_of
from waterfall.traces.model import Document, Node, Pause

NAMESPACE = "debugger"
"""The metadata in which the embedded AWS says why and where a function stood."""

_TOLERANCE = 0.005
"""Seconds: Lambda's own segments are rounded to milliseconds."""

_Span = tuple[float, float]


def place_of(document: Document) -> str | None:
    """Return where a function stood: `worker.py:26`, or why it did."""
    told = mapping_of(mapping_of(document.get("metadata")).get(NAMESPACE))
    file, line = text_of(told.get("file")), whole_of(told.get("line"))
    if file is None:
        return text_of(told.get("reason"))
    return file.rpartition("/")[2] + ("" if line is None else f":{line}")


def measured(node: Node) -> tuple[float, float | None]:
    """Return when a node began and ended by its document, pauses and all."""
    start, end = (number_of(node.document.get(key)) for key in ("start_time", "end_time"))
    return node.start if start is None else start, node.end if end is None else end


def without_pauses(nodes: Sequence[Node]) -> list[Node]:
    """Return the nodes of a trace with the times that they would have had, had nobody stood at a line."""
    if not any(node.phase == "paused" for node in nodes):
        return list(nodes)
    pauses = _pauses(nodes)
    starts: list[float] = []
    moved = []
    for node in nodes:
        at = nodes[0 if node.parent is None else node.parent]
        start = (
            node.start
            if node is at
            else starts[at.position] + _lasted(pauses[at.position], at.start, node.start)
        )
        starts.append(start)
        end = None if node.end is None else start + _lasted(pauses[node.position], node.start, node.end)
        moved.append(replace(node, start=start, end=end, pauses=_told(node, start, pauses[node.position])))
    return moved


def _pauses(nodes: Sequence[Node]) -> list[list[_Span]]:
    """Find for each node when it stood or waited: in order, and apart from each other."""
    own: list[list[_Span]] = [[] for _ in nodes]
    for node in nodes:
        if node.phase == "paused" and node.parent is not None and node.end is not None:
            own[node.parent].append((node.start, node.end))
    inside: list[int | None] = []
    for node in nodes:
        around = None if node.parent is None or _is_elsewhere(node, nodes) else inside[node.parent]
        inside.append(node.position if node.is_function else around)
    found: list[list[_Span]] = [[] for _ in nodes]
    for node in reversed(nodes):  # children come after their parents
        function = inside[node.position]
        stood = [] if function is None else own[function]
        if function != node.position:
            stood = [span for span in stood if _overlaps(span, node)]
        waited = [span for child in node.children for span in found[child] if _contains(node, span)]
        found[node.position] = _merged([*stood, *waited])
    return found


def _is_elsewhere(node: Node, nodes: Sequence[Node]) -> bool:
    """Tell whether a segment is of another process: below a function's own, ADOT's of the handler is not."""
    at_home = node.type is None and node.parent is not None and nodes[node.parent].is_function
    return node.is_segment and not at_home


def _overlaps(span: _Span, node: Node) -> bool:
    return span[1] > node.start and (node.end is None or span[0] < node.end)


def _contains(node: Node, span: _Span) -> bool:
    """Tell whether a node lasted all the while; of another one nobody knows that it waited."""
    return span[0] >= node.start - _TOLERANCE and (node.end is None or span[1] <= node.end + _TOLERANCE)


def _merged(spans: Iterable[_Span]) -> list[_Span]:
    merged: list[_Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _lasted(pauses: Sequence[_Span], start: float, end: float) -> float:
    """Return the seconds from one time to another, which may be earlier, without the pauses."""
    if end < start:
        return -_lasted(pauses, end, start)
    return end - start - sum(max(0.0, min(end, last) - max(start, first)) for first, last in pauses)


def _told(node: Node, start: float, pauses: Sequence[_Span]) -> tuple[Pause, ...]:
    """Return the pauses of a node's own time, where they were in what is left of it."""
    end = node.end
    clipped = [(max(node.start, first), last if end is None else min(end, last)) for first, last in pauses]
    return tuple(
        Pause(start + _lasted(pauses, node.start, first), last - first)
        for first, last in clipped
        if last > first
    )
