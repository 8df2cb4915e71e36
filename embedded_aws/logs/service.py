"""Takes log events from the services and keeps them, off the path of what they are about."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from embedded_aws.host.losses import Losses
from embedded_aws.host.retention import Ages, CleanupThread
from embedded_aws.logs.store import Store, StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from embedded_aws.aws.ids import Clock
    from embedded_aws.aws.interfaces import LogEvent, LogStream

_LOG = logging.getLogger(__name__)

_DELAY = 0.1
"""Seconds that events are collected before they are stored; whoever reads stores them at once."""

_MOST_PENDING = 4 * 1024 * 1024
"""Bytes that wait in memory; whoever brings more has to store them first."""
_ROOM = _MOST_PENDING // 2
"""Who writes faster than can be stored, and can wait, should from here on."""
_EVENT_BYTES = 100
"""What an event takes beside its text: empty lines cost as much time as others."""


class Logs:
    """A `LogSink` in front of a store, usable from any thread; `close` keeps what still waits."""

    def __init__(self, store: Store, clock: Clock, losses: Losses | None = None) -> None:
        self.store = store
        self._clock = clock
        self._losses = losses or Losses()
        newest = store.newest()
        self._ages = Ages(None if newest is None else newest / 1000, clock)
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self._pending: dict[LogStream, list[LogEvent]] = {}
        self._size = 0
        self._wake, self._hurry = threading.Event(), threading.Event()
        self._closing = threading.Event()
        self._warned: set[str] = set()
        self._thread = threading.Thread(target=self._run, name="logs", daemon=True)
        self._thread.start()
        self._cleanup = CleanupThread(self._tidy, "logs-cleanup")

    def now(self) -> int:
        """Return the time in milliseconds."""
        return int(self._clock() * 1000)

    def write(self, stream: LogStream, events: Sequence[LogEvent]) -> None:
        """Append events to a stream; they are there for every read that begins after this."""
        with self._lock:
            self._pending.setdefault(stream, []).extend(events)
            self._size += sum(len(event.message) + _EVENT_BYTES for event in events)
        if self._size > _MOST_PENDING:
            self.flush()
            return
        if not self.has_room():
            self._hurry.set()
        if not self._wake.is_set():
            self._wake.set()

    def has_room(self) -> bool:
        """Tell whether more may be written now; else it would be better to wait."""
        return self._size <= _ROOM

    def flush(self) -> None:
        """Store all that waits."""
        with self._flushing:
            with self._lock:
                pending, self._pending, self._size = self._pending, {}, 0
            try:
                trimmed = self.store.put(pending, self.now()) if pending else []
            except StoreError as problem:
                self._losses.add("log events", sum(map(len, pending.values())), problem)
                return
        for group in trimmed:
            self._warn(group, "log group %s is full: its oldest events are dropped from now on", group)

    def close(self) -> None:
        """Store all that waits, and close the store."""
        self._cleanup.close()
        self._closing.set()
        self._hurry.set()
        self._wake.set()
        self._thread.join()
        self.flush()
        self.store.close()

    def _run(self) -> None:
        while not self._closing.is_set():
            self._wake.wait()
            self._wake.clear()
            self._hurry.wait(_DELAY)
            self._hurry.clear()
            self.flush()

    def _tidy(self) -> bool:
        try:
            return self.store.tidy(int(self._ages.oldest() * 1000))
        except StoreError as problem:
            self._warn("store", "old logs cannot be deleted: %s", problem)
            return False

    def _warn(self, about: str, message: str, *values: object) -> None:
        if about not in self._warned:
            self._warned.add(about)
            _LOG.warning(message, *values)
