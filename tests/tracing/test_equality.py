"""The same handlers leave the same documents in both modes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tracing.conftest import Traced, Workers
from tests.tracing.harness import PARENT

Reply = tuple[int, dict[str, str], bytes]
REFUSED: Reply = (400, {}, b'{"__type":"x#ConditionalCheckFailedException","message":"exists"}')
THROTTLED: Reply = (400, {}, b'{"__type":"x#ThrottlingException","message":"slow down"}')
BROKEN: Reply = (503, {}, b"{}")
NEVER_EQUAL = {"id", "trace_id", "parent_id", "start_time", "end_time"}

SCENARIOS: list[tuple[str, Any, Any]] = [
    ("plain", {"statusCode": 200}, None),
    ("plain", {"statusCode": 404}, None),
    ("plain", {"statusCode": 429}, None),
    ("plain", {"statusCode": 500}, None),
    ("top", "o-1", None),
    ("nested", None, None),
    ("every_kind", None, None),
    ("raising", None, None),
    ("chained", None, None),
    ("exiting", None, None),
    ("recording", None, None),
    ("methods", None, None),
    ("twice", 1, None),
    ("gathered", None, None),
    ("pooled", None, None),
    ("threaded", None, None),
    ("large", 65_536, None),
    ("large", 1_000_000, None),
    ("many_annotations", None, None),
    ("odd_values", None, None),
    ("aws_calls", None, None),
    ("put_item", None, REFUSED),
    ("put_item", None, THROTTLED),
    ("put_item", None, BROKEN),
    ("put_item_raising", None, REFUSED),
    ("invoke", "{}", None),
    ("publish", 10, None),
    ("s3_put", None, None),
    ("linked", "Root=1-5759e988-aaaaaaaaaaaaaaaaaaaaaaaa;Parent=bbbbbbbbbbbbbbbb;Sampled=1", None),
    ("http_call", 404, None),
    ("http_call", 500, None),
]


@pytest.fixture
def pair(workers: Workers) -> list[Traced]:
    """A worker of each mode, with nothing sent yet."""
    found = [workers(mode) for mode in ("otel", "native")]
    for _, daemon in found:
        daemon.take()
    return found


def normal_form(value: Any) -> Any:
    """Without ids and times, and without the recorder's name, which is to tell the modes apart."""
    if isinstance(value, dict):
        if "xray" in value.get("aws", ()):
            aws = {key: item for key, item in value["aws"].items() if key != "xray"}
            value = {
                **{key: item for key, item in value.items() if key != "aws"},
                **({"aws": aws} if aws else {}),
            }
        return {key: normal_form(item) for key, item in value.items() if key not in NEVER_EQUAL | {"time"}}
    if isinstance(value, list):
        return [normal_form(item) for item in value]
    return value


def tree(documents: list[dict[str, Any]], parent: str = PARENT) -> list[Any]:
    """Documents nested by parent, in the order of their start."""
    nested = [
        {**resolved(document, documents), "subsegments": tree(documents, document["id"])}
        for document in documents
        if document["parent_id"] == parent
    ]
    return sorted(map(normal_form, nested), key=lambda found: (found["name"], str(found)))


def exception_ids(document: dict[str, Any]) -> list[str]:
    cause = document.get("cause")
    return [exception["id"] for exception in cause["exceptions"]] if isinstance(cause, dict) else []


def resolved(document: dict[str, Any], documents: list[dict[str, Any]]) -> dict[str, Any]:
    """A cause that is an id becomes what it names; links between exceptions become their positions."""
    if isinstance(document.get("cause"), str):
        (owner,) = [found["name"] for found in documents if document["cause"] in exception_ids(found)]
        return {**document, "cause": f"the exception of {owner}"}
    if "cause" in document:
        exceptions, ids = document["cause"]["exceptions"], exception_ids(document)
        linked = [{**e, "cause": ids.index(e["cause"])} if "cause" in e else e for e in exceptions]
        return {**document, "cause": {**document["cause"], "exceptions": linked}}
    return document


@pytest.mark.parametrize(
    ("handler", "event", "answer"),
    SCENARIOS,
    ids=[f"{number}-{scenario[0]}" for number, scenario in enumerate(SCENARIOS)],
)
def test_equal(pair: Any, aws: Any, handler: str, event: Any, answer: Any) -> None:
    """Field by field: names, nesting, namespace, aws, http, flags, cause, annotations, metadata, links."""
    aws.answers.clear()
    if answer:
        aws.answers["PutItem"] = answer
    results = []
    for worker, collector in pair:
        reply = worker.invoke(handler, event)
        found = tree(collector.documents())
        assert found
        results.append((reply if handler != "gathered" else None, found))
    assert results[0] == results[1]
