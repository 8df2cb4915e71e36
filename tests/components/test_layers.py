"""The layers that each tracing mode needs."""

from __future__ import annotations

import re
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from components.kinds import SettingError
from components.layers import PythonLayer, PythonLayerArgs
from components.settings import Target
from components.zips import PackagingError
from tests.components.conftest import Deploy, Deployed, Project

ROOT = Path(__file__).parents[2]
VERSION = "aws:lambda/layerVersion:LayerVersion"
FUNCTION = "aws:lambda/function:Function"


def attached(deployed: Deployed) -> list[str]:
    """Return the names of the layers that every function has, without what their ARNs have in common."""
    (arns,) = {tuple(function.inputs["layers"]) for function in deployed.all(FUNCTION)}
    names = [re.sub(r"(.*:layer)?:(?P<name>\w+):\d+$", r":\g<name>", arn).split(":")[-1] for arn in arns]
    return [name.removeprefix("traced-api-dev-") for name in names]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"tracing": "otel"}, ["AWSOpenTelemetryDistroPython", "tracing-library"]),
        ({"tracing": "otel", "otelLayer": "slim"}, ["tracing-slim", "tracing-library"]),
        ({"tracing": "native"}, ["tracing-native", "tracing-library"]),
        ({"tracing": "off"}, ["tracing-api", "tracing-library"]),
    ],
)
def test_a_mode_attaches_what_it_needs(
    project: Project, changed: dict[str, Any], expected: list[str]
) -> None:
    """Every function has what stands behind the OpenTelemetry API, then the tracing library."""
    assert attached(project.up(**changed)) == expected


@pytest.mark.parametrize("lock", ["slim", "native", "api"])
def test_a_locked_layer_is_the_kept_zip(project: Project, lock: str) -> None:
    """The zip handed to Pulumi is the finished one, named relative to the project."""
    mode: dict[str, Any] = {
        "slim": {"otelLayer": "slim"},
        "native": {"tracing": "native"},
        "api": {"tracing": "off"},
    }[lock]
    layer = project.up(**mode).one(VERSION, f"tracing-{lock}-version").inputs
    assert layer["code"].path.startswith(f".build/layers/{lock}-python3.13-arm64-")
    assert (project.directory / layer["code"].path).is_file()


def test_a_layer_says_what_it_was_built_for(project: Project) -> None:
    """Lambda refuses the layer for other runtimes and architectures."""
    layer = project.up(runtime="python3.12", architecture="x86_64").one(VERSION).inputs
    assert (layer["compatibleRuntimes"], layer["compatibleArchitectures"]) == (["python3.12"], ["x86_64"])


def test_the_adot_layer_is_the_regions_own(project: Project) -> None:
    """China is a partition of its own."""
    (arn, _) = project.up(region="cn-north-1").all(FUNCTION)[0].inputs["layers"]
    assert arn == "arn:aws-cn:lambda:cn-north-1:440179912924:layer:AWSOpenTelemetryDistroPython:14"


def test_a_region_without_adot_stops_the_program(project: Project) -> None:
    """The program ends with the plain error, before anything is created."""
    with pytest.raises(SettingError, match="no ADOT layer for Python in me-south-1"):
        project.up(region="me-south-1")


def test_the_slim_layer_serves_a_region_without_adot(project: Project) -> None:
    """A layer of our own needs no entry in AWS's table."""
    assert project.up(region="me-south-1", otelLayer="slim").all(FUNCTION)


def test_a_python_without_adot_needs_the_slim_layer(project: Project) -> None:
    """Lambda has Python 3.15 before ADOT has; slim and native serve it."""
    with pytest.raises(SettingError, match=r"no ADOT layer for python3\.15, .*; set otelLayer to slim"):
        project.up(runtime="python3.15")
    without: list[dict[str, Any]] = [{"otelLayer": "slim"}, {"tracing": "native"}]
    for changed in without:
        functions = project.up(runtime="python3.15", **changed).all(FUNCTION)
        assert {function.inputs["runtime"] for function in functions} == {"python3.15"}


def test_an_adot_layer_of_ones_own_is_used(project: Project) -> None:
    """The setting replaces the table's entry."""
    mine = "arn:aws:lambda:eu-west-1:123456789012:layer:mine:7"
    assert project.up(adotLayerArn=mine).all(FUNCTION)[0].inputs["layers"][0] == mine


@pytest.mark.parametrize("lock", ["slim", "native", "api"])
def test_a_layer_leaves_out_what_the_runtime_has(lock: str) -> None:
    """A second boto3 would cost cold start and could differ from the runtime's own."""
    text = (ROOT / "components" / "locks" / f"{lock}.lock").read_text()
    names = set(re.findall(r"^([a-z0-9-]+)==", text, re.MULTILINE))
    assert "opentelemetry-api" in names
    assert not names & {"boto3", "botocore", "s3transfer", "jmespath", "python-dateutil", "six", "urllib3"}


class TestBytecode:
    HERE = "python{}.{}".format(*sys.version_info)

    @pytest.fixture(autouse=True)
    def nowhere(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """The Python that runs this is the only one on the machine."""
        monkeypatch.setenv("PATH", "")
        monkeypatch.setenv("PYENV_ROOT", str(tmp_path))

    @property
    def other(self) -> str:
        return "python3.13" if self.HERE != "python3.13" else "python3.12"

    def library(self, deployed: Deployed) -> set[str]:
        """Return the kinds of file in the library's layer."""
        archive = deployed.one(VERSION, "tracing-library-version").inputs["code"].path
        with zipfile.ZipFile(archive) as opened:
            return {Path(name).suffix for name in opened.namelist()} - {".typed"}

    def test_the_first_deployment_decides(self, project: Project, caplog: pytest.LogCaptureFixture) -> None:
        """With a Python of the target there is bytecode, without there is none, and one line says so."""
        assert self.library(project.up(runtime=self.HERE)) == {".py", ".pyc"}
        assert caplog.messages == []
        assert self.library(project.up(runtime=self.other)) == {".py"}
        (message,) = caplog.messages
        assert message.startswith(
            f"the layers have no bytecode, as the stack's first deployment had no {self.other}"
        )

    def test_all_later_ones_follow(self, project: Project) -> None:
        """A laptop and the build server would else replace each other's layers on every update."""
        assert self.library(project.up(runtime=self.HERE, stashed=False)) == {".py"}

    def test_bytecode_that_cannot_be_made_here_is_refused(self, project: Project) -> None:
        """The error says how to have that Python, and how to go without."""
        with pytest.raises(
            PackagingError, match=r"have bytecode of .* uv python install .* pulumi state taint"
        ):
            project.up(runtime=self.other, stashed=True)


def test_a_layers_name_fits(deploy: Deploy, tmp_path: Path) -> None:
    """Lambda allows 140 characters."""
    archive = tmp_path / "layer.zip"
    archive.touch()
    args = PythonLayerArgs(archive, Target("python3.13", "arm64"), "A layer")
    layer = deploy(lambda: PythonLayer("x" * 90, args), stack="s" * 90).one(VERSION)
    assert len(layer.inputs["layerName"]) == 140
