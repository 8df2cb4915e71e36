"""What a recording holds of a trace: its normal form, without what only one run or one account has.

Beyond what `waterfall.compare.normal` leaves out: who asked (address, user agent), how long an answer was,
stacks, account ids, the seven digits that Pulumi puts behind names, times in texts, and secrets. What
functions recorded while they were imported is not there either: only some runs are cold.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from waterfall.compare.alignment import in_order
from waterfall.compare.ephemeral import deeply
from waterfall.compare.normal import Entity, entity, normal_form
from waterfall.traces.documents import list_of, mapping_of
from waterfall.traces.model import Trace

TRACE = "trace"
LINKED = "linked trace"
_ASKING = frozenset({"client_ip", "user_agent", "x_forwarded_for"})
_OF_STACKS = frozenset({"stack", "skipped", "truncated"})
_PATTERNS = (
    (re.compile(r"(?<=[A-Za-z0-9])-(?=[0-9a-f]*[0-9])[0-9a-f]{7}(?![A-Za-z0-9])"), ""),
    (re.compile(r"(?<=[:/])\d{12}(?=[:/])"), "<account>"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?"), "<time>"),
)


def recorded_form(trace: Trace, linked: Sequence[Trace], redact: Callable[[Any], Any]) -> tuple[Entity, ...]:
    """Return a trace and those linked to it, each an entity of kind `trace` with its roots below it."""

    def form(one: Trace, title: str) -> Entity:
        return whole(title, normal_form(one, imports=False, change=lambda fields: _kept(fields, redact)))

    others = [form(one, LINKED) for one in linked]
    return (form(trace, TRACE), *in_order(others))


def whole(title: str, roots: Sequence[Entity]) -> Entity:
    """Return a trace as an entity."""
    return entity({"name": title, "kind": "trace"}, roots)


def _kept(fields: dict[str, Any], redact: Callable[[Any], Any]) -> dict[str, Any]:
    http, aws = mapping_of(fields.get("http")), mapping_of(fields.get("aws"))
    kept = {
        **fields,
        "http": {
            side: {key: item for key, item in mapping_of(parts).items() if key not in _LEFT_OUT[side]}
            if side in _LEFT_OUT
            else parts
            for side, parts in http.items()
        },
        "aws": _without_account(aws),
        "cause": _cause(mapping_of(fields.get("cause"))),
    }
    found = deeply(redact(kept), _settled)
    return {key: item for key, item in found.items() if item not in ({}, [])}


_LEFT_OUT: Mapping[str, frozenset[str]] = {"request": _ASKING, "response": frozenset({"content_length"})}


def _settled(text: str) -> str:
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def _without_account(aws: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: _without_account(item) if isinstance(item, Mapping) else item
        for key, item in aws.items()
        if key != "account_id"
    }


def _cause(cause: Mapping[str, Any]) -> dict[str, Any]:
    if "exceptions" not in cause:
        return dict(cause)
    exceptions = [mapping_of(item) for item in list_of(cause["exceptions"])]
    return {"exceptions": [{key: item[key] for key in item if key not in _OF_STACKS} for item in exceptions]}
