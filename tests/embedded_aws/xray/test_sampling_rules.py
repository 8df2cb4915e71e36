from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from aws_xray_sdk.core.utils.search_pattern import wildcard_match
from hypothesis import given, settings
from hypothesis import strategies as st

from embedded_aws.aws.errors import InvalidRequestError
from embedded_aws.aws.interfaces import SamplingRequest
from embedded_aws.xray.sampling_rules import DEFAULT, Rule, check, wildcard_matches

REQUEST = SamplingRequest(
    service_name="traced-api/dev",
    service_type="AWS::ApiGateway::Stage",
    host="abc.execute-api.eu-west-1.amazonaws.com",
    method="GET",
    path="/orders/17",
    resource_arn="arn:aws:apigateway:eu-west-1::/restapis/abc/stages/dev",
    attributes={"X-Tenant": "Blue"},
)


def rule(**fields: Any) -> Rule:
    return Rule(**{"name": "r", "priority": 1, "fixed_rate": 0.5, "reservoir_size": 1, **fields})


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("*", "", True),
        ("*", "anything\nat all", True),
        ("", "", True),
        ("", "x", False),
        ("?", "x", True),
        ("?", "", False),
        ("?", "xy", False),
        ("/orders/*", "/orders/", True),
        ("/orders/*", "/ORDERS/17", True),
        ("/orders/*", "/order", False),
        ("*/17", "/orders/17", True),
        ("*a*a", "a", False),
        ("*a*a", "aa", True),
        ("a*b*c", "axxbyybc", True),
        ("a*bc", "abcbc", True),
        ("/o?ders/*7", "/orders/17", True),
        ("a.c", "abc", False),
        ("[a]", "a", False),
    ],
)
def test_wildcards(pattern: str, text: str, *, expected: bool) -> None:
    """`*` is any text, `?` one character, case does not matter, nothing else is special."""
    assert wildcard_matches(pattern, text) is expected


@settings(deadline=None)
@given(st.text("aAb*?", max_size=8), st.text("aAb", max_size=10))
def test_wildcards_agree_with_the_xray_sdk(pattern: str, text: str) -> None:
    """The SDK and the service must choose the same rule."""
    assert wildcard_matches(pattern, text) is wildcard_match(pattern, text)


def test_wildcards_do_not_backtrack() -> None:
    """A pattern of many stars answers on a long text; a backtracking matcher would not in a lifetime."""
    assert not wildcard_matches("*a" * 30 + "b", "a" * 5000)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"service_name": "traced-api/*"},
        {"service_type": "aws::apigateway::stage"},
        {"host": "*.amazonaws.com"},
        {"http_method": "G?T"},
        {"url_path": "/orders/*"},
        {"resource_arn": "*/stages/dev"},
        {"attributes": {"x-tenant": "bl*"}},
    ],
)
def test_a_rule_matches_when_all_its_patterns_do(fields: dict[str, Any]) -> None:
    """Each field on its own."""
    assert rule(**fields).matches(REQUEST)


@pytest.mark.parametrize(
    "fields",
    [
        {"service_name": "other"},
        {"service_type": "AWS::EC2::Instance"},
        {"host": "localhost"},
        {"http_method": "POST"},
        {"url_path": "/customers/*"},
        {"resource_arn": "arn:aws:lambda:*"},
        {"attributes": {"x-tenant": "red"}},
        {"attributes": {"x-other": "*"}},
        {"attributes": {"x-tenant": "blue", "x-other": "*"}},
    ],
)
def test_one_pattern_that_fails_is_enough(fields: dict[str, Any]) -> None:
    """An attribute that is not there matches nothing, not even `*`."""
    assert not rule(**fields).matches(REQUEST)


def test_the_default_rule_matches_everything() -> None:
    """One per second, then 5 %."""
    assert DEFAULT.matches(REQUEST)
    assert DEFAULT.matches(SamplingRequest("", "", "", "", ""))
    assert (DEFAULT.priority, DEFAULT.reservoir_size, DEFAULT.fixed_rate) == (10_000, 1, 0.05)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": ""}, "RuleName '' must have 1 to 32 characters"),
        ({"name": "n" * 33}, "RuleName"),
        ({"priority": 0}, "Priority 0 must be 1 to 9999"),
        ({"priority": 10_000}, "Priority 10000"),
        ({"fixed_rate": -0.1}, "FixedRate -0.1 must be 0 to 1"),
        ({"fixed_rate": 5}, "FixedRate 5 must be 0 to 1, as 0.05 for 5 %"),
        ({"fixed_rate": float("nan")}, "FixedRate nan"),
        ({"reservoir_size": -1}, "ReservoirSize -1"),
        ({"service_name": "x" * 65}, "ServiceName"),
        ({"service_type": "x" * 65}, "ServiceType"),
        ({"host": "x" * 65}, "Host"),
        ({"http_method": "x" * 11}, "HTTPMethod"),
        ({"url_path": "x" * 129}, "URLPath"),
        ({"resource_arn": "x" * 501}, "ResourceARN"),
        ({"attributes": {str(number): "x" for number in range(6)}}, "Attributes has 6 pairs; at most 5"),
        ({"attributes": {"k" * 33: "x"}}, "in Attributes must have 1 to 32 characters"),
        ({"attributes": {"k": ""}}, "in Attributes must have 1 to 32 characters"),
    ],
)
def test_values_that_aws_refuses(fields: dict[str, Any], message: str) -> None:
    """The error names the field, the value and what is allowed."""
    with pytest.raises(InvalidRequestError, match=message):
        check(rule(**fields))


def test_values_at_the_limits_pass() -> None:
    """The limits themselves are allowed."""
    limits = {"name": "n" * 32, "priority": 9999, "fixed_rate": 1, "reservoir_size": 0}
    patterns = {"service_name": "x" * 64, "host": "", "http_method": "x" * 10, "url_path": "x" * 128}
    attributes = {f"{number}" * 32: "v" * 32 for number in range(5)}
    check(rule(**limits, **patterns, resource_arn="x" * 500, attributes=attributes))
    check(dataclasses.replace(DEFAULT, fixed_rate=0.0))
