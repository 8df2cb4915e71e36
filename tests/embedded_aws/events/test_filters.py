from __future__ import annotations

import json
from typing import Any

import pytest

from embedded_aws.events.filters import FilterError, matches, parse_patterns

RECORD = {
    "body": json.dumps({"kind": "Order", "price": 5, "tags": ["a", "b"], "deep": {"x": None}}),
    "messageId": "1",
}


def passes(pattern: Any) -> bool:
    return matches(parse_patterns({"Filters": [{"Pattern": json.dumps(pattern)}]}), RECORD)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ({"body": {"kind": ["Order"]}}, True),
        ({"body": {"kind": ["order"]}}, False),
        ({"body": {"kind": ["x", "Order"], "price": [5]}}, True),
        ({"body": {"kind": ["Order"], "price": [6]}}, False),
        ({"body": {"price": [True]}}, False),
        ({"body": {"tags": ["b"]}}, True),
        ({"body": {"deep": {"x": [None]}}}, True),
        ({"body": {"absent": [{"exists": False}]}}, True),
        ({"body": {"kind": [{"exists": False}]}}, False),
        ({"body": {"kind": [{"prefix": "Or"}]}}, True),
        ({"body": {"kind": [{"suffix": "er"}]}}, True),
        ({"body": {"kind": [{"equals-ignore-case": "ORDER"}]}}, True),
        ({"body": {"kind": [{"anything-but": ["Order"]}]}}, False),
        ({"body": {"kind": [{"anything-but": "Bill"}]}}, True),
        ({"body": {"price": [{"numeric": [">", 1, "<=", 5]}]}}, True),
        ({"body": {"price": [{"numeric": ["<", 5]}]}}, False),
        ({"body": {"kind": [{"numeric": ["=", 5]}]}}, False),
        ({"body": {"$or": [{"kind": ["x"]}, {"price": [5]}]}}, True),
        ({"body": {"kind": {"nested": ["x"]}}}, False),
        ({"messageId": ["1"]}, True),
    ],
)
def test_patterns(*, pattern: Any, expected: bool) -> None:
    """A record passes when every field of the pattern matches one of its values."""
    assert passes(pattern) is expected


def test_without_patterns_everything_passes() -> None:
    """A mapping without filter takes every record."""
    assert matches(parse_patterns(None), RECORD)


def test_one_of_several_patterns_is_enough() -> None:
    """Filters are alternatives."""
    patterns = parse_patterns(
        {"Filters": [{"Pattern": '{"messageId":["9"]}'}, {"Pattern": '{"messageId":["1"]}'}]}
    )
    assert matches(patterns, RECORD)


def test_a_body_that_is_not_json_does_not_match_a_json_pattern() -> None:
    """A plain text body is left out by a pattern that looks into the body."""
    assert not matches(parse_patterns({"Filters": [{"Pattern": '{"body":{"a":[1]}}'}]}), {"body": "text"})


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("{", "is not JSON"),
        ("[]", "expected an object of fields"),
        ('{"a": 1}', "field 'a' must be a list or an object"),
        ('{"a": [{"cidr": "10.0.0.0/8"}]}', "field 'a' uses 'cidr'; supported are"),
        ('{"a": [{"numeric": [">"]}]}', "numeric takes pairs"),
        ('{"$or": [1]}', "expected an object of fields"),
    ],
)
def test_a_wrong_pattern_is_named(pattern: str, message: str) -> None:
    """A pattern that cannot be used is an error that says what is wrong with it."""
    with pytest.raises(FilterError, match=message.replace("$", r"\$")):
        parse_patterns({"Filters": [{"Pattern": pattern}]})
