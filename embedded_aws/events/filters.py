"""Filter criteria of event source mappings: which records reach the function.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from embedded_aws.aws.parsing import read_json

_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_OPERATORS = ("anything-but", "equals-ignore-case", "exists", "numeric", "prefix", "suffix")

Pattern = Mapping[str, Any]


class FilterError(ValueError):
    """A pattern is not valid, or uses an operator that is not supported."""


def parse_patterns(criteria: Mapping[str, Any] | None) -> tuple[Pattern, ...]:
    """Read `FilterCriteria`; raises `FilterError` naming what is wrong."""
    patterns = []
    for item in (criteria or {}).get("Filters") or ():
        text = item.get("Pattern", "{}")
        try:
            pattern = read_json(text)
        except ValueError as error:
            raise FilterError(f"filter pattern {text!r} is not JSON: {error}") from error
        _check(pattern, text)
        patterns.append(pattern)
    return tuple(patterns)


def matches(patterns: Sequence[Pattern], record: Mapping[str, Any]) -> bool:
    """Tell whether a record passes any of the patterns; without patterns every record does.

    A body that is JSON text is matched as JSON when the pattern looks into it.
    """
    return not patterns or any(_matches_record(pattern, record) for pattern in patterns)


def _matches_record(pattern: Pattern, record: Mapping[str, Any]) -> bool:
    if isinstance(pattern.get("body"), dict):
        try:
            record = {**record, "body": read_json(record["body"])}
        except ValueError:
            return False
    return _matches_object(pattern, record)


def _matches_object(pattern: Pattern, value: Any) -> bool:
    for key, wanted in pattern.items():
        if key == "$or":
            if not any(_matches_object(choice, value) for choice in wanted):
                return False
            continue
        present = isinstance(value, dict) and key in value
        actual = value[key] if present else None
        if isinstance(wanted, dict):
            if not present or not _matches_object(wanted, actual):
                return False
        elif not any(_matches_rule(rule, actual, present=present) for rule in wanted):
            return False
    return True


def _matches_rule(rule: Any, actual: Any, *, present: bool) -> bool:
    if isinstance(actual, list):
        return any(_matches_rule(rule, item, present=present) for item in actual)
    if not isinstance(rule, dict):
        return present and type(rule) is type(actual) and rule == actual
    name, operand = next(iter(rule.items()))
    if name == "exists":
        return present is bool(operand)
    return present and _matches_operator(name, operand, actual)


def _matches_operator(name: str, operand: Any, actual: Any) -> bool:
    if name == "anything-but":
        refused = operand if isinstance(operand, list) else [operand]
        return not any(_matches_rule(rule, actual, present=True) for rule in refused)
    if name == "numeric":
        return _matches_number(operand, actual)
    if not isinstance(actual, str):
        return False
    if name == "prefix":
        return actual.startswith(str(operand))
    if name == "suffix":
        return actual.endswith(str(operand))
    return actual.lower() == str(operand).lower()


def _matches_number(operand: Sequence[Any], actual: Any) -> bool:
    if isinstance(actual, bool) or not isinstance(actual, (int, float)):
        return False
    pairs = zip(operand[::2], operand[1::2], strict=True)
    return all(_COMPARISONS[sign](actual, number) for sign, number in pairs)


def _check(pattern: Any, text: str) -> None:
    if not isinstance(pattern, dict):
        raise FilterError(f"filter pattern {text!r}: expected an object of fields")
    for key, wanted in pattern.items():
        if key == "$or":
            for choice in wanted if isinstance(wanted, list) else [None]:
                _check(choice, text)
        elif isinstance(wanted, dict):
            _check(wanted, text)
        elif isinstance(wanted, list):
            for rule in wanted:
                _check_rule(rule, key, text)
        else:
            raise FilterError(f"filter pattern {text!r}: field {key!r} must be a list or an object")


def _check_rule(rule: Any, key: str, text: str) -> None:
    if not isinstance(rule, dict):
        return
    name, operand = next(iter(rule.items()), ("", None))
    if len(rule) != 1 or name not in _OPERATORS:
        raise FilterError(
            f"filter pattern {text!r}: field {key!r} uses {name!r}; supported are {', '.join(_OPERATORS)}"
        )
    if name == "numeric":
        pairs = operand if isinstance(operand, list) else []
        if not pairs or len(pairs) % 2 or any(sign not in _COMPARISONS for sign in pairs[::2]):
            raise FilterError(f"filter pattern {text!r}: numeric takes pairs such as ['>', 1, '<=', 5]")
