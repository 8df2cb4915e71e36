"""Rules for what holds data: queues and what reads them, tables, buckets."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from rules.functions import FUNCTION
from rules.rule import Resource, given, rule, stack_rule

QUEUE = "aws:sqs/queue:Queue"
MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping"
BUCKETS = ("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2")
_BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
_BLOCKED = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


@stack_rule(QUEUE, fix="set redrive_policy to a second queue, or make it a WorkQueue")
def queues_have_dead_letters(queue: Resource, stack: Sequence[Resource]) -> Iterator[str]:
    """What a queue's consumer fails at again and again is put aside, neither lost nor tried for ever."""
    if not given(queue.props, "redrivePolicy") and not any(_puts_aside(one, queue) for one in stack):
        yield "has no dead-letter queue, so what always fails is tried until it expires, and then lost"


@stack_rule(MAPPING, fix="raise visibility_timeout_seconds of the queue above the function's timeout")
def queues_wait_for_their_function(mapping: Resource, stack: Sequence[Resource]) -> Iterator[str]:
    """A message stays invisible for as long as the function may work on it; six times that is advised.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    """
    queues = [one for one in stack if one.type == QUEUE and _is_meant(one, mapping, "eventSourceArn")]
    functions = [one for one in stack if one.type == FUNCTION and _is_meant(one, mapping, "functionName")]
    for queue in queues:
        for function in functions:
            visible = _number(queue, "visibilityTimeoutSeconds", 30)
            timeout = _number(function, "timeout", 3)
            if visible < timeout:
                yield (
                    f"reads {queue.name}, whose messages are seen again after {visible:g} s, with "
                    f"{function.name}, which may work for {timeout:g} s"
                )


@rule(MAPPING, fix="set function_response_types to ReportBatchItemFailures, or make it a QueueTrigger")
def queue_mappings_report_failed_items(mapping: Resource) -> Iterator[str]:
    """One bad message does not bring a whole batch back.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    if _of_stream(mapping):
        return
    if "ReportBatchItemFailures" not in list(mapping.props.get("functionResponseTypes", ())):
        yield "repeats the whole batch when one of its messages fails"


@rule(MAPPING, fix="set on_failure in destination_config, and maximum_retry_attempts")
def stream_mappings_have_a_failure_destination(mapping: Resource) -> Iterator[str]:
    """A record that always fails neither stops its shard nor is lost without a word.

    https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
    """
    if _of_stream(mapping) and not given(mapping.props.get("destinationConfig", {}), "onFailure"):
        yield "has no destination for the records that fail"


@rule(QUEUE, fix="set sqs_managed_sse_enabled, or kms_master_key_id")
def queues_are_encrypted(queue: Resource) -> Iterator[str]:
    """A queue's messages are encrypted at rest."""
    # SQS encrypts by itself unless it is told not to
    told_not_to = given(queue.props, "sqsManagedSseEnabled") and not queue.props["sqsManagedSseEnabled"]
    if told_not_to and not given(queue.props, "kmsMasterKeyId"):
        yield "is told not to encrypt its messages"


@stack_rule(*BUCKETS, fix="add a BucketPublicAccessBlock with all four set, or make it an ObjectBucket")
def buckets_are_closed(bucket: Resource, stack: Sequence[Resource]) -> Iterator[str]:
    """No object can be made public, by policy or by ACL."""
    blocks = [one for one in stack if one.type == _BLOCK and _is_meant(bucket, one, "bucket")]
    if not any(all(block.props.get(name) for name in _BLOCKED) for block in blocks):
        yield "can be opened to the public by a later policy or ACL"


def _puts_aside(queue: Resource, other: Resource) -> bool:
    """Return whether `other` is the dead-letter queue of `queue`."""
    if not given(queue.props, "redrivePolicy"):
        return False
    if other.urn in queue.uses.get("redrivePolicy", ()):
        return True
    if queue.uses.get("redrivePolicy"):
        return False
    target = json.loads(queue.props["redrivePolicy"]).get("deadLetterTargetArn", "")
    return bool(target == other.props.get("arn", "unknown"))


def _is_meant(one: Resource, by: Resource, name: str) -> bool:
    """Return whether an input of `by` has an output of `one`."""
    return one.urn in by.uses.get(name, ())


def _of_stream(mapping: Resource) -> bool:
    return given(mapping.props, "startingPosition")


def _number(resource: Resource, name: str, default: float) -> float:
    value: Any = resource.props.get(name)
    return default if value is None else float(value)
