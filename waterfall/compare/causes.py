"""Causes without ids: what an id pointed to is written in its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from waterfall.traces.documents import frames_of, list_of, mapping_of, text_of
from waterfall.traces.model import Node, Trace
from waterfall.traces.stacks import shown

ELSEWHERE = "an exception of no segment in this trace"


def recorded(trace: Trace) -> dict[str, str]:
    """Return whose exception each id in the trace is."""
    return {
        failure.id: f"{failure.type}: {failure.message} of {node.name}"
        for node in trace.nodes
        for failure in node.failures
        if failure.id
    }


def normal(node: Node, known: Mapping[str, str]) -> Any:
    """Return a node's cause: exceptions without ids, or whose exception it names; `None` without one."""
    cause = node.document.get("cause")
    if isinstance(cause, str):
        return {"exception": known.get(cause, ELSEWHERE)}
    fields = mapping_of(cause)
    exceptions = [mapping_of(item) for item in list_of(fields.get("exceptions"))]
    if not exceptions:
        return None
    folder = text_of(fields.get("working_directory")) or ""
    ids = [item.get("id") for item in exceptions]
    return {
        "exceptions": [_exception(item, frames_of(item, fields), ids, known, folder) for item in exceptions]
    }


def _exception(
    fields: Mapping[str, Any],
    frames: Sequence[Mapping[str, Any]],
    ids: Sequence[Any],
    known: Mapping[str, str],
    folder: str,
) -> dict[str, Any]:
    found = {key: fields[key] for key in ("type", "message", "truncated", "skipped") if fields.get(key)}
    if fields.get("remote") is True:
        found["remote"] = True
    if cause := fields.get("cause"):
        found["cause"] = f"exception {ids.index(cause) + 1}" if cause in ids else known.get(cause, ELSEWHERE)
    stack = [
        {"path": _path(frame, folder), "line": frame.get("line"), "label": frame.get("label")}
        for frame in frames
    ]
    return {**found, "stack": stack} if stack else found


def _path(frame: Mapping[str, Any], folder: str) -> str:
    """Return a file's path within the function's code, its layers or its Python, wherever those are."""
    path = PurePosixPath(text_of(frame.get("path")) or "?")
    if folder and path.is_relative_to(folder):
        return str(path.relative_to(folder))
    if (own := shown(str(path))) != str(path):
        return own
    for anchor in ("site-packages", "python"):
        if anchor in path.parts:
            return str(PurePosixPath(*path.parts[path.parts.index(anchor) + 1 :]))
    return str(path)
