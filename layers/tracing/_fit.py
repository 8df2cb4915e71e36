"""Makes documents and spans fit into a datagram: the largest values go first, and are marked."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from tracing._document import plain

HEADER = b'{"format":"json","version":1}\n'
BUDGET = 63 * 1024 - len(HEADER)
"""Bytes of one datagram's body: UDP carries 65,507, X-Ray takes documents up to 64 kB."""

T = TypeVar("T")

_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
_STRING_CAPS = tuple(2**power for power in range(15, 5, -1))
_ITEM_CAPS = tuple(2**power for power in range(10, -1, -1))
_KEPT = frozenset({"name", "id", "trace_id", "parent_id", "type"})


def encode(document: Mapping[str, Any]) -> str:
    """JSON in ASCII, so that characters are bytes."""
    try:
        return _encode(document)
    except (TypeError, ValueError):
        return _encode(plain(document))


def fit(value: T, size: Callable[[T], int], budget: int = BUDGET) -> tuple[T, bool]:
    """Shorten what `size` measures to at most `budget`; says whether anything was shortened.

    First strings, from the longest on, then long lists and objects.
    """
    if size(value) <= budget:
        return value, False
    for longest in _STRING_CAPS:
        value = _cut_strings(value, longest)
        if size(value) <= budget:
            return value, True
    for most in _ITEM_CAPS:
        value = _cut_items(value, most, depth=0)
        if size(value) <= budget:
            break
    return value, True


def fit_document(document: Mapping[str, Any]) -> tuple[str, bool]:
    """The JSON text of a document that fits one datagram."""
    text = encode(document)
    if len(text) <= BUDGET:
        return text, False
    shortened, _ = fit(plain(document), lambda value: len(encode(value)))
    return encode(shortened), True


def _cut_strings(value: Any, longest: int) -> Any:
    if isinstance(value, str):
        return _cut(value, longest)
    if isinstance(value, dict):
        return {
            key if len(key) <= longest else _cut(key, longest): item
            if key in _KEPT
            else _cut_strings(item, longest)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_cut_strings(item, longest) for item in value]
    return value


def _cut(text: str, longest: int) -> str:
    if len(text) <= longest + 40 or text.endswith(" characters]"):
        head, _, marker = text.rpartition("... [truncated, ")
        return text if len(head) <= longest else f"{head[:longest]}... [truncated, {marker}"
    return f"{text[:longest]}... [truncated, {len(text)} characters]"


def _cut_items(value: Any, most: int, depth: int) -> Any:
    """Containers keep their first `most` items; a document's own fields are never dropped."""
    if isinstance(value, dict):
        kept = dict(list(value.items())[:most]) if depth else value
        cut = {key: _cut_items(item, most, depth + 1) for key, item in kept.items()}
        if len(kept) < len(value):
            cut["[truncated]"] = f"{len(value) - len(kept)} more"
        return cut
    if isinstance(value, list | tuple):
        cut_list = [_cut_items(item, most, depth + 1) for item in value[:most]]
        if len(value) > most:
            cut_list.append(f"[truncated, {len(value) - most} more]")
        return cut_list
    return value
