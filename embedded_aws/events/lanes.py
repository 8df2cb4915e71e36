"""Processes the records of one shard in order, or of a share of its keys: batches, retries, destinations.

https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from embedded_aws.aws.ids import Clock, Ids
from embedded_aws.aws.interfaces import InvokeRequest, InvokeResult, Lambda
from embedded_aws.delivery.courier import Delivery, Sleep
from embedded_aws.delivery.retries import EVENTBRIDGE, STREAMS
from embedded_aws.delivery.targets import Parcel
from embedded_aws.events.batches import Batch, Condition, destination_record, event
from embedded_aws.events.filters import matches
from embedded_aws.events.mapping import EventSourceMapping, StreamSettings
from embedded_aws.streams.shards import Record, Shard, Stream, UnknownStreamError

_log = logging.getLogger(__name__)

_READ = 100
"""Records that are looked at in one go."""

_BATCH_BYTES = 5 * 1024 * 1024
"""An event holds 6 MB; one record of a table more, with two images of 400 kB, still fits."""


@dataclass(frozen=True)
class Services:
    """What event sources use of the others; `deliver` takes what goes to destinations."""

    functions: Lambda
    deliver: Callable[[Delivery], None]
    clock: Clock
    ids: Ids
    sleep: Sleep = asyncio.sleep


@dataclass
class Place:
    """How far a lane has come: all records up to `position` are done. One poller at a time moves it."""

    position: int
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(frozen=True)
class Share:
    """The records of a shard that a lane takes: of `count` lanes, those whose keys fall to `number`."""

    shard: Shard
    number: int
    count: int

    def has(self, record: Record) -> bool:
        return self.count == 1 or zlib.crc32(record.key.encode()) % self.count == self.number


@dataclass(frozen=True)
class Work:
    """What all lanes of a mapping have; `told` takes what is shown of the last batch."""

    mapping: EventSourceMapping
    settings: StreamSettings
    stream: Stream
    services: Services
    told: Callable[[str], None]


@dataclass
class _Found:
    """What was collected for a batch, and the position up to which that looked."""

    end: int
    most: int
    size: int = 0
    records: list[Record] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        return len(self.records) >= self.most or self.size >= _BATCH_BYTES


class Lane:
    """Reads its share until the shard is closed and read, or until `stop`."""

    def __init__(self, work: Work, share: Share, place: Place) -> None:
        self._work = work
        self._mapping = work.mapping
        self._settings = work.settings
        self._stream = work.stream
        self._services = work.services
        self._share = share
        self._place = place
        self._wake = asyncio.Event()
        self._is_invoking = False
        self._is_stopping = False
        self.task = asyncio.create_task(self._run())

    def wake(self) -> None:
        """Look at the shard now."""
        self._wake.set()

    def wake_for(self, shard: Shard) -> None:
        """Look at the shard if it has more than what is done, or is closed."""
        if shard.is_closed or shard.newest > self._place.position:
            self._wake.set()

    def stop(self) -> None:
        """Stop reading; an invocation in progress ends, and its records are not tried again here."""
        self._is_stopping = True
        if not self._is_invoking:
            self.task.cancel()

    async def _run(self) -> None:
        with contextlib.suppress(UnknownStreamError):
            await self._follow()

    async def _follow(self) -> None:
        async with self._place.lock:
            while not self._is_stopping:
                found = await self._collect()
                if not found.records:
                    return
                await self._process(found.records)
                if not self._is_stopping:
                    self._place.position = found.end

    def _is_read(self, end: int) -> bool:
        """Tell whether the shard is closed and has nothing left."""
        shard = next((one for one in self._stream.shards() if one.id == self._share.shard.id), None)
        return shard is None or (shard.is_closed and end >= shard.newest)

    async def _collect(self) -> _Found:
        """Wait for a batch, whose window begins with the first record; return nothing when all is read."""
        loop = asyncio.get_running_loop()
        found = _Found(self._place.position, self._mapping.batch_size)
        closing: float | None = None
        while True:
            self._wake.clear()
            await self._read(found)
            if found.records:
                closing = closing or loop.time() + self._mapping.window
                if found.is_full or loop.time() >= closing:
                    return found
            else:
                self._place.position = found.end
                if self._is_read(found.end):
                    return found
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(closing):
                    await self._wake.wait()

    async def _read(self, found: _Found) -> None:
        """Add what is there; what filters leave out is passed over."""
        shard, patterns = self._share.shard.id, self._mapping.patterns
        while read := self._stream.read(shard, found.end, _READ):
            for record in read:
                if found.is_full:
                    return
                found.end = record.position
                if self._share.has(record) and matches(patterns, record.filtered):
                    found.records.append(record)
                    found.size += record.size
            await asyncio.sleep(0)  # a long stream lets others run

    async def _process(self, records: Sequence[Record]) -> None:
        """Invoke the function until every record is processed or discarded, in their order."""
        waiting = [Batch(self._share.shard.id, tuple(records))]
        while waiting and not self._is_stopping:
            batch = self._without_aged(waiting.pop(0))
            if not batch.records:
                continue
            batch = batch.invoked(await self._invoke(batch))
            following = self._following(batch)
            waiting[:0] = following
            if following and following[0].records == batch.records and not self._is_stopping:
                await self._services.sleep(STREAMS.delay(batch.invocations))

    def _following(self, batch: Batch) -> tuple[Batch, ...]:
        """Move on behind what is done after an invocation, and return what is to be tried next."""
        result = batch.result
        if result is None or result.status != 200:  # it did not reach the function: that uses no retry up
            self._work.told("PROBLEM: Function call failed")
            return (batch,)
        self._work.told("PROBLEM: Function call failed" if result.function_error else "OK")
        first_failed = batch.first_failed(reports=self._mapping.report_failures)
        if first_failed:
            self._place.position = batch.records[first_failed - 1].position
        if first_failed == len(batch.records):
            return ()
        following = batch.after(first_failed, bisect=self._settings.bisect)
        if 0 <= self._settings.retries < following[0].failures:
            self._discard(following[0], "RetryAttemptsExhausted")
            return ()
        return following

    def _without_aged(self, batch: Batch) -> Batch:
        limits = [self._stream.retention()]
        if self._settings.max_age >= 0:
            limits.append(self._settings.max_age)
        old, young = batch.aged(self._services.clock() - min(limits))
        if old.records:
            self._discard(old, "RecordAgeExceeded")
        return young

    async def _invoke(self, batch: Batch) -> InvokeResult:
        # Streams carry no tracing header: each batch starts a trace, for which Lambda decides.
        # https://docs.aws.amazon.com/xray/latest/devguide/xray-services.html has neither of them.
        request = InvokeRequest(
            self._mapping.function_arn,
            event(self._mapping, batch.records),
            event_source=self._mapping.source_arn,
        )
        self._is_invoking = True
        try:
            return await self._services.functions.invoke(request)
        finally:
            self._is_invoking = False

    def _discard(self, batch: Batch, condition: Condition) -> None:
        """Give records up: they are done, and the destination is told."""
        mapping, now = self._mapping, self._services.clock()
        self._place.position = batch.records[-1].position
        source, first = mapping.source_arn.split(":", 5)[-1], batch.records[0].sequence_number
        what = f"{len(batch.records)} of its records, from {first} of {batch.shard}, are given up"
        _log.warning("%s: %s; %s", source, condition, what)
        target = self._settings.on_failure
        if not target:
            return
        record = destination_record(mapping, batch, condition, now)
        parcel = Parcel(json.dumps(record), self._services.ids.request_id(), now)
        self._services.deliver(Delivery(f"event source {mapping.source_arn}", target, parcel, EVENTBRIDGE))
