"""`waterfall.kept/1`, the JSON file of `waterfall export` that `waterfall import` reads back.

`traces`, of which each has its `id` and its `documents`: those of X-Ray, of one segment or subsegment each,
with every field that was sent. docs/files.md tells it to users.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from waterfall.files.documents import document_of, sent
from waterfall.traces import arguments
from waterfall.traces.documents import parse_deep
from waterfall.traces.model import Trace

FORMAT = "waterfall.kept/1"
DOCUMENTS_PER_CALL = 50
"""PutTraceSegments takes no more."""


class KeptError(ValueError):
    """The file is not one of `waterfall export`; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A trace as a file has it; each document is JSON."""

    id: str
    documents: tuple[str, ...]


def kept_shape(traces: Sequence[Trace]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "traces": [
            {"id": trace.id, "documents": [document_of(trace, node) for node in sent(trace)]}
            for trace in traces
        ],
    }


def read(text: str) -> list[Kept]:
    """Return the traces of a file; raises KeptError."""
    try:
        whole = _parsed(text)
    except ValueError as error:
        raise KeptError(f"it is not JSON: {error}") from error
    if not isinstance(whole, Mapping) or whole.get("format") != FORMAT:
        raise KeptError(f"its format is not {FORMAT}: give a file of `waterfall export --format json`")
    traces = whole.get("traces")
    if not isinstance(traces, list) or not traces:
        raise KeptError("it holds no traces")
    return [_kept(trace) for trace in traces]


def batches(traces: Sequence[Kept]) -> Iterator[list[str]]:
    """Yield the documents of all, so many at a time as PutTraceSegments takes."""
    documents = [document for trace in traces for document in trace.documents]
    for first in range(0, len(documents), DOCUMENTS_PER_CALL):
        yield documents[first : first + DOCUMENTS_PER_CALL]


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError:  # metadata may nest deeper than the interpreter's stack
        return parse_deep(text)


def _kept(trace: Any) -> Kept:
    if not isinstance(trace, Mapping) or not isinstance(trace.get("id"), str):
        raise KeptError("one of its traces has no id")
    try:
        id_ = arguments.trace_id(trace["id"])
    except ValueError as error:
        raise KeptError(str(error)) from error
    documents = trace.get("documents")
    if not isinstance(documents, list) or not documents:
        raise KeptError(f"trace {id_} has no documents in it")
    for document in documents:
        if not isinstance(document, Mapping):
            raise KeptError(f"a document of trace {id_} is no JSON object")
        if document.get("trace_id") != trace["id"]:
            raise KeptError(
                f"a document of trace {id_} says that it is of trace {document.get('trace_id')!r}"
            )
    try:
        return Kept(id_, tuple(json.dumps(document, separators=(",", ":")) for document in documents))
    except RecursionError as error:
        raise KeptError(f"a document of trace {id_} nests deeper than X-Ray takes") from error
