"""Whatever a span carries, it fits into a datagram."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tracing._sender import BUDGET, fit_document

IDENTITY = {"name": "n", "id": "i" * 16, "trace_id": "t", "parent_id": "p", "type": "subsegment"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=5),
    max_leaves=20,
)


@settings(max_examples=40, deadline=None)
@given(JSON, st.integers(1, 200_000), st.sampled_from(["text", "list", "keys", "deep"]))
def test_always_fits(value: Any, size: int, shape: str) -> None:
    """Any JSON of any size and shape fits; the identity of the document is kept."""
    filler = {
        "text": "\u20ac" * size,
        "list": [value] * (size // 10),
        "keys": {f"key {number}": value for number in range(size // 10)},
        "deep": [[{"x": ["y" * 50] * (size // 100)}] * 20],
    }[shape]
    document = {**IDENTITY, "metadata": {"default": {"filler": filler, "value": value}}}
    text, _ = fit_document(document)
    assert len(text) <= BUDGET
    assert {key: json.loads(text)[key] for key in IDENTITY} == IDENTITY


def test_small_document_is_unchanged() -> None:
    """What fits is not touched."""
    document = {**IDENTITY, "metadata": {"default": {"a": [1, "two", None, 3.5]}}}
    assert fit_document(document) == (json.dumps(document, separators=(",", ":")), False)


def test_only_the_large_value_is_cut() -> None:
    """The largest value goes first and says how long it was."""
    document = {**IDENTITY, "metadata": {"default": {"large": "x" * 100_000, "small": "y" * 9000}}}
    text, shortened = fit_document(document)
    values = json.loads(text)["metadata"]["default"]
    assert shortened
    assert values["small"] == "y" * 9000
    assert values["large"].endswith("x... [truncated, 100000 characters]")
