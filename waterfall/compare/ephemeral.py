"""What differs between two runs of the same thing: generated ids, ports, addresses in memory."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from waterfall.traces.documents import mapping_of, text_of
from waterfall.traces.model import Trace

PRESENT = "<present>"
"""Stands for a generated value, of which only the presence is compared."""

_PATTERNS = (
    (re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE), "<uuid>"),
    (re.compile(r"\b1-[0-9a-f]{8}-[0-9a-f]{24}\b"), "<trace id>"),
    (re.compile(r"(\b127\.0\.0\.1|\blocalhost|\[::1\]):\d+"), r"\1:<port>"),
    (re.compile(r"\b(host='(?:127\.0\.0\.1|localhost)', port=)\d+"), r"\1<port>"),
    (re.compile(r"\b0x[0-9a-fA-F]{6,16}\b"), "<address>"),
    (re.compile(r"\d{4}/\d\d/\d\d/\[[^\]]+\][0-9a-f]{32}\b"), "<log stream>"),
    (re.compile(r"(:secret:.+)-[A-Za-z0-9]{6}$"), r"\1-<suffix>"),
)


def settled(trace: Trace) -> Callable[[str], str]:
    """Return what makes a text of this trace the same in every run; API ids are those that it names."""
    ids = {_api_id(node.document) for node in trace.nodes} - {None}

    def settle(text: str) -> str:
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        for api_id in ids:
            text = text.replace(str(api_id), "<api id>")
        return text

    return settle


def _api_id(document: Mapping[str, Any]) -> str | None:
    gateway = mapping_of(mapping_of(document.get("aws")).get("api_gateway"))
    return text_of(gateway.get("rest_api_id"))


def deeply(value: Any, change: Callable[[str], str]) -> Any:
    """Return a JSON value with every text in it changed; `value` must not nest deeper than can be written."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [deeply(item, change) for item in value]
    if isinstance(value, dict):
        return {key: deeply(item, change) for key, item in value.items()}
    return value
