"""Event notifications: which configuration wants a change, and what it tells. Pure functions.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote_plus

from embedded_aws.aws.bucket_notifications import key_rules
from embedded_aws.aws.interfaces import ACCOUNT_ID
from embedded_aws.aws.moto_events import ObjectChanged

_OWNER = {"principalId": "A3NL1KOZZKExample"}
_CALLER = "127.0.0.1"


def wants(events: Sequence[str], filters: Mapping[str, Any], change: ObjectChanged) -> bool:
    """Tell whether a configuration is for a change: by its events, and by prefix and suffix of the key.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html
    """
    kind = change.event.partition(":")[0]
    names = {f"s3:{change.event}", f"s3:{kind}:*"}
    wanted = key_rules(filters)
    is_place = change.key.startswith(wanted.get("prefix", "")) and change.key.endswith(
        wanted.get("suffix", "")
    )
    return not names.isdisjoint(events) and is_place


def message(change: ObjectChanged, configuration_id: str, request_id: str, at: float) -> str:
    """Return what functions, queues and topics get: one record."""
    thing: dict[str, Any] = {"key": quote_plus(change.key, safe="/"), "sequencer": _sequencer(at)}
    if not change.event.startswith("ObjectRemoved"):
        thing |= {"size": change.size, "eTag": change.etag}
    if change.version_id:
        thing["versionId"] = change.version_id
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": change.region,
        "eventTime": _timestamp(at),
        "eventName": change.event,
        "userIdentity": _OWNER,
        "requestParameters": {"sourceIPAddress": _CALLER},
        "responseElements": {"x-amz-request-id": request_id, "x-amz-id-2": request_id},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": configuration_id,
            "bucket": {
                "name": change.bucket,
                "ownerIdentity": _OWNER,
                "arn": f"arn:aws:s3:::{change.bucket}",
            },
            "object": thing,
        },
    }
    return json.dumps({"Records": [record]})


def test_event(bucket: str, request_id: str, at: float) -> str:
    """Return what queues and topics get when a configuration is set."""
    return json.dumps({
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": _timestamp(at),
        "Bucket": bucket,
        "RequestId": request_id,
        "HostId": request_id,
    })  # fmt: skip


def bridge_event(change: ObjectChanged, event_id: str, at: float) -> dict[str, Any] | None:
    """Return the event for EventBridge; `None` for changes that it is not told of."""
    kind, _, how = change.event.partition(":")
    if kind not in _DETAILS:
        return None
    detail_type, reason = _DETAILS[kind](how)
    thing: dict[str, Any] = {"key": change.key, "sequencer": _sequencer(at)}
    if kind != "ObjectRemoved":
        thing |= {"size": change.size, "etag": change.etag}
    if change.version_id:
        thing["version-id"] = change.version_id
    detail = {
        "version": "0",
        "bucket": {"name": change.bucket},
        "object": thing,
        "request-id": event_id,
        "requester": ACCOUNT_ID,
        "source-ip-address": _CALLER,
        **reason,
    }
    return {
        "version": "0",
        "id": event_id,
        "detail-type": detail_type,
        "source": "aws.s3",
        "account": ACCOUNT_ID,
        "time": dt.datetime.fromtimestamp(int(at), dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": change.region,
        "resources": [f"arn:aws:s3:::{change.bucket}"],
        "detail": detail,
    }


_CREATED = {"Put": "PutObject", "Post": "POST Object", "Copy": "CopyObject"}
_REMOVED = {"Delete": "Permanently Deleted", "DeleteMarkerCreated": "Delete Marker Created"}
_RESTORED = {
    "Post": "Object Restore Initiated",
    "Completed": "Object Restore Completed",
    "Delete": "Object Restore Expired",
}
_TAGGED = {"Put": "Object Tags Added", "Delete": "Object Tags Deleted"}

_DETAILS: Mapping[str, Any] = {
    "ObjectCreated": lambda how: ("Object Created", {"reason": _CREATED.get(how, how)}),
    "ObjectRemoved": lambda how: (
        "Object Deleted",
        {"reason": "DeleteObject", "deletion-type": _REMOVED.get(how, how)},
    ),
    "ObjectRestore": lambda how: (_RESTORED.get(how, how), {}),
    "ObjectTagging": lambda how: (_TAGGED.get(how, how), {}),
    "ObjectAcl": lambda _: ("Object ACL Updated", {}),
}


def _sequencer(at: float) -> str:
    return f"{int(at * 1_000_000):016X}"


def _timestamp(at: float) -> str:
    moment = dt.datetime.fromtimestamp(at, dt.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
