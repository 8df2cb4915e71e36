"""Polls one stream for one event source mapping: finds its shards, and starts a lane or several for each."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass, field

from embedded_aws.events.lanes import Lane, Place, Services, Share, Work
from embedded_aws.events.mapping import EventSourceMapping, StreamSettings
from embedded_aws.streams.shards import Shard, Stream, UnknownStreamError

_log = logging.getLogger(__name__)

_UNNOTICED = 1.0
"""Seconds after which a stream is looked at in case something came in unnoticed."""


@dataclass
class Progress:
    """How far a mapping has come, also while it is disabled; `result` is what it shows of the last batch."""

    places: dict[str, list[Place]] = field(default_factory=dict)
    is_begun: bool = False
    result: str = "No records processed"

    def told(self, result: str) -> None:
        """Take the result of a batch."""
        self.result = result

    def begin(self, stream: Stream, settings: StreamSettings) -> None:
        """Find where to begin in the shards that there are; others are read from their start."""
        if self.is_begun:
            return
        for shard in stream.shards():
            self.places[shard.id] = [Place(_position(stream, shard, settings))]
        self.is_begun = True

    def lanes(self, shard: str, count: int) -> list[Place]:
        """Return the places of a shard's lanes; with another number, all begin where the last one is."""
        places = self.places.get(shard, [Place(0)])
        if len(places) != count:
            start = min(place.position for place in places)
            places = [Place(start) for _ in range(count)]
        self.places[shard] = places
        return places


class StreamPoller:
    """Invokes the function with a stream's records, until `stop`."""

    def __init__(
        self,
        mapping: EventSourceMapping,
        settings: StreamSettings,
        stream: Stream,
        progress: Progress,
        services: Services,
    ) -> None:
        self.mapping = mapping
        self._work = Work(mapping, settings, stream, services, progress.told)
        self._stream = stream
        self._progress = progress
        self._lanes: dict[str, list[Lane]] = {}
        self._wake = asyncio.Event()
        progress.begin(stream, settings)
        self._task = asyncio.create_task(self._poll())

    def wake(self) -> None:
        """Look at the stream now."""
        self._wake.set()
        for lane in self._all():
            lane.wake()

    async def stop(self) -> None:
        """Stop reading; invocations in progress go on."""
        self._task.cancel()
        for lane in self._all():
            lane.stop()
        await asyncio.gather(self._task, return_exceptions=True)

    async def close(self) -> None:
        """Stop reading and give invocations in progress up."""
        await self.stop()
        tasks = [lane.task for lane in self._all()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _all(self) -> list[Lane]:
        return [lane for lanes in self._lanes.values() for lane in lanes]

    async def _poll(self) -> None:
        while True:
            self._wake.clear()
            try:
                self._start_lanes()
            except UnknownStreamError:
                pass  # it is deleted, and the mapping stays as on AWS
            except Exception:  # noqa: BLE001 - moto's own trouble must not end the polling for good
                _log.exception("event source %s: its shards were not found", self.mapping.source_arn)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_UNNOTICED):
                    await self._wake.wait()

    def _start_lanes(self) -> None:
        """Start what has no lanes yet, or whose lanes failed; a shard waits for those it was made of.

        https://docs.aws.amazon.com/streams/latest/dev/kinesis-using-sdk-java-after-resharding.html
        """
        shards = {shard.id: shard for shard in self._stream.shards()}
        for shard in shards.values():
            lanes = self._lanes.get(shard.id, [])
            for lane in lanes:
                lane.wake_for(shard)
            is_ready = all(self._is_finished(parent) for parent in shard.parents if parent in shards)
            if is_ready and (not lanes or any(_has_failed(lane) for lane in lanes)):
                self._start(shard, lanes)

    def _start(self, shard: Shard, before: list[Lane]) -> None:
        count = self._work.settings.parallelization
        lanes = []
        for number, place in enumerate(self._progress.lanes(shard.id, count)):
            if before and not _has_failed(before[number]):
                lanes.append(before[number])
                continue
            if before:
                problem = before[number].task.exception()
                _log.error("event source %s: reading failed", self.mapping.source_arn, exc_info=problem)
            lanes.append(Lane(self._work, Share(shard, number, count), place))
        self._lanes[shard.id] = lanes

    def _is_finished(self, shard: str) -> bool:
        lanes = self._lanes.get(shard, [])
        return bool(lanes) and all(lane.task.done() and not _has_failed(lane) for lane in lanes)


def _has_failed(lane: Lane) -> bool:
    return lane.task.done() and not lane.task.cancelled() and lane.task.exception() is not None


def _position(stream: Stream, shard: Shard, settings: StreamSettings) -> int:
    """Return the position after which a mapping begins to read a shard."""
    if settings.starting_position == "LATEST":
        return shard.newest
    if settings.starting_at is None:
        return 0
    from embedded_aws.aws.moto_patches import MOST_RECORDS  # noqa: PLC0415 - imports moto

    earlier = (one for one in stream.read(shard.id, 0, MOST_RECORDS) if one.at < settings.starting_at)
    return max((one.position for one in earlier), default=0)
