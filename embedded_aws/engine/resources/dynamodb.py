"""DynamoDB: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations.html."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from embedded_aws.engine.registration import Update

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedded_aws.engine.registration import Created, Registration, State
    from embedded_aws.engine.standing import Before


def table(r: Registration) -> Created:
    """Make the table with its indexes."""
    name = r.physical_name()
    provisioned = r.inputs.get("billingMode", "PROVISIONED") == "PROVISIONED"
    answer = r.call(
        "dynamodb",
        "create_table",
        TableName=name,
        AttributeDefinitions=[
            {"AttributeName": item["name"], "AttributeType": item["type"]}
            for item in r.inputs.get("attributes", [])
        ],
        KeySchema=_keys(r.inputs),
        ProvisionedThroughput=_throughput(r.inputs) if provisioned else None,
        GlobalSecondaryIndexes=[
            _index(index, provisioned=provisioned) for index in r.inputs.get("globalSecondaryIndexes", [])
        ]
        or None,
        LocalSecondaryIndexes=[
            _local_index(r.inputs, index) for index in r.inputs.get("localSecondaryIndexes", [])
        ]
        or None,
        StreamSpecification=_stream(r.inputs),
        SSESpecification=_encryption(r.inputs.get("serverSideEncryption")),
        Tags=r.tag_list(),
    )
    _time_to_live(r, name)
    _point_in_time_recovery(r, name)
    created = answer["TableDescription"]
    return name, {
        "name": name,
        "arn": created["TableArn"],
        "streamArn": created.get("LatestStreamArn", ""),
        "streamLabel": created.get("LatestStreamLabel", ""),
    }


_MADE_WITH = frozenset({
    "name", "hashKey", "rangeKey", "localSecondaryIndexes", "restoreSourceName", "importTable",
})  # fmt: skip


def update_table(r: Registration, before: Before) -> State:
    """Change billing, stream, expiry and recovery; its items stay."""
    name, client, state = before.standing.id, r.client("dynamodb"), {}
    if before.has("billingMode", "readCapacity", "writeCapacity"):
        mode = r.inputs.get("billingMode", "PROVISIONED")
        provisioned = {"ProvisionedThroughput": _throughput(r.inputs)} if mode == "PROVISIONED" else {}
        client.update_table(TableName=name, BillingMode=mode, **provisioned)
    if before.has("streamEnabled", "streamViewType"):
        stream = _stream(r.inputs) or {"StreamEnabled": False}
        made = client.update_table(TableName=name, StreamSpecification=stream)["TableDescription"]
        state = {
            "streamArn": made.get("LatestStreamArn", ""),
            "streamLabel": made.get("LatestStreamLabel", ""),
        }
    if before.has("globalSecondaryIndexes"):
        _change_indexes(r, before, name)
    if before.has("ttl"):
        _time_to_live(r, name)
    if before.has("pointInTimeRecovery"):
        _point_in_time_recovery(r, name)
    return state


def _change_indexes(r: Registration, before: Before, name: str) -> None:
    """Delete and create global indexes, one a call, as DynamoDB has it."""
    provisioned = r.inputs.get("billingMode", "PROVISIONED") == "PROVISIONED"
    old, new = (
        {index["name"]: index for index in inputs.get("globalSecondaryIndexes") or []}
        for inputs in (before.standing.inputs, r.inputs)
    )
    changed = {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}
    updates = [{"Delete": {"IndexName": key}} for key in sorted(changed & old.keys())]
    updates += [{"Create": _index(new[key], provisioned=provisioned)} for key in sorted(changed & new.keys())]
    for update in updates:
        r.client("dynamodb").update_table(
            TableName=name,
            AttributeDefinitions=[
                {"AttributeName": item["name"], "AttributeType": item["type"]}
                for item in r.inputs.get("attributes", [])
            ],
            GlobalSecondaryIndexUpdates=[update],
        )


def table_item(r: Registration) -> Created:
    """Put the item."""
    r.call("dynamodb", "put_item", Item=json.loads(r.inputs.text("item")))
    key = {name: r.inputs[name] for name in ("hashKey", "rangeKey") if name in r.inputs}
    return "|".join((r.inputs["tableName"], *map(str, key.values()))), {}


def _keys(given: Mapping[str, Any]) -> list[dict[str, str]]:
    kinds = (("hashKey", "HASH"), ("rangeKey", "RANGE"))
    return [{"AttributeName": given[key], "KeyType": kind} for key, kind in kinds if given.get(key)]


def _throughput(given: Mapping[str, Any]) -> dict[str, int]:
    return {
        "ReadCapacityUnits": int(given.get("readCapacity") or 1),
        "WriteCapacityUnits": int(given.get("writeCapacity") or 1),
    }


def _projection(given: Mapping[str, Any]) -> dict[str, Any]:
    projection = {"ProjectionType": given["projectionType"]}
    if given.get("nonKeyAttributes"):
        projection["NonKeyAttributes"] = given["nonKeyAttributes"]
    return projection


def _index(index: Mapping[str, Any], *, provisioned: bool) -> dict[str, Any]:
    described = {
        "IndexName": index["name"],
        "KeySchema": _index_keys(index),
        "Projection": _projection(index),
    }
    return described | ({"ProvisionedThroughput": _throughput(index)} if provisioned else {})


def _index_keys(index: Mapping[str, Any]) -> list[dict[str, str]]:
    if schemas := index.get("keySchemas"):
        return [{"AttributeName": key["attributeName"], "KeyType": key["keyType"]} for key in schemas]
    return _keys(index)


def _local_index(given: Mapping[str, Any], index: Mapping[str, Any]) -> dict[str, Any]:
    keys = _keys({"hashKey": given["hashKey"], "rangeKey": index["rangeKey"]})
    return {"IndexName": index["name"], "KeySchema": keys, "Projection": _projection(index)}


def _stream(given: Mapping[str, Any]) -> dict[str, Any] | None:
    if not given.get("streamEnabled"):
        return None
    return {"StreamEnabled": True, "StreamViewType": given["streamViewType"]}


def _encryption(given: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if not given or not given.get("enabled"):
        return None
    key = {"KMSMasterKeyId": given["kmsKeyArn"]} if given.get("kmsKeyArn") else {}
    return {"Enabled": True, "SSEType": "KMS", **key}


def _time_to_live(r: Registration, name: str) -> None:
    ttl = r.inputs.get("ttl")
    if ttl and ttl.get("enabled", True) and ttl.get("attributeName"):
        specification = {"Enabled": True, "AttributeName": ttl["attributeName"]}
        r.client("dynamodb").update_time_to_live(TableName=name, TimeToLiveSpecification=specification)


def _point_in_time_recovery(r: Registration, name: str) -> None:
    recovery = r.inputs.get("pointInTimeRecovery")
    if recovery and recovery.get("enabled"):
        specification = {"PointInTimeRecoveryEnabled": True}
        r.client("dynamodb").update_continuous_backups(
            TableName=name, PointInTimeRecoverySpecification=specification
        )


RESOURCES = {
    "aws:dynamodb/table:Table": table,
    "aws:dynamodb/tableItem:TableItem": table_item,
}

UPDATES = {"aws:dynamodb/table:Table": Update(update_table, _MADE_WITH)}
