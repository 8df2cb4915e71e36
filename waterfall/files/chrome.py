"""A trace in the Trace Event Format, which Chrome's tracing, Perfetto and Speedscope open.

https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU/preview
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from waterfall.traces.documents import bounded
from waterfall.traces.model import Node, Trace

_MICROSECONDS = 1_000_000


def chrome_shape(trace: Trace) -> dict[str, Any]:
    """Return the JSON Object Format: each segment is a process, with what it does as complete events.

    Events of one thread must lie within each other, so what a segment does at the same time has threads of
    its own. Flow events lead from a call to the segment that it called. Times are microseconds of the epoch.
    """
    inside = _segments(trace)
    pids = {position: number for number, position in enumerate(dict.fromkeys(inside), 1)}
    threads: dict[int, list[list[int]]] = {}
    places: dict[int, tuple[int, int]] = {}
    order = sorted(trace.nodes, key=lambda node: (_start(node), -_end(trace, node), node.position))
    for node in order:
        pid = pids[inside[node.position]]
        tid = _thread(threads.setdefault(pid, []), _start(node), _end(trace, node))
        places[node.position] = pid, tid
    events = [
        *(event for segment, pid in pids.items() for event in _names(trace.nodes[segment], pid)),
        *(_complete(trace, node, *places[node.position]) for node in trace.nodes),
        *(event for node in trace.nodes for event in _flow(trace, node, places)),
    ]
    return {"traceEvents": events, "displayTimeUnit": "ms", "otherData": {"trace_id": trace.id}}


def _segments(trace: Trace) -> list[int]:
    """Return for each node the segment that it is in; a subsegment that hangs nowhere is its own."""
    found: list[int] = []
    for node in trace.nodes:
        alone = node.is_segment or node.parent is None
        found.append(node.position if alone else found[node.parent or 0])
    return found


def _start(node: Node) -> int:
    return round(node.start * _MICROSECONDS)


def _end(trace: Trace, node: Node) -> int:
    return max(_start(node), round(trace.end_of(node) * _MICROSECONDS))


def _thread(threads: list[list[int]], start: int, end: int) -> int:
    """Return the first thread in which nothing open ends before this does; `threads` has the open ends."""
    for number, open_ends in enumerate(threads, 1):
        while open_ends and open_ends[-1] <= start:
            open_ends.pop()
        if not open_ends or end <= open_ends[-1]:
            open_ends.append(end)
            return number
    threads.append([end])
    return len(threads)


def _names(segment: Node, pid: int) -> Iterator[dict[str, Any]]:
    title = " ".join(filter(None, (segment.name, segment.type and f"({segment.type})")))
    yield {"name": "process_name", "ph": "M", "pid": pid, "args": {"name": title}}
    yield {"name": "process_sort_index", "ph": "M", "pid": pid, "args": {"sort_index": pid}}


def _complete(trace: Trace, node: Node, pid: int, tid: int) -> dict[str, Any]:
    start = _start(node)
    return {
        "name": " ".join(filter(None, (node.name, node.call.operation, node.call.resource))),
        "cat": "segment" if node.is_segment else node.namespace or "subsegment",
        "ph": "X",
        "ts": start,
        "dur": _end(trace, node) - start,
        "pid": pid,
        "tid": tid,
        "args": _arguments(node),
    }


def _arguments(node: Node) -> dict[str, Any]:
    told = {
        "id": node.id,
        "status": node.status,
        "unfinished": node.in_progress or None,
        "method": node.http.method,
        "url": node.http.url,
        "http_status": node.http.status,
        "annotations": bounded(node.annotations),
        "metadata": bounded(node.metadata),
        "exceptions": [f"{failure.type}: {failure.message}" for failure in node.failures],
    }
    return {key: value for key, value in told.items() if value not in (None, {}, [])}


def _flow(trace: Trace, node: Node, places: dict[int, tuple[int, int]]) -> Iterator[dict[str, Any]]:
    """Lead from a call to what it called, if that began after it; `bp: e` binds to the event around."""
    if not node.is_segment or node.parent is None:
        return
    caller = trace.nodes[node.parent]
    if not _start(caller) <= _start(node):
        return
    flow = {"name": "call", "cat": "call", "id": node.position}
    for phase, end in (("s", caller), ("f", node)):
        pid, tid = places[end.position]
        bound = {"bp": "e"} if phase == "f" else {}
        yield {**flow, "ph": phase, "ts": _start(end), "pid": pid, "tid": tid, **bound}
