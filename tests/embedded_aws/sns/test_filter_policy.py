"""Which messages a subscription takes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from embedded_aws.aws.event_patterns import parse
from embedded_aws.sns.filter_policy import takes

ATTRIBUTES = {
    "store": {"Type": "String", "Value": "example_corp"},
    "interests": {"Type": "String.Array", "Value": '["soccer", "rugby", true, null, 7]'},
    "price": {"Type": "Number", "Value": "210.75"},
    "count": {"Type": "Number", "Value": "100.0"},
    "secret": {"Type": "Binary", "Value": "eA=="},
}
BODY = json.dumps({"order": {"kind": "book", "lines": [{"price": 3}]}, "store": "other"})


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({"store": ["example_corp"]}, True),
        ({"store": ["Example_corp"]}, False),
        ({"store": ["example_corp"], "price": [{"numeric": [">=", 100]}]}, True),
        ({"price": [{"numeric": ["=", 210.75]}]}, True),
        ({"count": [100]}, True),
        ({"interests": ["rugby"]}, True),
        ({"interests": [7]}, True),
        ({"interests": [{"anything-but": ["rugby", "soccer", "tennis"]}]}, True),
        ({"store": [{"prefix": "example"}]}, True),
        ({"store": [{"suffix": "_inc"}]}, False),
        ({"absent": [{"exists": False}]}, True),
        ({"secret": ["eA=="]}, False),
        ({"$or": [{"store": ["x"]}, {"price": [{"numeric": ["<", 300]}]}]}, True),
    ],
)
def test_policies_on_attributes(*, policy: Any, expected: bool) -> None:
    """Each attribute that a policy names must have one of its values; binary ones are not seen.

    https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html
    """
    assert takes(parse(json.dumps(policy)), "MessageAttributes", BODY, ATTRIBUTES) is expected


@pytest.mark.parametrize(
    ("policy", "body", "expected"),
    [
        ({"order": {"kind": ["book"]}}, BODY, True),
        ({"order": {"lines": {"price": [3]}}}, BODY, True),
        ({"store": ["example_corp"]}, BODY, False),
        ({"store": ["example_corp"]}, "no json", False),
        ({"store": [{"exists": False}]}, "[]", False),
    ],
)
def test_policies_on_the_body(*, policy: Any, body: str, expected: bool) -> None:
    """With the scope MessageBody a policy looks into the text, which must be a JSON object."""
    assert takes(parse(json.dumps(policy)), "MessageBody", body, ATTRIBUTES) is expected


def test_without_policy_everything_is_taken() -> None:
    """A subscription without policy gets every message."""
    assert takes(None, "MessageAttributes", "x", {})
