"""What the collector's exporter made of OTLP requests, recorded, against what is made of them here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from embedded_aws.xray.intake import otlp, otlp_http
from tests.embedded_aws.xray.sdk_spans import CountingIds

CORPUS = Path(__file__).parent / "otlp_corpus"
PAGE = Path(__file__).parents[4] / "docs" / "otlp.md"
WHOLE = "documents"
IDS = {"id", "parent_id", "cause"}


def recorded(path: Path) -> Iterator[dict[str, Any]]:
    with path.open() as lines:
        yield from map(json.loads, lines)


def translated(request: dict[str, Any]) -> list[dict[str, Any]]:
    message = otlp_http.decode(otlp_http.JSON, json.dumps(request).encode())
    return otlp.translate(message.resource_spans, CountingIds()).documents


def settled(documents: list[dict[str, Any]], request: dict[str, Any]) -> list[dict[str, Any]]:
    """Replace ids that the request does not have, which were drawn, by the order of their appearance."""
    given = set(re.findall(r'pan_?[iI]d": "([0-9a-f]{16})"', json.dumps(request)))
    drawn: dict[str, str] = {}

    def settle(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: settle(value[name], name) for name in sorted(value)}
        if isinstance(value, list):
            return [settle(item) for item in value]
        if key in IDS and re.fullmatch("[0-9a-f]{16}", str(value)) and value not in given:
            return drawn.setdefault(value, f"drawn {len(drawn) + 1}")
        return value

    return [settle(document) for document in documents]


def differing(recorded_one: Any, ours: Any, field: str = "") -> set[str]:
    """Return the fields that differ, without positions in lists; `documents` when their number does."""
    if isinstance(recorded_one, dict) and isinstance(ours, dict):
        absent = object()
        names = recorded_one.keys() | ours.keys()
        pairs = ((name, recorded_one.get(name, absent), ours.get(name, absent)) for name in names)
        return {
            found
            for name, one, other in pairs
            for found in differing(one, other, f"{field}.{name}" if field else name)
        }
    if isinstance(recorded_one, list) and isinstance(ours, list) and len(recorded_one) == len(ours):
        return {
            found
            for one, other in zip(recorded_one, ours, strict=True)
            for found in differing(one, other, field)
        }
    same = recorded_one == ours and isinstance(recorded_one, bool) == isinstance(ours, bool)
    return set() if same else {field or WHOLE}


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*.jsonl")), ids=lambda path: path.stem)
def test_the_documents_are_those_of_the_exporter(path: Path) -> None:
    """They differ in the fields alone that the corpus names, with a reason of docs/otlp.md for each."""
    unexplained = {}
    for one in recorded(path):
        ours = settled(translated(one["request"]), one["request"])
        explained = {field for fields in one.get("differs", {}).values() for field in fields}
        found = differing(settled(one[WHOLE], one["request"]), ours)
        if found != explained:
            unexplained[one["case"]] = found ^ explained
    assert not unexplained


def test_the_page_has_each_reason_for_a_difference() -> None:
    """The table of docs/otlp.md and the corpus name the same reasons."""
    reasons = {
        reason
        for path in CORPUS.glob("*.jsonl")
        for one in recorded(path)
        for reason in one.get("differs", {})
    }
    table = PAGE.read_text().partition("| what |")[2].partition("\n\n")[0]
    rows = [row.split("|")[1].strip() for row in table.splitlines()[2:]]
    assert sorted(rows) == sorted(reasons)
