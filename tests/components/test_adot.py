"""The table of ADOT layers."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from components.adot import PUBLISHED, RELEASE, adot_layer_arn
from components.kinds import SettingError
from components.settings import LAYER_VERSION_ARN

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "embedded_aws" / "awslambda" / "runtime" / "locks" / "adot.lock"
MINE = "arn:aws:lambda:me-south-1:123456789012:layer:mine:7"


@pytest.mark.parametrize("region", PUBLISHED)
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
    assert all(known in str(error.value) for known in PUBLISHED)
    assert "set otelLayer to slim, or adotLayerArn" in str(error.value)


def test_an_override_wins() -> None:
    """A layer version of one's own serves any region."""
    assert adot_layer_arn("me-south-1", MINE) == MINE


def test_an_override_in_another_region_is_refused() -> None:
    """Lambda loads layers from its own region only, so this fails before it is deployed."""
    with pytest.raises(SettingError, match="must be the ARN of a layer version in eu-west-1"):
        adot_layer_arn("eu-west-1", MINE)


def test_the_layer_built_here_is_of_the_release_that_is_deployed() -> None:
    """The lock of the embedded AWS has the packages of the release whose ARNs the program deploys."""
    locked = dict(re.findall(r"^([\w-]+)==(\S+)", LOCK.read_text(), re.MULTILINE))
    assert locked["aws-opentelemetry-distro"] == RELEASE
    assert f"whose ARNs are deployed ({RELEASE})" in (ROOT / "README.md").read_text()


def test_the_lock_has_what_aws_leaves_in_the_layer() -> None:
    """AWS builds it without gRPC, system metrics and urllib3, which the runtime has, and for one Python."""
    text = LOCK.read_text()
    locked = {name for name, _ in re.findall(r"^([\w-]+)==(\S+)", text, re.MULTILINE)}
    gone = {"grpcio", "opentelemetry-exporter-otlp-proto-grpc", "psutil", "urllib3"}
    assert locked & gone == set()
    assert "python_full_version" not in text


def refresh(record: Path, table: Path) -> subprocess.CompletedProcess[str]:
    script = ROOT / "locks" / "adot.py"
    command = [sys.executable, str(script), "0.99.0", "2027-01-31", "--table", str(table)]
    return subprocess.run(
        [*command, "--record", str(record)], capture_output=True, text=True, check=False, cwd=record.parent
    )


def test_a_new_release_is_recorded_from_the_published_table(tmp_path: Path) -> None:
    """One command takes the ARNs of Python's layer, and no other's, with release, day and source."""
    layer = "arn:aws:lambda:eu-west-1:615299751070:layer:AWSOpenTelemetryDistro"
    table = tmp_path / "lambdaLayerArns.js"
    table.write_text(f'''"eu-west-1": "{layer}Python:41",\n"eu-west-1": "{layer}Js:7"''')
    assert refresh(tmp_path / "adot.json", table).stderr == ""
    told = json.loads((tmp_path / "adot.json").read_text())
    assert (told["release"], told["built"]) == ("0.99.0", "2027-01-31")
    assert told["layers"] == {"eu-west-1": f"{layer}Python:41"}


def test_a_table_without_the_layer_is_refused(tmp_path: Path) -> None:
    """The record stays as it is when AWS moves its page."""
    table = tmp_path / "moved.html"
    table.write_text("<html>Moved</html>")
    done = refresh(tmp_path / "adot.json", table)
    assert done.returncode == 1
    assert "moved.html: the table names no layer AWSOpenTelemetryDistroPython" in done.stderr
    assert not (tmp_path / "adot.json").exists()
