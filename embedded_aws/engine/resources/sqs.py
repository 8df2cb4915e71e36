"""SQS: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_Operations.html."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedded_aws.engine.registration import Update

if TYPE_CHECKING:
    from embedded_aws.engine.registration import Created, Registration, State
    from embedded_aws.engine.standing import Before

_ATTRIBUTES = {
    "contentBasedDeduplication": "ContentBasedDeduplication",
    "deduplicationScope": "DeduplicationScope",
    "delaySeconds": "DelaySeconds",
    "fifoQueue": "FifoQueue",
    "fifoThroughputLimit": "FifoThroughputLimit",
    "kmsDataKeyReusePeriodSeconds": "KmsDataKeyReusePeriodSeconds",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "maxMessageSize": "MaximumMessageSize",
    "messageRetentionSeconds": "MessageRetentionPeriod",
    "policy": "Policy",
    "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
    "redriveAllowPolicy": "RedriveAllowPolicy",
    "redrivePolicy": "RedrivePolicy",
    "sqsManagedSseEnabled": "SqsManagedSseEnabled",
    "visibilityTimeoutSeconds": "VisibilityTimeout",
}


_DEFAULTS = {
    "DelaySeconds": "0",
    "MaximumMessageSize": "1048576",
    "MessageRetentionPeriod": "345600",
    "ReceiveMessageWaitTimeSeconds": "0",
    "VisibilityTimeout": "30",
}


def queue(r: Registration) -> Created:
    """Make the queue."""
    fifo = bool(r.inputs.get("fifoQueue"))
    name = r.physical_name(max_length=80, ending=".fifo" if fifo else "")
    # SQS refuses FifoQueue=false: a standard queue leaves it out.
    attributes = {key: text for key, text in _given(r).items() if key != "FifoQueue" or fifo}
    url = r.call("sqs", "create_queue", QueueName=name, Attributes=attributes, tags=r.tags or None)[
        "QueueUrl"
    ]
    return url, {"name": name, "url": url, "arn": r.arn("sqs", name)}


def update_queue(r: Registration, before: Before) -> State:
    """Set its attributes; its messages stay."""
    changed = {_ATTRIBUTES[key] for key in before.changed if key in _ATTRIBUTES}
    attributes = {key: text for key, text in ({**_DEFAULTS, **_given(r)}).items() if key in changed}
    cleared = dict.fromkeys(changed - attributes.keys(), "")
    if changed:
        r.client("sqs").set_queue_attributes(
            QueueUrl=before.standing.id, Attributes={**attributes, **cleared}
        )
    return {}


def _given(r: Registration) -> dict[str, str]:
    return {_ATTRIBUTES[key]: r.inputs.text(key) for key in r.inputs if key in _ATTRIBUTES}


def queue_policy(r: Registration) -> Created:
    """Keep the policy; nothing is refused for lack of permission."""
    return _set_attribute(r, "policy")


def redrive_policy(r: Registration) -> Created:
    """Move messages to the dead-letter queue after so many receives."""
    return _set_attribute(r, "redrivePolicy")


def redrive_allow_policy(r: Registration) -> Created:
    """Keep the policy; nothing is refused for lack of permission."""
    return _set_attribute(r, "redriveAllowPolicy")


def _set_attribute(r: Registration, key: str) -> Created:
    r.call("sqs", "set_queue_attributes", Attributes={_ATTRIBUTES[key]: r.inputs.text(key)})
    return r.inputs["queueUrl"], {}


RESOURCES = {
    "aws:sqs/queue:Queue": queue,
    "aws:sqs/queuePolicy:QueuePolicy": queue_policy,
    "aws:sqs/redrivePolicy:RedrivePolicy": redrive_policy,
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": redrive_allow_policy,
}

UPDATES = {
    "aws:sqs/queue:Queue": Update(update_queue, frozenset({"name", "namePrefix", "fifoQueue"})),
}
