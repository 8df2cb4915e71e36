"""Kinesis: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_Operations.html."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from embedded_aws.engine.registration import Created, Registration

_DEFAULT_HOURS = 24


def stream(r: Registration) -> Created:
    """Make the stream with its shards; its retention and encryption are kept, and do nothing."""
    name = r.physical_name(max_length=128)
    details = r.inputs.get("streamModeDetails") or {}
    r.call("kinesis", "create_stream", StreamName=name, Tags=r.tags or None)
    client = r.client("kinesis")
    hours = int(r.inputs.get("retentionPeriod") or _DEFAULT_HOURS)
    if hours > _DEFAULT_HOURS:
        client.increase_stream_retention_period(StreamName=name, RetentionPeriodHours=hours)
    if r.inputs.get("encryptionType") == "KMS":
        client.start_stream_encryption(StreamName=name, EncryptionType="KMS", KeyId=r.inputs["kmsKeyId"])
    if metrics := r.inputs.get("shardLevelMetrics"):
        client.enable_enhanced_monitoring(StreamName=name, ShardLevelMetrics=metrics)
    made = client.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    return made["StreamARN"], {
        "name": name,
        "arn": made["StreamARN"],
        "shardCount": 0 if details.get("streamMode") == "ON_DEMAND" else made["OpenShardCount"],
    }


def stream_consumer(r: Registration) -> Created:
    """Register the consumer, whose ARN an event source mapping may name."""
    name = r.physical_name(max_length=128)
    made = r.call("kinesis", "register_stream_consumer", {"streamArn": "StreamARN"}, ConsumerName=name)
    consumer = made["Consumer"]
    return consumer["ConsumerARN"], {
        "name": name,
        "arn": consumer["ConsumerARN"],
        "creationTimestamp": consumer["ConsumerCreationTimestamp"].isoformat(),
    }


RESOURCES = {
    "aws:kinesis/stream:Stream": stream,
    "aws:kinesis/streamConsumer:StreamConsumer": stream_consumer,
}
