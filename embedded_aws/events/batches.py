"""What becomes of a stream's batch after an invocation, and what a destination is told: pure functions.

https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from embedded_aws.aws.interfaces import InvokeResult
from embedded_aws.events.mapping import EventSourceMapping
from embedded_aws.events.records import failed_ids
from embedded_aws.streams.shards import Record

Condition = Literal["RetryAttemptsExhausted", "RecordAgeExceeded"]


@dataclass(frozen=True)
class Batch:
    """Records of one shard in their order.

    `invocations` were made with them, the last with this `result`; `failures` of these use the quota up.
    """

    shard: str
    records: tuple[Record, ...]
    failures: int = 0
    invocations: int = 0
    result: InvokeResult | None = None

    def invoked(self, result: InvokeResult) -> Batch:
        """Return the batch after one more invocation."""
        return replace(self, invocations=self.invocations + 1, result=result)

    def first_failed(self, *, reports: bool) -> int:
        """Return the place of the first record that is to be tried again: behind the last after a success.

        A reply that names several records names the first of them.
        https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
        """
        if self.result is None or self.result.function_error:
            return 0
        numbers = [record.sequence_number for record in self.records]
        failed = failed_ids(self.result.payload, numbers) if reports else set()
        return min(map(numbers.index, failed), default=len(numbers))

    def after(self, first_failed: int, *, bisect: bool) -> tuple[Batch, ...]:
        """Return what is to be tried next, of a batch that failed; splitting does not use the quota up.

        A batch of which a part succeeded is split there, every other one in the middle.
        """
        rest = self.records[first_failed:]
        if bisect and first_failed:
            return (replace(self, records=rest),)
        if bisect and len(rest) > 1:
            middle = len(rest) // 2
            return replace(self, records=rest[:middle]), replace(self, records=rest[middle:])
        return (replace(self, records=rest, failures=self.failures + 1),)

    def aged(self, oldest: float) -> tuple[Batch, Batch]:
        """Split off the records that arrived before a time, in epoch seconds."""
        count = next((n for n, record in enumerate(self.records) if record.at >= oldest), len(self.records))
        old, young = self.records[:count], self.records[count:]
        return replace(self, records=old), replace(self, records=young)


def event(mapping: EventSourceMapping, records: Sequence[Record]) -> bytes:
    """Return Lambda's event with these records; those of Kinesis name the function's role."""
    identity = {"invokeIdentityArn": mapping.role} if ":kinesis:" in mapping.source_arn else {}
    return json.dumps({"Records": [{**record.content, **identity} for record in records]}).encode()


def destination_record(
    mapping: EventSourceMapping, batch: Batch, condition: Condition, now: float
) -> dict[str, Any]:
    """Return the record that a destination receives."""
    context = {
        "requestId": batch.result.request_id if batch.result else "",
        "functionArn": mapping.function_arn,
        "condition": condition,
        "approximateInvokeCount": batch.invocations,
    }
    info = {
        "shardId": batch.shard,
        "startSequenceNumber": batch.records[0].sequence_number,
        "endSequenceNumber": batch.records[-1].sequence_number,
        "approximateArrivalOfFirstRecord": _time(batch.records[0].at),
        "approximateArrivalOfLastRecord": _time(batch.records[-1].at),
        "batchSize": len(batch.records),
        "streamArn": mapping.source_arn,
    }
    kind = "DDBStreamBatchInfo" if ":dynamodb:" in mapping.source_arn else "KinesisBatchInfo"
    record: dict[str, Any] = {"requestContext": context}
    if batch.result:
        record["responseContext"] = _response(batch.result)
    return record | {"version": "1.0", "timestamp": _time(now), kind: info}


def _response(result: InvokeResult) -> dict[str, Any]:
    response = {"statusCode": result.status, "executedVersion": result.executed_version}
    return response | ({"functionError": result.function_error} if result.function_error else {})


def _time(epoch: float) -> str:
    moment = dt.datetime.fromtimestamp(epoch, dt.UTC)
    precision = "milliseconds" if moment.microsecond else "seconds"
    return moment.isoformat(timespec=precision).replace("+00:00", "Z")
