"""X-Ray as the rest of the embedded AWS sees it: segments in, traces and graphs out."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from local.xray import documents, graph_json
from local.xray.documents import Entry, Unprocessed
from local.xray.graph import Graph, trace_graph
from local.xray.minutes import MinuteGraphs
from local.xray.store import RETENTION_SECONDS, Digest, Row, Store, StoreError, TimeRangeType
from local.xray.summaries import summarize
from local.xray.traces import Trace, assemble

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from local.ids import Clock
    from local.interfaces import Document


@dataclass(frozen=True)
class Page:
    """Summaries of one page, newest first; `last` continues after it and is `None` at the end."""

    summaries: list[dict[str, Any]]
    last: tuple[float, int] | None


class XRay:
    """One region's X-Ray, usable from any thread.

    `database` is the SQLite file that keeps the traces, made when absent; `None` keeps them in memory.
    Raises `StoreError` when the file cannot be used.
    """

    def __init__(self, database: Path | None, *, clock: Clock = time.time) -> None:
        self._clock = clock
        self._store = Store(database)
        try:
            self._store.forget_before(clock() - RETENTION_SECONDS)
        except StoreError:
            self._store.close()
            raise
        self._minutes = MinuteGraphs(self._store, self._graph)
        self._telemetry_lock = threading.Lock()
        self.telemetry_records = 0

    def put(self, texts: Sequence[str]) -> list[Unprocessed]:
        """Take JSON documents as PutTraceSegments does, and return those that X-Ray refuses.

        X-Ray also refuses what makes a trace larger than 100 to 500 kB. Here nothing is lost for that:
        who looks for the reason of 10,000 spans needs to see them.
        """
        read = [result for text in texts for result in documents.read(text)]
        entries = [result for result in read if isinstance(result, Entry)]
        if entries:
            self._store.put(entries, self._clock())
        return [result for result in read if not isinstance(result, Entry)]

    def emit(self, document: Document) -> None:
        """Take a segment of an AWS service, of any size; raises `ValueError` when it is not one."""
        named = {**document, "name": documents.legal_name(str(document.get("name", "")))}
        checked = documents.check(named, json.dumps(named))
        if not isinstance(checked, Entry):
            raise ValueError(  # noqa: TRY004 - a segment with wrong values, whatever its type
                f"{checked['Message']} in the segment {document.get('id')} of {named['name']}"
            )
        self._store.put([checked], self._clock())

    def count_telemetry(self, records: int) -> None:
        """Take note of a daemon's telemetry; X-Ray shows it nowhere either."""
        with self._telemetry_lock:
            self.telemetry_records += records

    def trace(self, trace_id: str) -> Trace | None:
        """Return a trace, or `None` when no document of it came."""
        texts = self._store.documents(trace_id) if documents.is_trace_id(trace_id) else []
        return assemble(trace_id, texts) if texts else None

    def summaries(
        self, start: float, end: float, by: TimeRangeType, *, before: tuple[float, int] | None, limit: int
    ) -> Page:
        """Summarise the traces in [start, end), newest first, at most `limit` of them."""
        rows = self._store.between(start, end, by, before=before, limit=limit)
        found = []
        for row, digest in self._digests(rows):
            event = {"MatchedEventTime": row.time} if by == "Event" else {}
            found.append({**json.loads(digest.summary), "Revision": row.revision, **event})
        return Page(found, (rows[-1].time, rows[-1].number) if len(rows) == limit else None)

    def graph(self, start: float, end: float) -> Graph:
        """Return the service graph of the traces that began in [start, end)."""
        graph = self._minutes.between(start, end)
        self._resolve_links(graph)
        return graph

    def graph_of(self, trace_ids: Sequence[str]) -> Graph:
        """Return the service graph of some traces."""
        known = [trace_id for trace_id in trace_ids if documents.is_trace_id(trace_id)]
        graph = self._graph(self._store.find(known))
        self._resolve_links(graph)
        return graph

    def close(self) -> None:
        self._store.close()

    def _graph(self, rows: Iterable[Row]) -> Graph:
        graph = Graph()
        for _, digest in self._digests(rows):
            graph.merge(graph_json.load(digest.graph))
        return graph

    def _resolve_links(self, graph: Graph) -> None:
        producers = {link.trace_id: self.trace(link.trace_id) for link in graph.links}
        graph.resolve({trace_id: trace for trace_id, trace in producers.items() if trace is not None})

    def _digests(self, rows: Iterable[Row]) -> Iterator[tuple[Row, Digest]]:
        """Yield every row's digest; those that are missing are worked out and kept."""
        new = []
        for row in rows:
            digest = row.digest
            if digest is None:
                digest = self._digest(row.id)
                new.append((row, digest))
            yield row, digest
        if new:
            self._store.keep_digests(new)

    def _digest(self, trace_id: str) -> Digest:
        trace = assemble(trace_id, self._store.documents(trace_id))
        graph = trace_graph(trace)
        self._resolve_links(graph)
        return Digest(json.dumps(summarize(trace), separators=(",", ":")), graph_json.dump(graph))
