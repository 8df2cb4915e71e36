"""Reads traces of a store, and works out what queries need of them."""

from __future__ import annotations

import logging
from contextlib import suppress
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING

from embedded_aws.xray.intake import documents
from embedded_aws.xray.query import graph_json
from embedded_aws.xray.query.digests import Digest, digest_of
from embedded_aws.xray.query.filters.packed_tables import DamagedError
from embedded_aws.xray.query.graph import Graph, queues
from embedded_aws.xray.query.store import StoreError
from embedded_aws.xray.query.traces import Trace, assemble

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from embedded_aws.xray.query.graph import Queue, Queues
    from embedded_aws.xray.query.packs import PackedDigest
    from embedded_aws.xray.query.rows import Row
    from embedded_aws.xray.query.store import Store

_LOG = logging.getLogger(__name__)


class TraceReader:
    """Usable from any thread; raises `StoreError`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._unreadable: set[str] = set()

    def trace(self, trace_id: str) -> Trace | None:
        """Return a trace, or `None` when no document of it came that can be read."""
        if not documents.is_trace_id(trace_id):
            return None
        return self._assembled(trace_id, self._store.documents(trace_id))

    def _assembled(self, trace_id: str, texts: Sequence[str]) -> Trace | None:
        if not documents.is_trace_id(trace_id):  # in a damaged file
            return None
        trace = assemble(trace_id, texts)
        unreadable = trace.unreadable if trace else len(texts)
        if unreadable and trace_id not in self._unreadable:
            self._unreadable.add(trace_id)
            _LOG.warning(
                "trace %s: %d of %d documents in the database cannot be read; it is shown without them",
                trace_id, unreadable, len(texts),
            )  # fmt: skip
        return trace

    def queues(self) -> Queues:
        """Return what finds the queues of senders; it reads each once, however many messages it sent."""

        @cache
        def queues_of(trace_id: str) -> Mapping[str, Queue]:
            trace = self.trace(trace_id)
            return {} if trace is None else queues(trace)

        return queues_of

    def digest(self, trace_id: str, queues_of: Queues) -> Digest | None:
        """Work out the digest of a trace; `None` when it cannot be read."""
        trace = self.trace(trace_id)
        return None if trace is None else digest_of(trace, queues_of)

    def digests(
        self, rows: Iterable[Row], wanted: Callable[[Digest | PackedDigest], str] = attrgetter("summary")
    ) -> Iterator[tuple[Row, Digest | PackedDigest]]:
        """Yield the digest of every row, if what is wanted of it can be read.

        Those that are missing are worked out and kept.
        """
        known = [(row, row.digest if _is_whole(row.digest, wanted) else None) for row in rows]
        texts = self._store.documents_of([row.id for row, digest in known if digest is None])
        new, queues_of = [], self.queues()
        for row, digest in known:
            if digest is not None:
                yield row, digest
            elif (trace := self._assembled(row.id, next(texts))) is not None:
                new.append((row, digest_of(trace, queues_of)))
                yield new[-1]
        if new:
            with suppress(StoreError):  # a disk without room must not fail who reads
                self._store.put_digests(new)

    def numbered(self, numbers: Sequence[int]) -> Iterator[tuple[Row, Digest | PackedDigest]]:
        """Yield the digests of those of the traces with these numbers that there are, in this order."""
        return self.digests(self._store.numbered(numbers))

    def with_facts(self, numbers: Sequence[int]) -> Iterator[tuple[Row, Digest]]:
        """Yield the same with what filters ask."""
        queues_of = self.queues()
        for row, digest in self.numbered(numbers):
            # Who began to ask before a trace was packed does not know of its facts in the part.
            whole = digest if isinstance(digest, Digest) else self.digest(row.id, queues_of)
            if whole is not None:
                yield row, whole

    def graph(self, rows: Iterable[Row]) -> Graph:
        """Sum the service graphs of the rows' traces."""
        graph = Graph()
        for _, digest in self.digests(rows, attrgetter("graph")):
            graph.merge(graph_json.load(digest.graph))
        return graph

    def resolve_links(self, graph: Graph) -> None:
        """Find the queues that messages came from: other traces tell."""
        graph.resolve(self.queues())


def _is_whole(digest: Digest | PackedDigest | None, wanted: Callable[[Digest | PackedDigest], str]) -> bool:
    if digest is None:
        return False
    try:
        wanted(digest)
    except DamagedError:
        return False
    return True
