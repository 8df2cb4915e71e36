"""All that is changed in moto itself; `moto.load` applies it, once, before anything of moto is used.

What is changed in its tables and streams waits for their first request: importing them takes long.
What SNS, EventBridge and S3 would deliver is switched off in `moto_deliveries`, and Step Functions tell in
`moto_states` what they execute.
"""

from __future__ import annotations

import copy
import sys
from collections import OrderedDict
from collections.abc import Iterator
from contextvars import ContextVar
from functools import cache
from threading import Lock
from types import ModuleType
from typing import Any, NoReturn

from moto.core.common_models import BaseModel
from moto.core.config import default_user_config
from moto.moto_server import werkzeug_app
from moto.sqs.models import SQSBackend

from embedded_aws.aws.moto_input import UnknownOperationError

MOST_RECORDS = 10_000
"""Records that a shard of a stream keeps; moto would keep all of them, AWS those of a day or more."""

_BATCH: ContextVar[Iterator[dict[str, Any] | None]] = ContextVar("sqs_batch")


@cache
def apply() -> None:
    """Patch moto, at the first call."""
    # moto's own invocations would start Docker; only its bookkeeping is used here.
    default_user_config["lambda"] = {"use_docker": False}
    default_user_config["batch"] = {"use_docker": False}
    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    # moto lists every object it ever made, for a dashboard that is not served here: messages and items that
    # are gone stay in that list.
    BaseModel.__new__ = lambda cls, *_, **__: super(BaseModel, cls).__new__(cls)  # type: ignore[method-assign]
    vars(werkzeug_app)["print"] = _refuse_service
    _keep_system_attributes()
    _leave_out_openapi_validator()


def _leave_out_openapi_validator() -> None:
    """Let moto's API Gateway do without its validator of OpenAPI documents: a fifth of a start is its import.

    No document comes as far as moto, since the gateway reads them all itself.
    """
    package, name = ModuleType("openapi_spec_validator"), "openapi_spec_validator.validation.exceptions"
    exceptions = ModuleType(name)
    vars(package)["validate"] = _refuse_document
    vars(exceptions)["OpenAPIValidationError"] = ValueError
    sys.modules.setdefault("openapi_spec_validator", package)
    sys.modules.setdefault(
        "openapi_spec_validator.validation", ModuleType("openapi_spec_validator.validation")
    )
    sys.modules.setdefault(name, exceptions)


def _refuse_document(_: object) -> NoReturn:
    raise NotImplementedError("moto was to read an OpenAPI document")


def _refuse_service(told: str) -> NoReturn:
    """Answer for a service that moto does not have: it prints that, for its authors, and fails later."""
    raise UnknownOperationError(told.partition("Remember to add the URL")[0])


def _keep_system_attributes() -> None:
    """Let SQS's SendMessageBatch keep the system attributes of its entries, which moto loses."""
    send, send_batch = SQSBackend.send_message, SQSBackend.send_message_batch

    def send_message_batch(self: SQSBackend, queue_name: str, entries: dict[str, dict[str, Any]]) -> Any:
        # moto sends the entries one by one, in order, through `send_message` below.
        token = _BATCH.set(iter([entry.get("MessageSystemAttributes") for entry in entries.values()]))
        try:
            return send_batch(self, queue_name, entries)
        finally:
            _BATCH.reset(token)

    def send_message(self: SQSBackend, *args: Any, system_attributes: Any = None, **options: Any) -> Any:
        # All callers in moto pass `system_attributes` by name.
        options["system_attributes"] = system_attributes or next(_BATCH.get(iter(())), None)
        return send(self, *args, **options)

    SQSBackend.send_message = send_message  # type: ignore[method-assign]
    SQSBackend.send_message_batch = send_message_batch  # type: ignore[method-assign]


def correct_tables() -> None:
    """Let a table's stream have no record of a write that changes nothing, and none that changes later.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
    """
    from moto.dynamodb.models.table import StreamShard  # noqa: PLC0415 - a slow import

    add, get = StreamShard.add, StreamShard.get

    def added(self: StreamShard, old: Any, new: Any) -> None:
        if old is not None and new is not None and old.to_json() == new.to_json():
            return
        add(self, old, new)
        # Lists and maps of the record are still those of the item.
        self.items[-1].record = copy.deepcopy(self.items[-1].record)
        if len(self.items) > MOST_RECORDS:
            del self.items[0]
            self.starting_sequence_number += 1

    def got(self: StreamShard, start: int, quantity: int) -> Any:
        return get(self, max(start, self.starting_sequence_number), quantity)

    StreamShard.add = added  # type: ignore[method-assign]
    StreamShard.get = got  # type: ignore[method-assign]


def serve_iam_in_turn() -> None:
    """Let IAM answer one request at a time: moto looks for roles and policies while others are made.

    A program makes its roles in several threads; one of them would fail with "dictionary changed size".
    """
    from moto.iam.responses import IamResponse  # noqa: PLC0415 - a slow import

    answer, turn = IamResponse.call_action, Lock()

    def call_action(self: IamResponse) -> Any:
        with turn:
            return answer(self)

    IamResponse.call_action = call_action  # type: ignore[method-assign, assignment]


def refuse_nothing_by_bucket_policies() -> None:
    """Let no policy of a bucket refuse a request: moto refuses whatever its conditions are.

    A bucket that denies plain HTTP alone would have no objects. As everywhere else here, policies are kept,
    and nobody is refused for lack of permission; what a policy opens to everybody stays open.
    """
    from moto.iam.access_control import PermissionResult  # noqa: PLC0415 - a slow import
    from moto.s3.models import FakeBucket  # noqa: PLC0415

    ask = FakeBucket.get_permission

    def get_permission(self: FakeBucket, action: str, resource: str) -> Any:
        found = ask(self, action, resource)
        return PermissionResult.NEUTRAL if found == PermissionResult.DENIED else found

    FakeBucket.get_permission = get_permission  # type: ignore[method-assign]


def correct_streams() -> None:
    """Let a shard that is split or merged keep its records; moto copies them into those that follow it.

    https://docs.aws.amazon.com/streams/latest/dev/kinesis-using-sdk-java-after-resharding.html
    """
    from moto.kinesis.models import Shard, Stream  # noqa: PLC0415 - a slow import

    split, merge, put = Stream.split_shard, Stream.merge_shards, Shard.put_record

    def split_shard(self: Stream, shard_to_split: str, new_starting_hash_key: str) -> None:
        with _KeptRecords(self, shard_to_split):
            split(self, shard_to_split, new_starting_hash_key)

    def merge_shards(self: Stream, shard_to_merge: str, adjacent_shard_to_merge: str) -> None:
        with _KeptRecords(self, shard_to_merge, adjacent_shard_to_merge):
            merge(self, shard_to_merge, adjacent_shard_to_merge)

    def put_record(self: Shard, *args: Any, **options: Any) -> str:
        sequence_number = put(self, *args, **options)
        if len(self.records) > MOST_RECORDS:
            del self.records[int(sequence_number) - MOST_RECORDS]
        return sequence_number

    Stream.split_shard = split_shard  # type: ignore[method-assign]
    Stream.merge_shards = merge_shards  # type: ignore[method-assign]
    Shard.put_record = put_record  # type: ignore[method-assign]


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
