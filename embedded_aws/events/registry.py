"""The event source mappings of the embedded AWS, and the pollers behind them.

moto never sees them: it would invoke functions by itself and delete the messages.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

from embedded_aws.aws.errors import AwsError, InvalidParameterValueError, NotFoundError
from embedded_aws.aws.moto import MotoAws
from embedded_aws.events.lanes import Services
from embedded_aws.events.mapping import EventSourceMapping, new_mapping
from embedded_aws.events.sqs import SqsPoller
from embedded_aws.events.streams import Progress, StreamPoller
from embedded_aws.sqs.queues import Queues, UnknownQueueError
from embedded_aws.streams.shards import UnknownStreamError, stream_of


class Function(Protocol):
    """What a mapping needs to know of a function; `timeout` in seconds."""

    @property
    def name(self) -> str: ...
    @property
    def arn(self) -> str: ...
    @property
    def invoked_arn(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def timeout(self) -> float: ...


class Catalog(Protocol):
    """The functions of one region."""

    region: str

    def function(self, reference: str) -> Function:
        """Return a function by its name or ARN; raises `AwsError` when there is none."""


class EventSources:
    """Creates, changes and deletes mappings; replies are the API's documents."""

    def __init__(self, moto: MotoAws, catalog: Catalog, services: Services) -> None:
        self._moto = moto
        self._catalog = catalog
        self._services = services
        self._queues = Queues(catalog.region)
        self._mappings: dict[str, EventSourceMapping] = {}
        self._pollers: dict[str, SqsPoller | StreamPoller] = {}
        self._progress: dict[str, Progress] = {}
        self._tags: dict[str, dict[str, str]] = {}

    async def create(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Create a mapping and start polling; raises `AwsError`."""
        source_arn, reference = _required(request, "EventSourceArn"), _required(request, "FunctionName")
        function = self._catalog.function(reference)
        self._check_source(source_arn, function)
        self._check_unique(source_arn, function)
        uuid, now = self._services.ids.request_id(), self._services.clock()
        mapping = new_mapping(request, uuid, function.invoked_arn, function.role, now)
        self._tags[uuid] = dict(request.get("Tags") or {})
        await self._put(mapping)
        return self._document(mapping, "Creating")

    def get(self, uuid: str) -> dict[str, Any]:
        """Return one mapping; raises `AwsError` when there is none."""
        return self._document(self._mapping(uuid))

    def list(self, source_arn: str | None, function: str | None) -> dict[str, Any]:
        """Return the mappings of a queue or stream, of a function, or all."""
        wanted = self._catalog.function(function).arn if function else None
        found = [
            self._document(mapping)
            for mapping in self._mappings.values()
            if source_arn in {None, mapping.source_arn}
            and (wanted is None or mapping.function_arn.startswith(wanted))
        ]
        return {"EventSourceMappings": found}

    async def update(self, uuid: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Change a mapping; raises `AwsError`."""
        mapping = self._mapping(uuid).updated(request, self._services.clock())
        if request.get("FunctionName"):
            function = self._catalog.function(request["FunctionName"])
            self._check_source(mapping.source_arn, function)
            mapping = mapping.for_function(function.invoked_arn, function.role)
        await self._put(mapping)
        return self._document(mapping, "Updating")

    async def delete(self, uuid: str) -> dict[str, Any]:
        """Delete a mapping and stop polling; raises `AwsError`."""
        mapping = self._mapping(uuid)
        document = self._document(mapping, "Deleting")
        del self._mappings[uuid]
        self._progress.pop(uuid, None)
        self._tags.pop(uuid, None)
        await self._stop(uuid)
        return document

    def tags(self, uuid: str) -> dict[str, str]:
        """Return the tags of a mapping, to read and to change; raises `AwsError` when there is none."""
        return self._tags[self._mapping(uuid).uuid]

    def notify(self, queue: str) -> None:
        """Look at a queue now: its name, URL or ARN. Call it after SQS requests."""
        name = queue.rpartition(":")[2].rpartition("/")[2]
        for poller in self._pollers.values():
            if isinstance(poller, SqsPoller) and poller.mapping.source_arn.rpartition(":")[2] == name:
                poller.wake()

    def notify_streams(self) -> None:
        """Look at all streams now. Call it after requests to DynamoDB and Kinesis."""
        for poller in self._pollers.values():
            if isinstance(poller, StreamPoller):
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
            self._pollers[mapping.uuid] = self._poller(mapping)

    def _poller(self, mapping: EventSourceMapping) -> SqsPoller | StreamPoller:
        stream = stream_of(self._moto, mapping.source_arn)
        if stream is None or mapping.stream is None:
            return SqsPoller(mapping, self._queues, self._services.functions)
        progress = self._progress.setdefault(mapping.uuid, Progress())
        return StreamPoller(mapping, mapping.stream, stream, progress, self._services)

    def _document(self, mapping: EventSourceMapping, state: str | None = None) -> dict[str, Any]:
        document = mapping.document(self._catalog.region, state)
        if mapping.stream:
            document["LastProcessingResult"] = self._progress.get(mapping.uuid, Progress()).result
        return document

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

    def _check_source(self, arn: str, function: Function) -> None:
        if stream := stream_of(self._moto, arn):
            try:
                stream.shards()
            except UnknownStreamError as error:
                raise InvalidParameterValueError(f"EventSourceArn {arn}: {error}") from error
        elif arn.split(":")[2:3] == ["sqs"]:
            self._check_queue(arn, function)
        else:
            told = "only SQS queues, DynamoDB streams and Kinesis streams are supported as event sources"
            raise AwsError("NotImplemented", f"EventSourceArn {arn}: {told}", 501)

    def _check_queue(self, arn: str, function: Function) -> None:
        try:
            visibility = self._queues.visibility_timeout(arn)
        except UnknownQueueError as error:
            raise InvalidParameterValueError(f"EventSourceArn {arn}: {error}") from error
        if visibility < function.timeout:
            raise InvalidParameterValueError(
                f"Queue visibility timeout: {visibility} seconds is less than "
                f"Function timeout: {function.timeout:g} seconds"
            )

    def _check_unique(self, source_arn: str, function: Function) -> None:
        for mapping in self._mappings.values():
            if (mapping.source_arn, mapping.function_arn) == (source_arn, function.invoked_arn):
                kind = {"sqs": "SQS", "dynamodb": "dynamodb", "kinesis": "kinesis"}[source_arn.split(":")[2]]
                message = (
                    f"An event source mapping with {kind} arn ({source_arn}) and function ({function.name}) "
                    f"already exists: UUID {mapping.uuid}"
                )
                raise AwsError("ResourceConflictException", message, 409)


def _required(request: Mapping[str, Any], name: str) -> str:
    value = request.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidParameterValueError(f"{name} is required")
    return value
