"""X-Ray as the rest of the embedded AWS sees it: segments in, traces and graphs out."""

from __future__ import annotations

import json
import math
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from embedded_aws.aws.ids import RandomIds
from embedded_aws.aws.parsing import decode, extended
from embedded_aws.host.losses import Losses
from embedded_aws.host.retention import Ages
from embedded_aws.xray.api.tags import Tags
from embedded_aws.xray.intake import documents
from embedded_aws.xray.intake.documents import SegmentDocument, Unprocessed
from embedded_aws.xray.intake.refusals import Refusals
from embedded_aws.xray.query.graph import Graph
from embedded_aws.xray.query.groups import Groups
from embedded_aws.xray.query.lists import Lists
from embedded_aws.xray.query.minutes import MinuteGraphs
from embedded_aws.xray.query.news import News
from embedded_aws.xray.query.packer import Packer
from embedded_aws.xray.query.reader import TraceReader
from embedded_aws.xray.query.rows import Row, TimeRangeType
from embedded_aws.xray.query.store import Store, StoreError
from embedded_aws.xray.query.trace_index import TraceIndex
from embedded_aws.xray.query.traces import Trace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from embedded_aws.aws.ids import Clock, Ids
    from embedded_aws.aws.interfaces import Document
    from embedded_aws.xray.query.filters.syntax import Expression
    from embedded_aws.xray.query.groups import Group


QUIET = 5.0
"""Seconds without a document after which a trace is packed; one that comes later unpacks it."""
_FIRST_LOOK = 2_000
"""Traces that a filter is tried on first, then ever more: a page that is full early has looked at few."""
_FRESH = 1_000
"""A page ends when it had to read more traces than this into memory: the caller gets on, and sees it."""
_MIX = 2_654_435_761


@dataclass(frozen=True)
class Query:
    """Which traces to list: those in [start, end) of a sort of time for which the expression holds.

    `rate` is the share of them (0 to 1) that is looked at.
    """

    start: float
    end: float
    by: TimeRangeType = "TraceId"
    expression: Expression | None = None
    rate: float = 1.0


@dataclass(frozen=True)
class Page:
    """Summaries of one page as JSON, newest first; `last` continues after it and is `None` at the end.

    `processed` counts the traces that were looked at.
    """

    summaries: list[str]
    last: tuple[float, int] | None
    processed: int


