"""Settings of the account: encryption, where segments go, and which of them are indexed.

https://docs.aws.amazon.com/xray/latest/api/API_Operations.html

They are kept and given back. They change nothing here: the file is not encrypted, and all traces stay in
the store and are indexed, for nobody wants to miss a trace of the laptop.
"""

from __future__ import annotations

import json
import re
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
    api = _AccountApi(store, clock)
    return {
        "GetEncryptionConfig": api.encryption,
        "PutEncryptionConfig": api.put_encryption,
        "GetTraceSegmentDestination": api.destination,
        "UpdateTraceSegmentDestination": api.update_destination,
        "GetIndexingRules": api.indexing_rules,
        "UpdateIndexingRule": api.update_indexing_rule,
    }


def destination(store: Store) -> str:
    """Return where segments go: `XRay`, or `CloudWatchLogs` when Transaction Search is on."""
    return str(_read(store, "destination", {}).get("Destination", "XRay"))


class _AccountApi:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def encryption(self, _request: dict[str, Any]) -> dict[str, Any]:
        return {"EncryptionConfig": _read(self._store, "encryption", {"Type": "NONE"}) | {"Status": "ACTIVE"}}

    def put_encryption(self, request: dict[str, Any]) -> dict[str, Any]:
        kind, key = request["Type"], request.get("KeyId")
        if kind == "KMS" and (key is None or not _KEY.fullmatch(key)):
            raise InvalidRequestError(
                f"KeyId {key!r} is no KMS key; Type KMS needs an alias (alias/name), a key id or an ARN"
            )
        if kind == "NONE" and key is not None:
            raise InvalidRequestError(f"KeyId {key!r} has no meaning with Type NONE; leave it out")
        self._keep("encryption", request)
        # X-Ray takes some minutes, and answers so.
        return {"EncryptionConfig": {**request, "Status": "UPDATING"}}

    def destination(self, _request: dict[str, Any]) -> dict[str, Any]:
        return {"Destination": destination(self._store), "Status": "ACTIVE"}

    def update_destination(self, request: dict[str, Any]) -> dict[str, Any]:
        wanted = request.get("Destination", destination(self._store))
        if wanted == "XRay" and "CloudWatchLogsConfiguration" in request:
            raise InvalidRequestError(
                "CloudWatchLogsConfiguration has no meaning with Destination XRay; leave it out"
            )
        self._keep("destination", {"Destination": wanted})
        return {"Destination": wanted, "Status": "PENDING"}

    def indexing_rules(self, request: dict[str, Any]) -> dict[str, Any]:
        return paged("IndexingRules", [self._rule()], request, 10)

    def update_indexing_rule(self, request: dict[str, Any]) -> dict[str, Any]:
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
        self._keep("indexing", {"Desired": share, "ModifiedAt": self._clock()})
        return {"IndexingRule": self._rule()}

    def _rule(self) -> dict[str, Any]:
        kept = _read(self._store, "indexing", {"Desired": _DEFAULT_PERCENTAGE, "ModifiedAt": 0.0})
        share = {"DesiredSamplingPercentage": kept["Desired"], "ActualSamplingPercentage": kept["Desired"]}
        return {"Name": _RULE, "ModifiedAt": kept["ModifiedAt"], "Rule": {"Probabilistic": share}}

    def _keep(self, name: str, value: dict[str, Any]) -> None:
        self._store.keep_setting(_KIND, name, json.dumps(value))


def _read(store: Store, name: str, default: dict[str, Any]) -> dict[str, Any]:
    text = store.settings(_KIND).get(name)
    found: dict[str, Any] = default if text is None else json.loads(text)
    return found
