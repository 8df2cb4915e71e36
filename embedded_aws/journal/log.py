"""The last requests and the last invocations, in memory, and what belongs together of them."""

from __future__ import annotations

import threading
from typing import TypeVar

from embedded_aws.journal.records import ApiRequest, InvocationRecord

MOST_REQUESTS = 1_000
MOST_INVOCATIONS = 4_000

Entry = ApiRequest | InvocationRecord
_T = TypeVar("_T", ApiRequest, InvocationRecord)


class RequestLog:
    """Remembers the newest, forgets the oldest; usable from any thread."""

    def __init__(self, requests: int = MOST_REQUESTS, invocations: int = MOST_INVOCATIONS) -> None:
        self._most_requests = requests
        self._most_invocations = invocations
        self._lock = threading.Lock()
        self._requests: dict[str, ApiRequest] = {}
        self._invocations: dict[str, InvocationRecord] = {}

    def answered(self, request: ApiRequest) -> None:
        """Take a request that an API has answered."""
        with self._lock:
            _remember(self._requests, request, self._most_requests)

    def invoked(self, invocation: InvocationRecord) -> None:
        """Take an invocation; a later one of the same id replaces it, such as the one that has ended."""
        with self._lock:
            _remember(self._invocations, invocation, self._most_invocations)

    def entries(self) -> list[Entry]:
        """Return what came from outside, newest first: requests, and invocations that none of them caused."""
        with self._lock:
            requests, invocations = list(self._requests.values()), list(self._invocations.values())
        traces = {request.trace_id for request in requests}
        called = {request.invocation_id for request in requests}
        found: list[Entry] = [*requests]
        for invocation in invocations:
            if invocation.id in called:
                traces.add(invocation.trace_id)
            elif invocation.trace_id not in traces:
                traces.add(invocation.trace_id)
                found.append(invocation)
        return sorted(found, key=lambda entry: entry.at, reverse=True)

    def find(self, key: str) -> Entry | None:
        """Return the request or invocation of that id, or the first one of that trace."""
        with self._lock:
            known = self._requests.get(key) or self._invocations.get(key)
            if known:
                return known
            everything: list[Entry] = [*self._requests.values(), *self._invocations.values()]
        return next((entry for entry in everything if entry.trace_id == key), None)

    def traces_of(self, entry: Entry) -> list[str]:
        """Return the ids of the traces that an entry is in, its own first.

        A stage without tracing hands no trace on: the function that it called began another one.
        """
        called = entry.invocation_id if isinstance(entry, ApiRequest) else None
        with self._lock:
            invocation = self._invocations.get(called) if called else None
        ids = [entry.trace_id, invocation.trace_id if invocation else None]
        return list(dict.fromkeys(id_ for id_ in ids if id_))

    def invocations_of(self, entry: Entry) -> list[InvocationRecord]:
        """Return the invocations of an entry's traces, oldest first; of an invocation, those it is among."""
        traces = self.traces_of(entry)
        with self._lock:
            known = list(self._invocations.values())
        return [one for one in known if one.trace_id in traces]


def _remember(entries: dict[str, _T], entry: _T, most: int) -> None:
    entries[entry.id] = entry
    if len(entries) > most:
        del entries[next(iter(entries))]