class XRay:
    """One region's X-Ray, usable from any thread.

    `database` is the SQLite file that keeps the traces, made when absent; `None` keeps them in memory.
    `most_bytes` is what it may take on disk. Raises `StoreError` when the file cannot be used.
    """

    def __init__(
        self,
        database: Path | None,
        *,
        clock: Clock = time.time,
        monotonic: Clock = time.monotonic,
        ids: Ids | None = None,
        region: str = "us-east-1",
        most_bytes: int | None = None,
        losses: Losses | None = None,
    ) -> None:
        self.clock = clock
        self.ids = ids or RandomIds()
        self.store = Store(database, most_bytes)
        self.refusals = Refusals()
        self.news = News()
        self.losses = losses or Losses()
        try:
            self._ages = Ages(self.store.newest_update(), clock, monotonic)
            with suppress(StoreError):  # what cannot be deleted can still be read
                self.tidy()
            self.groups = Groups(self.store, region, clock, self.ids.request_id)
            self.tags = Tags(self.store)
            self.tags.add_resources(self.groups.has_arn)
            self._reader = TraceReader(self.store)
            self._index = TraceIndex(self.store, self._reader.with_facts, self.groups)
            self.lists = Lists(self._index, self._reader.numbered, monotonic)
        except StoreError:
            self.store.close()
            raise
        self._packer = Packer(monotonic)
        self._minutes = MinuteGraphs(self.store, self._reader.graph, uses_packed=True)
        self._group_minutes: dict[str, tuple[Group, MinuteGraphs]] = {}
        self._storing = threading.Lock()
        self._telemetry_lock = threading.Lock()
        self.telemetry_records = 0

    def put(self, texts: Sequence[str], *, trace_limit: float = math.inf) -> list[Unprocessed]:
        """Take JSON documents as PutTraceSegments does, and return those that X-Ray refuses.

        `trace_limit` is how many characters of documents a trace may have. Without it nothing is lost for
        its size: who looks for the reason of 10,000 spans needs to see them.
        """
        results = list(self._read(texts))
        if trace_limit < math.inf:
            results = self._limited(results, trace_limit)
        entries = [result for result in results if isinstance(result, SegmentDocument)]
        if entries:
            self._store_documents(entries)
        return [result for result in results if not isinstance(result, SegmentDocument)]

    def _read(self, texts: Sequence[str]) -> Iterator[SegmentDocument | Unprocessed]:
        for text in texts:
            for result in documents.read(text):
                if not isinstance(result, SegmentDocument):
                    self.refusals.add(text, result)
                yield result

    def _limited(
        self, results: Sequence[SegmentDocument | Unprocessed], trace_limit: float
    ) -> list[SegmentDocument | Unprocessed]:
        """Refuse what would make its trace larger than the limit."""
        sizes = self.store.sizes(
            {result.trace_id for result in results if isinstance(result, SegmentDocument)}
        )
        limited: list[SegmentDocument | Unprocessed] = []
        for result in results:
            if isinstance(result, SegmentDocument):
                size = sizes.get(result.trace_id, 0) + len(result.text)
                if size > trace_limit:
                    refused = documents.over_trace_limit(result)
                    self.refusals.add(result.text, refused)
                    limited.append(refused)
                    continue
                sizes[result.trace_id] = size
            limited.append(result)
        return limited

    def emit(self, document: Document) -> None:
        """Take a segment of an AWS service, of any size; raises `ValueError` when it is not one."""
        named = documents.with_legal_names(document)
        checked = documents.check(named, json.dumps(named))
        if not isinstance(checked, SegmentDocument):
            raise ValueError(  # noqa: TRY004 - a segment with wrong values, whatever its type
                f"{checked['Message']} in the segment {document.get('id')} of {named['name']}"
            )
        self._store_documents([checked])

    def _store_documents(self, entries: Sequence[SegmentDocument]) -> None:
        """Store documents of whatever producer; those that cannot be are counted. Raises `StoreError`."""
        with self._storing:  # the index is told in the order in which it was stored
            try:
                changes = self.store.put(entries, self.clock())
            except StoreError as problem:
                self.losses.add("segments", len(entries), problem)
                raise
            self._index.changed(changes)
        self.news.tell()

    def tidy(self) -> bool:
        """Let go of some of what is too old or has no room; true while there is more. See `retention`."""
        return self.store.tidy(self._ages.oldest())

    def pack(self) -> bool:
        """Pack some traces that are quiet; true when there may be more. For one thread at a time."""
        loose = self.store.loose_part(self.clock() - QUIET)
        if not loose:
            self._packer.rest()
            return False
        # Where messages came from is known by other traces.
        queues_of = self._reader.queues()
        linked = [
            trace._replace(digest=trace.digest or self._reader.digest(trace.id, queues_of))
            if any('"links"' in document.body for document in trace.documents)
            else trace
            for trace in loose
        ]
        try:
            packed = self._packer.pack(linked)
        except OSError:  # a machine that has no room for a process may have some later
            return False
        if packed is None:
            self.store.not_packed(loose)
            return False
        self.store.put_packed(packed, loose)
        self._index.packed(loose[0].number)
        return True

    def stop_packing(self) -> None:
        self._packer.close()

    def count_telemetry(self, records: int) -> None:
        """Take note of a daemon's telemetry; X-Ray shows it nowhere either."""
        with self._telemetry_lock:
            self.telemetry_records += records

    def trace(self, trace_id: str) -> Trace | None:
        """Return a trace, or `None` when no document of it came that can be read."""
        return self._reader.trace(trace_id)

    def summaries(self, query: Query, *, before: tuple[float, int] | None, limit: int) -> Page:
        """Summarise traces, newest first, at most `limit` of them."""
        found: list[int] = []
        look = limit if query.expression is None else _FIRST_LOOK
        processed, read = 0, self._index.loaded
        while len(found) < limit and self._index.loaded - read < _FRESH:
            if look > _FIRST_LOOK and (page := self._rest(found, query, before, limit, processed)):
                return page
            numbers = self._numbers(query, before, look)
            if not numbers:
                return self._page(found, query, None, processed)
            hits = self._hits(query, numbers)[: limit - len(found)]
            found += hits
            last = hits[-1] if len(found) == limit else numbers[-1]
            looked_at = numbers[: numbers.index(last) + 1]
            place = self.store.last_of(looked_at, query.by)
            if place is None:  # all of them were let go for their age or for want of room
                self._index.forget_gone()
                read = self._index.loaded  # else the page could end where it began
                continue
            processed += len(looked_at)
            before, look = place, 16 * look
        return self._page(found, query, before, processed)

    def _rest(
        self, found: list[int], query: Query, before: tuple[float, int] | None, limit: int, processed: int
    ) -> Page | None:
        """Return a page that has found so few traces until `before` that all others are asked at once."""
        if query.expression is None or query.by != "TraceId" or query.rate < 1:
            return None
        matching = self._index.matching(
            query.expression, query.start, query.end, before, limit=limit - len(found)
        )
        hits = matching[0] if matching else []
        looked_at = self._index.count(query.start, query.end, before)
        if matching and len(found) + len(hits) < limit:
            return self._page(found + hits, query, None, processed + looked_at)
        place = self.store.last_of(hits)
        if place is None:  # all of them were let go
            return None
        left = self._index.count(query.start, query.end, place)
        return self._page(found + hits, query, place, processed + looked_at - left)

    def _numbers(self, query: Query, before: tuple[float, int] | None, limit: int) -> Sequence[int]:
        if query.expression is not None and query.by == "TraceId":
            return self._index.newest(query.start, query.end, before, limit)
        return self.store.numbers(query.start, query.end, query.by, before=before, limit=limit)

    def _hits(self, query: Query, numbers: Sequence[int]) -> Sequence[int]:
        if query.rate < 1:
            # A trace is in the sample or not whenever it is looked at, and its neighbours tell nothing of it.
            numbers = [number for number in numbers if number * _MIX % 2**32 < query.rate * 2**32]
        return numbers if query.expression is None else self._index.select(query.expression, numbers)

    def summarized(self, numbers: Sequence[int]) -> list[dict[str, Any]]:
        """Return the summaries of those of the traces with these numbers that there are, in this order."""
        return [decode(digest.summary) for _, digest in self._reader.numbered(numbers)]

    def _page(self, numbers: list[int], query: Query, last: tuple[float, int] | None, processed: int) -> Page:
        found = []
        for row, digest in self._reader.digests(self.store.numbered(numbers, query.by)):
            event = {"MatchedEventTime": row.time} if query.by == "Event" else {}
            found.append(extended(digest.summary, {"Revision": row.revision, **event}))
        return Page(found, last, processed)

    def graph(self, start: float, end: float, group: Group | None = None) -> Graph:
        """Return the service graph of the traces, or those of a group, that began in [start, end)."""
        graph = self._minutes_of(group).between(start, end)
        self._reader.resolve_links(graph)
        return graph

    def has_old_versions(self, start: float, end: float, group: Group) -> bool:
        """Tell whether traces in [start, end) were tested with an earlier expression of the group."""
        first, last = (group.versions[0], group.versions[-1]) if group.versions else (None, None)
        if first is None or last is None or first is last:
            return False
        return self.store.has_updated(start, end, first.since, last.since)

    def graph_of(self, trace_ids: Sequence[str]) -> Graph:
        """Return the service graph of some traces."""
        known = [trace_id for trace_id in trace_ids if documents.is_trace_id(trace_id)]
        graph = self._reader.graph(self.store.find(known))
        self._reader.resolve_links(graph)
        return graph

    def close(self) -> None:
        self._packer.close()
        self.news.close()
        self.store.close()

    def _minutes_of(self, group: Group | None) -> MinuteGraphs:
        if group is None or not group.versions:
            return self._minutes
        known = self._group_minutes.get(group.arn)
        if known is None or known[0] != group:
            known = group, MinuteGraphs(self.store, partial(self._group_graph, group))
            self._group_minutes = {
                each.arn: kept for each in self.groups.all() if (kept := self._group_minutes.get(each.arn))
            }
            self._group_minutes[group.arn] = known
        return known[1]

    def _group_graph(self, group: Group, rows: Iterable[Row]) -> Graph:
        by_number = {row.number: row for row in rows}
        return self._reader.graph([by_number[number] for number in self._index.in_group(group, by_number)])
