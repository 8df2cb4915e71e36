"""Settings of the account: encryption, where segments go, and which of them are indexed.

https://docs.aws.amazon.com/xray/latest/api/API_Operations.html

They are kept and given back. They change nothing here: the file is not encrypted, and all traces stay in
the store and are indexed, for nobody wants to miss a trace of the laptop.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from embedded_aws.aws.errors import InvalidRequestError, NotFoundError
from embedded_aws.aws.paging import paged

if TYPE_CHECKING:
    from embedded_aws.aws.ids import Clock
    from embedded_aws.aws.service import Operation
    from embedded_aws.xray.query.store import Store

_KIND = "account"
_KEY = re.compile(
    r"alias/[\w/-]{1,250}"
    r"|(?:mrk-)?[0-9a-f-]{32,40}"
    r"|arn:aws[\w-]*:kms:[\w-]+:\d{12}:(?:key/[\w-]+|alias/[\w/-]+)"
)
_RULE = "Default"
_DEFAULT_PERCENTAGE = 1.0


def operations(store: Store, clock: Clock) -> dict[str, Operation]:
    return {
        "GetEncryptionConfig": partial(_encryption, store),
        "PutEncryptionConfig": partial(_put_encryption, store),
        "GetTraceSegmentDestination": partial(_destination, store),
        "UpdateTraceSegmentDestination": partial(_update_destination, store),
        "GetIndexingRules": partial(_indexing_rules, store),
        "UpdateIndexingRule": partial(_update_indexing_rule, store, clock),
    }


def destination(store: Store) -> str:
    """Return where segments go: `XRay`, or `CloudWatchLogs` when Transaction Search is on."""
    return str(_read(store, "destination", {}).get("Destination", "XRay"))


def _encryption(store: Store, _request: dict[str, Any]) -> dict[str, Any]:
    return {"EncryptionConfig": _read(store, "encryption", {"Type": "NONE"}) | {"Status": "ACTIVE"}}


def _put_encryption(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    kind, key = request["Type"], request.get("KeyId")
    if kind == "KMS" and (key is None or not _KEY.fullmatch(key)):
        raise InvalidRequestError(
            f"KeyId {key!r} is no KMS key; Type KMS needs an alias (alias/name), a key id or an ARN"
        )
    if kind == "NONE" and key is not None:
        raise InvalidRequestError(f"KeyId {key!r} has no meaning with Type NONE; leave it out")
    store.keep_setting(_KIND, "encryption", request)
    # X-Ray takes some minutes, and answers so.
    return {"EncryptionConfig": {**request, "Status": "UPDATING"}}


def _destination(store: Store, _request: dict[str, Any]) -> dict[str, Any]:
    return {"Destination": destination(store), "Status": "ACTIVE"}


def _update_destination(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    wanted = request.get("Destination", destination(store))
    if wanted == "XRay" and "CloudWatchLogsConfiguration" in request:
        raise InvalidRequestError(
            "CloudWatchLogsConfiguration has no meaning with Destination XRay; leave it out"
        )
    store.keep_setting(_KIND, "destination", {"Destination": wanted})
    return {"Destination": wanted, "Status": "PENDING"}


def _indexing_rules(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    return paged("IndexingRules", [_rule(store)], request, 10)


def _update_indexing_rule(store: Store, clock: Clock, request: dict[str, Any]) -> dict[str, Any]:
    name, wanted = request["Name"], request["Rule"].get("Probabilistic")
    if name != _RULE:
        raise NotFoundError(
            f"There is no indexing rule {name!r}; the only one is {_RULE!r}", ResourceName=name
        )
    if wanted is None:
        raise InvalidRequestError("Rule.Probabilistic is missing; it is the only kind of indexing rule")
    share = wanted["DesiredSamplingPercentage"]
    if not 0 <= share <= 100:
        raise InvalidRequestError(
            f"Rule.Probabilistic.DesiredSamplingPercentage is {share}; it must be 0 to 100"
        )
    store.keep_setting(_KIND, "indexing", {"Desired": share, "ModifiedAt": clock()})
    return {"IndexingRule": _rule(store)}


def _rule(store: Store) -> dict[str, Any]:
    kept = _read(store, "indexing", {"Desired": _DEFAULT_PERCENTAGE, "ModifiedAt": 0.0})
    share = {"DesiredSamplingPercentage": kept["Desired"], "ActualSamplingPercentage": kept["Desired"]}
    return {"Name": _RULE, "ModifiedAt": kept["ModifiedAt"], "Rule": {"Probabilistic": share}}


def _read(store: Store, name: str, default: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = store.settings(_KIND).get(name, default)
    return found
