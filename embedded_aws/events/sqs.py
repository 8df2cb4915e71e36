"""Polls one queue for one event source mapping, as Lambda's pollers do.

Polling starts when a message can be there: after `wake`, when a hidden message becomes visible again, and
once a second in case a message came in unnoticed. Nothing runs in between.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Sequence

from embedded_aws.aws.interfaces import InvokeRequest, Lambda
from embedded_aws.events.filters import matches
from embedded_aws.events.mapping import EventSourceMapping
from embedded_aws.events.records import failed_ids, record, trace_of
from embedded_aws.sqs.queues import Message, Queues, UnknownQueueError

_log = logging.getLogger(__name__)

_RECEIVE_MAX = 10
_UNNOTICED = 1.0
_BUSY_PAUSE = 0.05
_BATCH_BYTES = 6 * 1024 * 1024


class SqsPoller:
    """Takes batches off a queue and invokes the function, until `stop`."""

    def __init__(self, mapping: EventSourceMapping, queues: Queues, functions: Lambda) -> None:
        self.mapping = mapping
        self._queues = queues
        self._functions = functions
        self._wake = asyncio.Event()
        self._slots = asyncio.Semaphore(mapping.concurrency)
        self._batches: set[asyncio.Task[None]] = set()
        self._task = asyncio.create_task(self._poll())

    def wake(self) -> None:
        """Look at the queue now."""
        self._wake.set()

    async def stop(self) -> None:
        """Stop polling; batches in progress go on."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def close(self) -> None:
        """Stop polling and give batches in progress up: their messages come back after their timeout."""
        await self.stop()
        for task in self._batches:
            task.cancel()
        await asyncio.gather(*self._batches, return_exceptions=True)

    async def _poll(self) -> None:
        while True:
            await self._slots.acquire()
            self._wake.clear()
            try:
                messages = await self._collect()
            except UnknownQueueError:
                messages = []
            except Exception:  # noqa: BLE001 - see below
                # moto's own trouble must not end the polling for good.
                _log.exception("event source %s: receiving failed", self.mapping.source_arn)
                messages = []
            if messages:
                self._start(messages)
            else:
                self._slots.release()
                await self._wait()

    async def _wait(self, most: float = _UNNOTICED) -> None:
        """Wait until there can be a message, at most so many seconds."""
        due = self._queues.next_due(self.mapping.source_arn)
        pause = _UNNOTICED if due is None else max(_BUSY_PAUSE, due)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(most, pause)):
                await self._wake.wait()

    async def _collect(self) -> list[Message]:
        """Receive one batch: what is there, or what comes within the window after the first message."""
        messages = await self._receive(self.mapping.batch_size)
        if not messages or not self.mapping.window:
            return messages
        loop = asyncio.get_running_loop()
        closing = loop.time() + self.mapping.window
        while self._has_room(messages) and (remaining := closing - loop.time()) > 0:
            self._wake.clear()
            more = await self._receive(self.mapping.batch_size - len(messages))
            messages += more
            if not more:
                await self._wait(remaining)
        return messages

    def _has_room(self, messages: Sequence[Message]) -> bool:
        size = sum(len(message.body) for message in messages)
        return len(messages) < self.mapping.batch_size and size < _BATCH_BYTES

    async def _receive(self, count: int) -> list[Message]:
        return await asyncio.to_thread(
            self._queues.receive, self.mapping.source_arn, min(_RECEIVE_MAX, count)
        )

    def _start(self, messages: list[Message]) -> None:
        task = asyncio.create_task(self._process(messages))
        self._batches.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._batches.discard(task)
        self._slots.release()
        # The next messages of a FIFO group were held back by this batch.
        self.wake()

    async def _process(self, messages: list[Message]) -> None:
        arn = self.mapping.source_arn
        records = {message.id: record(message, arn) for message in messages}
        wanted = [message for message in messages if matches(self.mapping.patterns, records[message.id])]
        for message in messages:
            if message not in wanted:
                # Lambda deletes what the filter leaves out.
                self._queues.delete(arn, message.receipt_handle)
        if not wanted:
            return
        event = json.dumps({"Records": [records[message.id] for message in wanted]}).encode()
        trace, links = trace_of(wanted)
        result = await self._functions.invoke(
            InvokeRequest(self.mapping.function_arn, event, trace=trace, links=links, event_source=arn)
        )
        if result.status != 200 or result.function_error:
            return
        ids = {message.id for message in wanted}
        failed = failed_ids(result.payload, ids) if self.mapping.report_failures else set()
        for message in wanted:
            if message.id not in failed:
                self._queues.delete(arn, message.receipt_handle)
