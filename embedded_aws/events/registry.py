"""The event source mappings of the embedded AWS, and the pollers behind them.

moto never sees them: it would invoke functions by itself and delete the messages.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

from embedded_aws.aws.errors import AwsError, InvalidParameterValueError, NotFoundError
from embedded_aws.aws.ids import Clock, Ids
from embedded_aws.aws.interfaces import Lambda
from embedded_aws.events.mapping import EventSourceMapping
from embedded_aws.events.sqs import SqsPoller
from embedded_aws.sqs.queues import Queues, UnknownQueueError


class Function(Protocol):
    """What a mapping needs to know of a function; `timeout` in seconds."""

    @property
    def name(self) -> str: ...
    @property
    def arn(self) -> str: ...
    @property
    def invoked_arn(self) -> str: ...
    @property
    def timeout(self) -> float: ...


class Catalog(Protocol):
    """The functions of one region."""

    region: str

    def function(self, reference: str) -> Function:
        """Return a function by its name or ARN; raises `AwsError` when there is none."""


class EventSources:
    """Creates, changes and deletes mappings; replies are the API's documents."""

    def __init__(self, functions: Lambda, catalog: Catalog, clock: Clock, ids: Ids) -> None:
        self._functions = functions
        self._catalog = catalog
        self._queues = Queues(catalog.region)
        self._clock = clock
        self._ids = ids
        self._mappings: dict[str, EventSourceMapping] = {}
        self._pollers: dict[str, SqsPoller] = {}

    async def create(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Create a mapping and start polling; raises `AwsError`."""
        queue_arn, reference = _required(request, "EventSourceArn"), _required(request, "FunctionName")
        function = self._catalog.function(reference)
        self._check_queue(queue_arn, function)
        self._check_unique(queue_arn, function)
        blank = EventSourceMapping(
            uuid=self._ids.request_id(),
            queue_arn=queue_arn,
            function_arn=function.invoked_arn,
            modified=self._clock(),
        )
        mapping = blank.updated(request, self._clock())
        await self._put(mapping)
        return mapping.document(self._catalog.region, "Creating")

    def get(self, uuid: str) -> dict[str, Any]:
        """Return one mapping; raises `AwsError` when there is none."""
        return self._mapping(uuid).document(self._catalog.region)

    def list(self, queue_arn: str | None, function: str | None) -> dict[str, Any]:
        """Return the mappings of a queue, of a function, or all."""
        wanted = self._catalog.function(function).arn if function else None
        found = [
            mapping.document(self._catalog.region)
            for mapping in self._mappings.values()
            if queue_arn in {None, mapping.queue_arn}
            and (wanted is None or mapping.function_arn.startswith(wanted))
        ]
        return {"EventSourceMappings": found}

    async def update(self, uuid: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Change a mapping; raises `AwsError`."""
        mapping = self._mapping(uuid).updated(request, self._clock())
        if request.get("FunctionName"):
            function = self._catalog.function(request["FunctionName"])
            self._check_queue(mapping.queue_arn, function)
            mapping = mapping.for_function(function.invoked_arn)
        await self._put(mapping)
        return mapping.document(self._catalog.region, "Updating")

    async def delete(self, uuid: str) -> dict[str, Any]:
        """Delete a mapping and stop polling; raises `AwsError`."""
        mapping = self._mapping(uuid)
        del self._mappings[uuid]
        await self._stop(uuid)
        return mapping.document(self._catalog.region, "Deleting")

    def notify(self, queue: str) -> None:
        """Look at a queue now: its name, URL or ARN. Call it after SQS requests."""
        name = queue.rpartition(":")[2].rpartition("/")[2]
        for poller in self._pollers.values():
            if poller.mapping.queue_arn.rpartition(":")[2] == name:
                poller.wake()

    async def close(self) -> None:
        """Stop all polling."""
        pollers = list(self._pollers.values())
        self._pollers.clear()
        await asyncio.gather(*(poller.close() for poller in pollers))

    async def _put(self, mapping: EventSourceMapping) -> None:
        await self._stop(mapping.uuid)
        self._mappings[mapping.uuid] = mapping
        if mapping.enabled:
            self._pollers[mapping.uuid] = SqsPoller(mapping, self._queues, self._functions)

    async def _stop(self, uuid: str) -> None:
        poller = self._pollers.pop(uuid, None)
        if poller:
            await poller.stop()

    def _mapping(self, uuid: str) -> EventSourceMapping:
        try:
            return self._mappings[uuid]
        except KeyError:
            message = "The resource you requested does not exist."
            raise NotFoundError(message) from None

    def _check_queue(self, arn: str, function: Function) -> None:
        if ":sqs:" not in arn:
            raise InvalidParameterValueError(
                f"EventSourceArn {arn}: only SQS queues are supported as event sources"
            )
        try:
            visibility = self._queues.visibility_timeout(arn)
        except UnknownQueueError as error:
            raise InvalidParameterValueError(f"EventSourceArn {arn}: {error}") from error
        if visibility < function.timeout:
            raise InvalidParameterValueError(
                f"Queue visibility timeout: {visibility} seconds is less than "
                f"Function timeout: {function.timeout:g} seconds"
            )

    def _check_unique(self, queue_arn: str, function: Function) -> None:
        for mapping in self._mappings.values():
            if (mapping.queue_arn, mapping.function_arn) == (queue_arn, function.invoked_arn):
                message = (
                    f"An event source mapping with SQS arn ({queue_arn}) and function ({function.name}) "
                    f"already exists: UUID {mapping.uuid}"
                )
                raise AwsError("ResourceConflictException", message, 409)


def _required(request: Mapping[str, Any], name: str) -> str:
    value = request.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidParameterValueError(f"{name} is required")
    return value
