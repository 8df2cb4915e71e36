"""What is changed in moto's DynamoDB, before its first request: importing it takes long."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from threading import Lock
from typing import Any

from embedded_aws.aws import moto_patches

TURN = Lock()
"""Held while items are written, or read by their keys."""

_IN_TURN = (
    *("put_item", "update_item", "delete_item", "batch_write_item", "transact_write_items"),
    *("get_item", "batch_get_item", "transact_get_items"),
    *("execute_statement", "execute_transaction", "batch_execute_statement"),
)


def correct_tables() -> None:
    """Let writes be whole for whoever reads or writes beside them, and tables' streams be as AWS's."""
    _take_turns()
    _record_changes_alone()


def _take_turns() -> None:
    """Let one call at a time write items, or read them by their keys.

    moto reads, adds and writes in steps, and undoes a transaction by the table's copy from before: what
    others have written meanwhile would be lost. Queries and scans take no turn, as they may be long: one may
    see what a transaction is about to undo, which AWS's would not.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-isolation
    """
    from moto.dynamodb.responses import DynamoHandler  # noqa: PLC0415 - a slow import

    for name in _IN_TURN:
        setattr(DynamoHandler, name, _in_turn(getattr(DynamoHandler, name)))


def _in_turn(answer: Callable[[Any], Any]) -> Callable[[Any], Any]:
    @functools.wraps(answer)
    def answered(self: Any) -> Any:
        with TURN:
            return answer(self)

    return answered


def _record_changes_alone() -> None:
    """Let a table's stream have no record of a write that changes nothing, and none that changes later.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
    """
    from moto.dynamodb.models.table import StreamShard  # noqa: PLC0415 - a slow import

    shard: Any = StreamShard
    add, get = shard.add, shard.get

    def added(self: StreamShard, old: Any, new: Any) -> None:
        if old is not None and new is not None and old.to_json() == new.to_json():
            return
        add(self, old, new)
        # Lists and maps of the record are still those of the item.
        self.items[-1].record = copy.deepcopy(self.items[-1].record)
        if len(self.items) > moto_patches.MOST_RECORDS:
            del self.items[0]
            self.starting_sequence_number += 1

    def got(self: StreamShard, start: int, quantity: int) -> Any:
        return get(self, max(start, self.starting_sequence_number), quantity)

    shard.add, shard.get = added, got
