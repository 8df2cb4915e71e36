"""The language of event patterns: the cases of AWS's pages, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from embedded_aws.aws.event_patterns import ABSENT, EventPatternError, first_difference, matches, parse

EVENT = {
    "source": "shop.orders",
    "time": "2017-10-02T18:43:48Z",
    "resources": ["arn:a", "arn:b"],
    "detail": {
        "state": "running",
        "count": 3,
        "price": 300.0,
        "paid": True,
        "nothing": None,
        "empty": "",
        "file": "dir/image.PNG",
        "path": "/usr/lib/a*b",
        "ip": "10.0.0.17",
        "ip6": "2001:db8::1",
        "tags": ["red", "blue"],
        "items": [{"sku": "a", "size": 1}, {"sku": "b", "size": 2}],
        "deep": [[{"x": [1, 2]}]],
        "none": [],
        "object": {"leaf": 1},
    },
}


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        ({"state": ["running", "stopped"]}, True),
        ({"state": ["Running"]}, False),
        ({"state": ["running"], "count": [4]}, False),
        ({"price": [300]}, True),
        ({"count": ["3"]}, False),
        ({"paid": [True]}, True),
        ({"count": [True]}, False),
        ({"nothing": [None]}, True),
        ({"absent": [None]}, False),
        ({"empty": [""]}, True),
        ({"empty": [None]}, False),
        ({"tags": ["blue", "green"]}, True),
        ({"tags": ["green"]}, False),
        ({"items": {"sku": ["b"], "size": [2]}}, True),
        ({"items": {"sku": ["a"], "size": [2]}}, False),
        ({"deep": {"x": [2]}}, True),
        ({"none": ["x"]}, False),
        ({"state": [{"prefix": "run"}]}, True),
        ({"state": [{"prefix": "RUN"}]}, False),
        ({"state": [{"prefix": {"equals-ignore-case": "RUN"}}]}, True),
        ({"file": [{"suffix": ".png"}]}, False),
        ({"file": [{"suffix": {"equals-ignore-case": ".png"}}]}, True),
        ({"state": [{"equals-ignore-case": "RUNNING"}]}, True),
        ({"state": [{"anything-but": "stopped"}]}, True),
        ({"state": [{"anything-but": ["stopped", "running"]}]}, False),
        ({"count": [{"anything-but": [3]}]}, False),
        ({"count": [{"anything-but": ["3"]}]}, True),
        ({"absent": [{"anything-but": "x"}]}, False),
        ({"state": [{"anything-but": {"prefix": "run"}}]}, False),
        ({"state": [{"anything-but": {"prefix": ["a", "b"]}}]}, True),
        ({"file": [{"anything-but": {"suffix": [".PNG", ".gif"]}}]}, False),
        ({"state": [{"anything-but": {"equals-ignore-case": ["RUNNING"]}}]}, False),
        ({"path": [{"anything-but": {"wildcard": "*/lib/*"}}]}, False),
        ({"path": [{"anything-but": {"wildcard": ["*/bin/*", "*/etc/*"]}}]}, True),
        ({"tags": [{"anything-but": "red"}]}, True),
        ({"count": [{"numeric": ["=", 3]}]}, True),
        ({"count": [{"numeric": [">", 0, "<=", 3]}]}, True),
        ({"count": [{"numeric": [">", 3]}]}, False),
        ({"paid": [{"numeric": ["=", 1]}]}, False),
        ({"ip": [{"cidr": "10.0.0.0/24"}]}, True),
        ({"ip": [{"cidr": "10.0.1.0/24"}]}, False),
        ({"ip6": [{"cidr": "2001:db8::/32"}]}, True),
        ({"state": [{"cidr": "10.0.0.0/24"}]}, False),
        ({"state": [{"exists": True}]}, True),
        ({"state": [{"exists": False}]}, False),
        ({"absent": [{"exists": False}]}, True),
        ({"absent": {"inner": [{"exists": False}]}}, True),
        ({"object": [{"exists": True}]}, False),
        ({"nothing": [{"exists": True}]}, True),
        ({"file": [{"wildcard": "dir/*.PNG"}]}, True),
        ({"file": [{"wildcard": "dir/*.png"}]}, False),
        ({"path": [{"wildcard": "*/a\\*b"}]}, True),
        ({"path": [{"wildcard": "*/a\\*"}]}, False),
        ({"$or": [{"state": ["stopped"]}, {"count": [{"numeric": ["<", 10]}]}]}, True),
        ({"$or": [{"state": ["stopped"]}, {"count": [4]}]}, False),
        ({"paid": [True], "$or": [{"state": ["running"]}, {"count": [4]}]}, True),
    ],
)
def test_patterns(*, detail: Any, expected: bool) -> None:
    """An event fits when each field of the pattern has one of its values.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
    """
    assert matches(parse(json.dumps({"detail": detail})), EVENT) is expected


@pytest.mark.parametrize(
    ("detail", "pattern", "expected"),
    [
        ({"state": {"status": "on"}}, {"state.status": ["on"]}, True),
        ({"state.status": "on"}, {"state": {"status": ["on"]}}, True),
        ({"state.status": "on"}, {"state.status": ["on"]}, True),
        ({"state.status": "on"}, {"state.status": [{"exists": False}]}, False),
        ({"state.status": "on", "state": {"code": 1}}, {"state": {"status": ["on"], "code": [1]}}, True),
        ({"a.b.c": "on"}, {"a": {"b.c": ["on"]}}, True),
        ({"state": [{"status": "off"}, {"status": "on"}]}, {"state.status": ["on"]}, True),
        ({"state": {"status": "on"}}, {"state.status": {"status": ["on"]}}, False),
        ({"state.status": {"status": "on"}}, {"state": {"status": ["on"]}}, False),
    ],
)
def test_fields_are_joined_with_dots(*, detail: Any, pattern: Any, expected: bool) -> None:
    """A field with dots in its name is one with its path, in the pattern and in the event.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern.html
    """
    wanted = parse(json.dumps({"detail": pattern}))
    assert matches(wanted, {"detail": detail}) is expected


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("{", "it is not JSON"),
        ("[]", "expected an object of fields"),
        ('{"a": "b"}', "field 'a' must be a list or an object"),
        ('{"a": []}', "field 'a' must not be an empty list"),
        ('{"a": {}}', "field 'a' must not be an empty object"),
        ('{"a": [["b"]]}', "field 'a' has"),
        (json.dumps({"." * 1000: ["b"]}), "more than 100 levels"),
        (json.dumps({"." * 60: {"." * 60: ["b"]}}), "more than 100 levels"),
        ('{"a": [{"like": "b"}]}', "field 'a' uses 'like'; supported are anything-but, cidr"),
        ('{"a": [{"prefix": "b", "suffix": "c"}]}', "field 'a' uses 'prefix'"),
        ('{"a": [{"prefix": 1}]}', "prefix takes a text"),
        ('{"a": [{"numeric": [">"]}]}', "numeric takes pairs"),
        ('{"a": [{"numeric": [">", 5, "<", 1]}]}', "from bottom to top"),
        ('{"a": [{"numeric": [[], 5]}]}', "numeric takes pairs"),
        ('{"a": [{"exists": "yes"}]}', "exists takes true or false"),
        ('{"a": [{"cidr": "10.0.0.0/99"}]}', "cidr takes a range"),
        ('{"a": [{"wildcard": "a**b"}]}', "without consecutive wildcards"),
        ('{"a": [{"anything-but": {"numeric": ["=", 1]}}]}', "anything-but takes of"),
        ('{"a": [{"anything-but": {"wildcard": "a**b"}}]}', "without consecutive wildcards"),
        ('{"a": [{"anything-but": {"wildcard": ["a", "b**"]}}]}', "without consecutive wildcards"),
        ('{"a": [{"anything-but": {"prefix": ""}}]}', "anything-but takes of"),
        ('{"a": [{"anything-but": ["b", 1]}]}', "a list of texts or of numbers"),
        ('{"$or": {"a": [1]}}', "expected an object of fields"),
    ],
)
def test_a_wrong_pattern_is_named(pattern: str, message: str) -> None:
    """A pattern that AWS would refuse is an error that says what is wrong with it."""
    with pytest.raises(EventPatternError, match=message):
        parse(pattern)


def test_long_lists_are_not_compared_pair_by_pair() -> None:
    """Of many wanted values and many sent ones, none is compared with all others."""
    compared = 0

    class Counted(str):
        __slots__ = ()

        def __eq__(self, other: object) -> bool:
            nonlocal compared
            compared += 1
            return str.__eq__(self, other)

        __hash__ = str.__hash__

    wanted, sent = [Counted(n) for n in range(300)], [Counted(-n) for n in range(1, 300)]
    assert not matches({"a": wanted}, {"a": sent})
    assert matches({"a": wanted}, {"a": [*sent, Counted(7)]})
    assert compared < 1000


@pytest.mark.parametrize(
    ("pattern", "difference"),
    [
        ({"source": ["shop.orders"], "detail": {"count": [3]}}, None),
        ({"source": ["bank"], "detail": {"count": [4]}}, ("source", ["bank"], "shop.orders")),
        ({"detail": {"state": ["stopped"]}}, ("detail.state", ["stopped"], "running")),
        ({"detail": {"absent": {"deep": [1]}}}, ("detail.absent.deep", [1], ABSENT)),
        ({"detail": {"nothing": [{"exists": False}]}}, ("detail.nothing", [{"exists": False}], None)),
        ({"detail.count": [{"numeric": [">", 3]}]}, ("detail.count", [{"numeric": [">", 3]}], 3)),
        ({"detail": {"items": {"sku": ["c"]}}}, ("detail.items.sku", ["c"], "a")),
        (
            {"$or": [{"source": ["a"]}, {"source": ["b"]}]},
            ("$or", [{"source": ["a"]}, {"source": ["b"]}], ABSENT),
        ),
        (
            {"detail": {"items": {"sku": ["a"], "size": [2]}}},
            ("detail.items", {"sku": ["a"], "size": [2]}, [{"sku": "a", "size": 1}, {"sku": "b", "size": 2}]),
        ),
    ],
)
def test_the_first_field_that_does_not_fit_is_named(pattern: Any, difference: Any) -> None:
    """With what the pattern wants and what the event has there; of a list, where no one element fits."""
    assert first_difference(parse(json.dumps(pattern)), EVENT) == difference
