"""Which configurations of a bucket's notifications S3 refuses: two that one event would fit.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations, product
from typing import Any

_SAME_EVENT = "Configurations overlap. Configurations on the same bucket cannot share a common event type."
_SAME_KEYS = (
    "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are "
    "overlapping for the same event type."
)


def conflict(configuration: Mapping[str, Any]) -> str | None:
    """Return why S3 refuses a configuration, as moto parses it, in S3's words."""
    given = [
        one
        for kind in ("CloudFunction", "Queue", "Topic")
        for one in configuration.get(f"{kind}Configuration") or ()
    ]
    for first, second in combinations(given, 2):
        keys = [key_rules(one.get("Filter") or {}) for one in (first, second)]
        if _share_events(first["Event"], second["Event"]) and _share_keys(*keys):
            return _SAME_KEYS if any(keys) else _SAME_EVENT
    return None


def key_rules(filters: Mapping[str, Any]) -> dict[str, str]:
    """Return what keys have to begin and to end with: `prefix` and `suffix`, where there are rules."""
    rules = (filters.get("S3Key") or {}).get("FilterRule") or ()
    return {str(rule["Name"]).lower(): str(rule["Value"] or "") for rule in rules}


def _share_events(first: list[str], second: list[str]) -> bool:
    return any(_fits(one, other) or _fits(other, one) for one, other in product(first, second))


def _fits(kind: str, event: str) -> bool:
    return event.startswith(kind[:-1]) if kind.endswith("*") else event == kind


def _share_keys(first: Mapping[str, str], second: Mapping[str, str]) -> bool:
    """Tell whether a key can fit both: one prefix starts with the other, one suffix ends with the other."""
    prefixes = sorted((first.get("prefix", ""), second.get("prefix", "")), key=len)
    suffixes = sorted((first.get("suffix", ""), second.get("suffix", "")), key=len)
    return prefixes[1].startswith(prefixes[0]) and suffixes[1].endswith(suffixes[0])
