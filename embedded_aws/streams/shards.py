"""Shards and their records, in Lambda's form. The only module that reads moto's streams.

moto keeps the records. They are not read through iterators, of which moto would keep every one.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from embedded_aws.aws.moto import MotoAws

HOUR = 3600.0


class UnknownStreamError(Exception):
    """There is no stream of that ARN."""


@dataclass(frozen=True)
class Record:
    """One record; `position` is its sequence number as a number, `at` its arrival in epoch seconds.

    Records with the same `key` are processed in order. `content` is the record in Lambda's event, `filtered`
    what filter patterns see of it, `size` its bytes.
    """

    position: int
    sequence_number: str
    key: str
    at: float
    content: Mapping[str, Any]
    filtered: Mapping[str, Any]
    size: int


@dataclass(frozen=True)
class Shard:
    """One shard; those that it was made of come before it. `newest` is the position of its newest record."""

    id: str
    newest: int
    parents: tuple[str, ...] = ()
    is_closed: bool = False


class Stream(Protocol):
    """One stream; every method raises `UnknownStreamError` when it is gone."""

    arn: str

    def retention(self) -> float:
        """Return the seconds for which records are kept."""

    def shards(self) -> list[Shard]:
        """Return the shards, the oldest first."""

    def read(self, shard: str, position: int, count: int) -> list[Record]:
        """Return up to `count` records after a position; 0 is before the oldest."""


def stream_of(moto: MotoAws, arn: str) -> Stream | None:
    """Return the stream of an ARN, or of that of a Kinesis consumer; `None` for another sort of ARN."""
    parts = arn.split(":")
    if len(parts) > 5 and parts[2] == "kinesis" and parts[5].startswith("stream/"):
        return KinesisStream(moto, arn)
    if len(parts) > 5 and parts[2] == "dynamodb" and "/stream/" in arn:
        return TableStream(moto, arn)
    return None


class TableStream:
    """The stream of a DynamoDB table, which has one shard here.

    https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
    """

    def __init__(self, moto: MotoAws, arn: str) -> None:
        self.arn = arn
        self._region = arn.split(":")[3]
        self._moto = moto
        self._table, _, self._label = arn.partition(":table/")[2].partition("/stream/")

    def retention(self) -> float:
        return 24 * HOUR

    def shards(self) -> list[Shard]:
        shard = self._shard()
        return [Shard(shard.id, shard.starting_sequence_number + len(shard.items) - 1)]

    def read(self, shard: str, position: int, count: int) -> list[Record]:  # noqa: ARG002 - there is one
        kept = self._shard()
        first = max(0, position + 1 - kept.starting_sequence_number)
        return [self._record(item.to_json()) for item in kept.items[first : first + count]]

    def _shard(self) -> Any:
        table = self._moto.backend("dynamodb", self._region).tables.get(self._table)
        if table is None or table.stream_shard is None or table.latest_stream_label != self._label:
            raise UnknownStreamError(f"stream {self.arn} does not exist")
        return table.stream_shard

    def _record(self, kept: Mapping[str, Any]) -> Record:
        change = dict(kept["dynamodb"])
        at = float(int(_epoch(change["ApproximateCreationDateTime"])))
        change["ApproximateCreationDateTime"] = at
        whole = {**kept, "awsRegion": self._region, "dynamodb": change, "eventSourceARN": self.arn}
        text = json.dumps(whole, default=_plain)
        content = json.loads(text)
        keys = json.dumps(content["dynamodb"]["Keys"], sort_keys=True)
        number = change["SequenceNumber"]
        return Record(int(number), number, keys, at, content, content, len(text))


class KinesisStream:
    """A data stream, whose shards may be split and merged.

    https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
    """

    def __init__(self, moto: MotoAws, arn: str) -> None:
        self.arn = arn
        self._region = arn.split(":")[3]
        self._moto = moto
        self._name = arn.partition(":stream/")[2].partition("/")[0]
        self._stream_arn = f"{arn.partition(':stream/')[0]}:stream/{self._name}"

    def retention(self) -> float:
        return float(self._stream().retention_period_hours) * HOUR

    def shards(self) -> list[Shard]:
        return [
            Shard(
                id_,
                next(reversed(shard.records), 0),
                tuple(parent for parent in (shard.parent, shard.adjacent_parent) if parent),
                not shard.is_open,
            )
            for id_, shard in list(self._stream().shards.items())
        ]

    def read(self, shard: str, position: int, count: int) -> list[Record]:
        records = self._stream().shards[shard].records
        first = max(position + 1, next(iter(records), 1))
        found = (records.get(number) for number in range(first, first + count))
        return [self._record(shard, record) for record in found if record is not None]

    def _stream(self) -> Any:
        stream = self._moto.backend("kinesis", self._region).streams.get(self._name)
        if stream is None:
            raise UnknownStreamError(f"stream {self.arn} does not exist")
        return stream

    def _record(self, shard: str, kept: Any) -> Record:
        sequence_number = str(kept.sequence_number)
        at = round(_epoch(kept.created_at_datetime), 3)
        data = {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": kept.partition_key,
            "sequenceNumber": sequence_number,
            "data": kept.data,
            "approximateArrivalTimestamp": at,
        }
        content = {
            "kinesis": data,
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": f"{shard}:{sequence_number}",
            "eventName": "aws:kinesis:record",
            "awsRegion": self._region,
            "eventSourceARN": self._stream_arn,
        }
        # Patterns see the data as the producer put it.
        # https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis-filtering.html
        text = base64.b64decode(kept.data).decode(errors="replace")
        seen, size = {**data, "data": text}, len(json.dumps(content))
        number = int(sequence_number)
        return Record(number, sequence_number, kept.partition_key, at, content, seen, size)


def _epoch(moment: datetime) -> float:
    """Return the epoch seconds of one of moto's times, which are naive and in UTC."""
    return moment.replace(tzinfo=UTC).timestamp()


def _plain(value: Any) -> Any:
    """Return what JSON can hold of a value of an item: bytes as Base64, values of moto as they are sent."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value.to_json()
