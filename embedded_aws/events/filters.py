"""Filter criteria of event source mappings: which records reach the function.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from embedded_aws.aws import event_patterns
from embedded_aws.aws.event_patterns import EventPatternError, Pattern
from embedded_aws.aws.parsing import read_json

_OPERATORS = ("anything-but", "equals-ignore-case", "exists", "numeric", "prefix", "suffix")
"""Those that Lambda has of EventBridge's."""

_DATA = ("body", "data")
"""Fields whose text is matched as JSON when the pattern looks into it."""


class FilterError(ValueError):
    """A pattern is not valid, or uses an operator that is not supported."""


def parse_patterns(criteria: Mapping[str, Any] | None) -> tuple[Pattern, ...]:
    """Read `FilterCriteria`; raises `FilterError` naming what is wrong."""
    texts = [item.get("Pattern", "{}") for item in (criteria or {}).get("Filters") or ()]
    return tuple(_parse(text) for text in texts)


def matches(patterns: Sequence[Pattern], record: Mapping[str, Any]) -> bool:
    """Tell whether a record passes any of the patterns; without patterns every record does.

    A body or data that is JSON text is matched as JSON when the pattern looks into it.
    """
    return not patterns or any(_matches_record(pattern, record) for pattern in patterns)


def _parse(text: str) -> Pattern:
    try:
        return event_patterns.parse(text, _OPERATORS)
    except EventPatternError as error:
        raise FilterError(f"filter pattern {text!r}: {error}") from error


def _matches_record(pattern: Pattern, record: Mapping[str, Any]) -> bool:
    for name in _DATA:
        if isinstance(pattern.get(name), dict):
            try:
                record = {**record, name: read_json(record[name])}
            except ValueError:
                return False
    return event_patterns.matches(pattern, record)
