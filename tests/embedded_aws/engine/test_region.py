from __future__ import annotations

from typing import Any

import pytest

from embedded_aws.engine.errors import EngineError
from embedded_aws.engine.region import choose_region, default_tags


@pytest.mark.parametrize(("config", "environment", "region"), [
    ({"aws:region": "eu-west-1"}, {"AWS_REGION": "us-west-2"}, "eu-west-1"),
    ({}, {"AWS_REGION": "us-west-2", "AWS_DEFAULT_REGION": "eu-west-3"}, "us-west-2"),
    ({}, {"AWS_DEFAULT_REGION": "eu-west-3"}, "eu-west-3"),
    ({}, {}, "us-east-1"),
    ({"aws:region": "cn-north-1"}, {}, "cn-north-1"),
])  # fmt: skip
def test_region_comes_from_config_then_environment(
    config: dict[str, str], environment: dict[str, str], region: str
) -> None:
    """aws:region wins over the variables of the AWS SDKs; us-east-1 is the last resort."""
    assert choose_region(config, environment) == region


def test_unknown_region_is_refused() -> None:
    """A mistyped region names the close ones."""
    with pytest.raises(EngineError, match="no AWS region 'eu-wset-1'; did you mean eu-west-1"):
        choose_region({"aws:region": "eu-wset-1"}, {})


@pytest.mark.parametrize("value", [{"tags": {"team": "a"}}, '{"tags": {"team": "a"}}'])
def test_default_tags_may_be_text_or_mapping(value: Any) -> None:
    """aws:defaultTags is an object in YAML and JSON on the command line."""
    assert default_tags({"aws:defaultTags": value}) == {"team": "a"}
