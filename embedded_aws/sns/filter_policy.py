"""Which messages a subscription takes: pure functions.

https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from embedded_aws.aws.event_patterns import Pattern, matches
from embedded_aws.aws.parsing import ParseError, read_json


def takes(
    policy: Pattern | None, scope: str, message: str, attributes: Mapping[str, Mapping[str, Any]]
) -> bool:
    """Tell whether a message passes a policy on its attributes, or on its text: scope `MessageBody`."""
    if not policy:
        return True
    if scope != "MessageBody":
        return matches(policy, {name: _value(given) for name, given in attributes.items() if _is_seen(given)})
    try:
        body = read_json(message)
    except ParseError:
        return False
    return isinstance(body, dict) and matches(policy, body)


def _is_seen(attribute: Mapping[str, Any]) -> bool:
    return not str(attribute["Type"]).startswith("Binary")


def _value(attribute: Mapping[str, Any]) -> Any:
    """Return an attribute as a policy compares it: an array of texts as such, a number as one."""
    kind, value = attribute["Type"], attribute["Value"]
    try:
        if kind == "String.Array":
            return read_json(value)
        if str(kind).startswith("Number"):
            number = float(value)
            return int(number) if number.is_integer() else number
    except (ParseError, ValueError):
        pass
    return value if isinstance(value, str) else json.dumps(value)
