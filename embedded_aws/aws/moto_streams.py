"""What moto's streams do otherwise than AWS's: corrected before their first request."""

from __future__ import annotations

import copy
from collections import OrderedDict
from typing import Any


def correct_tables() -> None:
    """Let a table's stream have no record of a write that changes nothing, and none that changes later.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
    """
    from moto.dynamodb.models.table import StreamShard  # noqa: PLC0415 - a slow import

    add = StreamShard.add

    def added(self: StreamShard, old: Any, new: Any) -> None:
        if old is not None and new is not None and old.to_json() == new.to_json():
            return
        add(self, old, new)
        # Lists and maps of the record are still those of the item.
        self.items[-1].record = copy.deepcopy(self.items[-1].record)

    StreamShard.add = added  # type: ignore[method-assign]


def correct_streams() -> None:
    """Let a shard that is split or merged keep its records; moto copies them into those that follow it.

    https://docs.aws.amazon.com/streams/latest/dev/kinesis-using-sdk-java-after-resharding.html
    """
    from moto.kinesis.models import Stream  # noqa: PLC0415 - a slow import

    split, merge = Stream.split_shard, Stream.merge_shards

    def split_shard(self: Stream, shard_to_split: str, new_starting_hash_key: str) -> None:
        with _KeptRecords(self, shard_to_split):
            split(self, shard_to_split, new_starting_hash_key)

    def merge_shards(self: Stream, shard_to_merge: str, adjacent_shard_to_merge: str) -> None:
        with _KeptRecords(self, shard_to_merge, adjacent_shard_to_merge):
            merge(self, shard_to_merge, adjacent_shard_to_merge)

    Stream.split_shard = split_shard  # type: ignore[method-assign]
    Stream.merge_shards = merge_shards  # type: ignore[method-assign]


class _KeptRecords:
    """Hides the records of shards while moto closes them."""

    def __init__(self, stream: Any, *ids: str) -> None:
        self._shards = [stream.shards[id_] for id_ in ids if id_ in stream.shards]

    def __enter__(self) -> None:
        self._records = [shard.records for shard in self._shards]
        for shard in self._shards:
            shard.records = OrderedDict()

    def __exit__(self, *_: object) -> None:
        for shard, records in zip(self._shards, self._records, strict=True):
            shard.records = records
