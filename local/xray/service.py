"""X-Ray as the rest of the embedded AWS sees it: segments in, traces and graphs out."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path

from local.ids import Clock
from local.interfaces import Document
from local.xray import documents
from local.xray.documents import Entry, Unprocessed
from local.xray.store import RETENTION_SECONDS, Store


class XRay:
    """One region's X-Ray, usable from any thread.

    `database` is the SQLite file that keeps the traces, made when absent; `None` keeps them in memory.
    Raises `StoreError` when the file cannot be used.
    """

    def __init__(self, database: Path | None, *, clock: Clock = time.time) -> None:
        self._clock = clock
        self.store = Store(database)
        self.store.forget_before(clock() - RETENTION_SECONDS)

    def put(self, texts: Sequence[str]) -> list[Unprocessed]:
        """Take JSON documents as PutTraceSegments does, and return those that X-Ray refuses."""
        read = [result for text in texts for result in documents.read(text)]
        entries = [result for result in read if isinstance(result, Entry)]
        if entries:
            self.store.put(entries, self._clock())
        return [result for result in read if isinstance(result, Unprocessed)]

    def emit(self, document: Document) -> None:
        """Take a segment of an AWS service, of any size; raises `ValueError` when it is not one."""
        named = {**document, "name": documents.legal_name(str(document.get("name", "")))}
        checked = documents.check(named, json.dumps(named))
        if isinstance(checked, Unprocessed):
            raise ValueError(f"{checked.message} in the segment {checked.id} of {named['name']}")
        self.store.put([checked], self._clock())

    def close(self) -> None:
        self.store.close()
