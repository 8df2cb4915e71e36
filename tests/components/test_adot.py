"""The table of ADOT layers."""

from __future__ import annotations

import re

import pytest

from components.adot import _PUBLISHED, adot_layer_arn
from components.kinds import SettingError
from components.settings import LAYER_VERSION_ARN

MINE = "arn:aws:lambda:me-south-1:123456789012:layer:mine:7"


@pytest.mark.parametrize("region", _PUBLISHED)
def test_a_row_is_the_arn_of_a_layer_version(region: str) -> None:
    """Every region's ARN has the right shape, region and partition."""
    arn = adot_layer_arn(region)
    match = re.fullmatch(LAYER_VERSION_ARN, arn)
    assert match is not None
    assert match["region"] == region
    assert arn.startswith("arn:aws-cn:") == region.startswith("cn-")


def test_the_table_is_what_aws_publishes() -> None:
    """One row, read off the published list."""
    assert (
        adot_layer_arn("us-east-1")
        == "arn:aws:lambda:us-east-1:615299751070:layer:AWSOpenTelemetryDistroPython:29"
    )


@pytest.mark.parametrize("region", ["me-south-1", "us-gov-west-1", "mars-west-1"])
def test_a_region_without_a_layer_lists_those_with_one(region: str) -> None:
    """The error names the region, every valid choice and both ways out."""
    with pytest.raises(SettingError, match=f"no ADOT layer for Python in {region}") as error:
        adot_layer_arn(region)
    assert all(known in str(error.value) for known in _PUBLISHED)
    assert "set otelLayer to slim, or adotLayerArn" in str(error.value)


def test_an_override_wins() -> None:
    """A layer version of one's own serves any region."""
    assert adot_layer_arn("me-south-1", MINE) == MINE


def test_an_override_in_another_region_is_refused() -> None:
    """Lambda loads layers from its own region only, so this fails before it is deployed."""
    with pytest.raises(SettingError, match="must be the ARN of a layer version in eu-west-1"):
        adot_layer_arn("eu-west-1", MINE)
